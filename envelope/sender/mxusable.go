package sender

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/internal/addressspace"
)

// maxHosts is how many hosts of an answer are checked. An attacker controls the answer,
// and each host may cost three lookups.
const maxHosts = 10

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
	// Reason is what is wrong with it: "has no address", "is an alias of
	// mail.example.net".
	Reason string `json:"reason"`
}

// MXUsable passes when mail can be sent to the domain of the sender: one of its
// MX records names a host by its own name, with an address that is the public
// Internet's. A host can't be used if it is
//   - an IP address or not a host name (RFC 5321, section 5.1),
//   - an alias (RFC 5321, section 5.1; RFC 2181, section 10.3),
//   - without an address,
//   - only at addresses that are not public, such as those of private
//     networks (RFC 6890).
//
// A domain without an MX record is its own mail server. The same holds for it, except
// that it may be an alias (RFC 5321, section 5.1). Ten different hosts are checked, in
// the order of their preference. One usable host is enough. If there is none and a
// lookup failed, MXUsable is a TempError.
//
// None: the null sender, an address literal, a sender that does not parse, and a
// domain whose only MX record is null (see TakesMail).
//
// DNS: MX, then A, AAAA and CNAME for all hosts together, at most 31 questions.
// Answers that come without waiting save questions: AAAA if an A record is
// usable, CNAME if no address is, and hosts after the first that is good.
//
// Status: 550 5.1.8.
func MXUsable(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "sender.mxusable"
	if !e.Reached(envelope.Mail) {
		return envelope.NotYet(check, envelope.Mail)
	}
	result := &Result{Domain: domainOf(e), Bad: []BadMX{}, Unknown: []envelope.Host{}}
	if result.Domain == "" {
		return envelope.NotApplicable(check)
	}
	var hosts []mailHost
	records, err := envelope.LookupMX(ctx, r, string(result.Domain))
	switch {
	case envelope.NotFound(err):
		result.Implicit, hosts = true, []mailHost{{text: string(result.Domain), name: result.Domain}}
	case err != nil:
		return envelope.Temporary(check, err).With(result)
	case envelope.IsNullMX(records):
		return envelope.NotApplicable(check)
	default:
		hosts, result.Cut = readMXs(records)
	}
	switch err := result.look(ctx, r, hosts); {
	case result.Usable != "":
		return envelope.Passed(check).With(result)
	case err != nil:
		return envelope.Temporary(check, err).With(result)
	}
	return unusable(check, result)
}

