package sender

import (
	"cmp"
	"context"
	"slices"

	"mxrules.example/envelope"
)

// MXNotAlias passes unless every host that the MX records of the sender's domain name
// is an alias: a name with a CNAME record. RFC 5321, section 5.1 and RFC 2181, section
// 10.3 forbid such MX records. But most servers send mail to such a domain, so that the
// check is opt-in, and better a condition or a mark than a reason to reject.
//
// MX records without a host name are ignored, and a host that DNS has no address for
// is not an alias; both are for MXUsable. Ten different hosts are checked, in the order
// of their preference. One that is not an alias is enough. If there is none and a lookup
// failed, MXNotAlias is a TempError.
//
// None: the null sender, an address literal, a sender that does not parse, a domain
// without an MX record, which may be an alias (RFC 5321, section 5.1), and a domain
// whose MX records name no host, such as a null MX (see TakesMail).
//
// DNS: MX, then CNAME for the first host. If it is an alias, CNAME for all others
// together, at most 11 questions in all. Answers that come without waiting save those
// for hosts after the first that is not an alias.
//
// Status: 550 5.1.8.
func MXNotAlias(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "sender.mxnotalias"
	if !e.Told(envelope.Mail) {
		return envelope.NotYet(check, envelope.Mail)
	}
	result, hosts, err := mailServers(ctx, r, domainOf(e))
	hosts = slices.DeleteFunc(hosts, func(host mailHost) bool { return host.fault != "" })
	switch {
	case err != nil:
		return envelope.Temporary(check, err)
	case result.Implicit || len(hosts) == 0:
		return envelope.NotApplicable(check)
	}
	// The first host is seldom an alias, so that the others are asked for after it.
	failure := result.inspect(ctx, r, hosts[:1], aliasFault)
	if result.Usable == "" {
		failure = cmp.Or(failure, result.inspect(ctx, r, hosts[1:], aliasFault))
	}
	return result.finding(check, failure, "the MX records of the domain %s of the sender name only aliases: ")
}

// aliasFault finds whether a host is an alias.
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
