package sender

import (
	"context"

	"mxrules.example/envelope"
)

// Result describes the mail servers of a sender's domain. A *Result is the Detail of
// every finding of MXUsable except Pending and None; it belongs to that finding alone.
type Result struct {
	// Domain is the domain of the sender.
	Domain envelope.Host `json:"domain"`
	// Implicit reports whether the domain has no MX record and so is its own mail
	// server (RFC 5321, section 5.1).
	Implicit bool `json:"implicit"`
	// Usable is the first host that mail can be sent to, "" if there is none.
	Usable envelope.Host `json:"usable"`
	// Bad are the hosts before it that mail can't be sent to. It is never nil.
	Bad []BadMX `json:"bad"`
	// Unknown are the hosts before it for which a lookup failed. It is never nil.
	Unknown []envelope.Host `json:"unknown"`
	// Cut reports whether there are more than ten different hosts. Those after the
	// tenth are ignored.
	Cut bool `json:"cut"`
}

// BadMX is a host that mail can't be sent to.
type BadMX struct {
	// Host is the host of the MX record without its final dot, as clean text.
	Host string `json:"host"`
	// Reason is what is wrong with it: "has no address", "is an address, not a host
	// name".
	Reason string `json:"reason"`
}

// mailServers looks up the MX records of a domain. It returns no hosts for a null MX
// and for an empty domain.
func mailServers(ctx context.Context, r envelope.Resolver, domain envelope.Host) (*Result, []mailHost, error) {
	result := &Result{Domain: domain, Bad: []BadMX{}, Unknown: []envelope.Host{}}
	if domain == "" {
		return result, nil, nil
	}
	var hosts []mailHost
	records, err := envelope.LookupMX(ctx, r, string(domain))
	switch {
	case envelope.NotFound(err):
		result.Implicit = true
		return result, []mailHost{{text: string(domain), name: domain}}, nil
	case err != nil || envelope.IsNullMX(records):
		return result, nil, err
	}
	hosts, result.Cut = readMXs(records)
	return result, hosts, nil
}

// fault is what is wrong with a host, or the error that keeps it from being known. The
// zero value is no fault.
type fault struct {
	reason string
	err    error
}

// inspection asks DNS for one kind of fault of a host.
type inspection func(ctx context.Context, r envelope.Resolver, host envelope.Host) fault

// inspect inspects hosts up to the first without a fault. The error is that of the
// first lookup that failed.
func (result *Result) inspect(ctx context.Context, r envelope.Resolver, hosts []mailHost, inspect inspection) (failure error) {
	for host, found := range envelope.Concurrently(ctx, hosts, func(ctx context.Context, host mailHost) fault {
		if host.fault != "" {
			return fault{reason: host.fault}
		}
		return inspect(ctx, r, host.name)
	}) {
		switch {
		case found.err != nil:
			result.Unknown = append(result.Unknown, host.name)
			if failure == nil {
				failure = found.err
			}
		case found.reason != "":
			result.Bad = append(result.Bad, BadMX{Host: excerpt(host.text), Reason: found.reason})
		default:
			result.Usable = host.name
			return failure
		}
	}
	return failure
}

// listed is how many hosts a text has. The others are only counted.
const listed = 3

// finding returns the finding after inspect returned failure. The format is the
// beginning of the text and takes the domain.
func (result *Result) finding(check string, failure error, format string) envelope.Finding {
	switch {
	case result.Usable != "":
		return envelope.Passed(check)
	case failure != nil:
		return envelope.Temporary(check, failure)
	}
	args := []any{result.Domain}
	if result.Implicit {
		format += "it has no MX record, and "
	}
	for i, bad := range result.Bad[:min(len(result.Bad), listed)] {
		if i > 0 {
			format += "; "
		}
		format += "%s %s"
		args = append(args, bad.Host, bad.Reason)
	}
	if more := len(result.Bad) - listed; more > 0 {
		format += "; and %d more"
		args = append(args, more)
	}
	if result.Cut {
		format += " (only the first %d were checked)"
		args = append(args, maxHosts)
	}
	return envelope.Failed(check, noSuchDomain, format, args...)
}

// Explain returns for verdict.Verdict.Explain the usable host, and what is wrong with
// those before it.
func (result *Result) Explain() []string {
	var lines []string
	if result.Usable != "" {
		lines = append(lines, string(result.Usable)+" takes the mail of "+string(result.Domain))
	}
	for _, bad := range result.Bad {
		lines = append(lines, "not usable: "+bad.Host+" "+bad.Reason)
	}
	for _, host := range result.Unknown {
		lines = append(lines, "not known: "+string(host))
	}
	return lines
}