// look checks hosts up to the first that is usable. The error is that of the first
// lookup that failed.
func (result *Result) look(ctx context.Context, r envelope.Resolver, hosts []mailHost) (failure error) {
	inspections := []inspection{addressFault, aliasFault}
	if result.Implicit {
		inspections = inspections[:1]
	}
	for host, found := range envelope.Concurrently(ctx, hosts, func(ctx context.Context, host mailHost) fault {
		return host.look(ctx, r, inspections)
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

// fault is what keeps a host from being usable, or the error that keeps it from
// being known. The zero value is no fault.
type fault struct {
	reason string
	err    error
}

// inspection asks DNS for one kind of fault of a host.
type inspection func(ctx context.Context, r envelope.Resolver, host envelope.Host) fault

// look returns the first fault that the inspections find.
func (h mailHost) look(ctx context.Context, r envelope.Resolver, inspections []inspection) fault {
	if h.fault != "" {
		return fault{reason: h.fault}
	}
	for _, found := range envelope.Concurrently(ctx, inspections, func(ctx context.Context, inspect inspection) fault {
		return inspect(ctx, r, h.name)
	}) {
		if found.reason != "" || found.err != nil {
			return found
		}
	}
	return fault{}
}

// nullMX is the host of a null MX record.
const nullMX = "."

// mailHost is the host of an MX record: its text, and its name or the reason why it is
// not a host name.
type mailHost struct {
	text  string
	name  envelope.Host
	fault string
}

// readMXs returns the first ten different hosts of MX records, and whether
// there are more.
func readMXs(records []*net.MX) (hosts []mailHost, cut bool) {
	for _, mx := range records {
		host := mailHost{text: mx.Host}
		host.name, host.fault = readMX(mx.Host)
		if slices.ContainsFunc(hosts, host.same) {
			continue
		}
		if len(hosts) == maxHosts {
			return hosts, true
		}
		hosts = append(hosts, host)
	}
	return hosts, false
}

// same reports whether two hosts are equal: by name, or by text without a name.
func (h mailHost) same(other mailHost) bool {
	return h.name == other.name && (h.name != "" || h.text == other.text)
}

// readMX parses the host of an MX record. The fault says why it is not a host name.
func readMX(text string) (name envelope.Host, fault string) {
	switch _, err := netip.ParseAddr(strings.Trim(text, "[].")); {
	case text == nullMX: // beside others: a single one is never checked
		return "", "is a null MX beside others (RFC 7505, section 3)"
	case err == nil:
		return "", "is an address, not a host name"
	}
	// DNS has A-labels; U-labels are only for display (RFC 5890, section 2.3.2.1).
	if !envelope.IsASCII(text) {
		return "", "is not a host name: it is not ASCII"
	}
	name, err := envelope.ParseHost(text)
	if err != nil {
		return "", "is not a host name: it " + err.(*envelope.SyntaxError).Reason
	}
	return name, ""
}

// addressFault finds what is wrong with the addresses of a host.
func addressFault(ctx context.Context, r envelope.Resolver, host envelope.Host) fault {
	type answer struct {
		addrs []netip.Addr
		err   error
	}
	var all answer
	for _, a := range envelope.Concurrently(ctx, []string{"ip4", "ip6"}, func(ctx context.Context, network string) (a answer) {
		a.addrs, a.err = envelope.LookupIP(ctx, r, network, string(host))
		return a
	}) {
		switch {
		case slices.ContainsFunc(a.addrs, isPublic):
			return fault{}
		case a.err != nil && !envelope.NotFound(a.err) && all.err == nil:
			all.err = a.err
		}
		all.addrs = append(all.addrs, a.addrs...)
	}
	switch {
	case all.err != nil:
		return fault{err: all.err}
	case len(all.addrs) == 0:
		return fault{reason: "has no address"}
	}
	block := addressspace.Of(all.addrs[0])
	return fault{reason: fmt.Sprintf("has the address %s, which is not public (%s, %s)", all.addrs[0], block.Name, block.Source)}
}

func isPublic(addr netip.Addr) bool { return addressspace.Of(addr).GloballyReachable }

// aliasFault finds whether a host is an alias. A name without any record is none:
// addressFault finds what is wrong with it.
func aliasFault(ctx context.Context, r envelope.Resolver, host envelope.Host) fault {
	end, err := envelope.LookupCNAME(ctx, r, string(host))
	switch {
	case envelope.NotFound(err):
		return fault{}
	case err != nil:
		return fault{err: err}
	}
	switch name, err := envelope.ParseHost(end); {
	case err != nil:
		return fault{reason: "is an alias of an invalid host name"}
	case name != host:
		return fault{reason: "is an alias of " + string(name)}
	}
	return fault{}
}

// listed is how many hosts a text has. The others are only counted.
const listed = 3

// unusable is the finding that none of the hosts is usable.
func unusable(check string, result *Result) envelope.Finding {
	format, args := "the domain %s of the sender has no usable mail server: ", []any{result.Domain}
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
	return envelope.Failed(check, noSuchDomain, format, args...).With(result)
}

// excerpt returns the host of an MX record as clean text.
func excerpt(name string) string {
	if name != nullMX {
		name = strings.TrimSuffix(name, ".")
	}
	return envelope.Excerpt(name)
}

// Explain implements [envelope.Explainer]: the usable host, and what is wrong with those
// before it.
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
