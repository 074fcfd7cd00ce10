package sender

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"mxrules.example/envelope"
	"mxrules.example/envelope/internal/addressspace"
)

// MXUsable passes when mail can be sent to the domain of the sender: one of its
// MX records names a host with an address that is the public Internet's. A host
// can't be used if it is
//   - an IP address or not a host name (RFC 5321, section 5.1),
//   - without an address,
//   - only at addresses that are not public, such as those of private
//     networks (RFC 6890).
//
// A host that is an alias passes with the addresses of its target; MXNotAlias is the
// check for those. A domain without an MX record is its own mail server, and the same
// holds for it. Ten different hosts are checked, in the order of their preference. One
// usable host is enough. If there is none and a lookup failed, MXUsable is a TempError.
//
// None: the null sender, an address literal, a sender that does not parse, and a
// domain whose only MX record is null (see TakesMail).
//
// DNS: MX, then A for the first host. If it has no usable A record, AAAA for it and A
// and AAAA for all other hosts together, at most 21 questions in all. Answers that
// come without waiting save questions: AAAA if an A record is usable, and hosts after
// the first that is good.
//
// Status: 550 5.1.8.
func MXUsable(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "sender.mxusable"
	if !e.Told(envelope.Mail) {
		return envelope.NotYet(check, envelope.Mail)
	}
	result, hosts, err := mailServers(ctx, r, domainOf(e))
	switch {
	case err != nil:
		return envelope.Temporary(check, err).With(result)
	case len(hosts) == 0:
		return envelope.NotApplicable(check)
	}
	// The first host seldom has no usable A record, so that all else is asked for after
	// it.
	var first addresses
	if hosts[0].fault == "" {
		first = lookup(ctx, r, "ip4", hosts[0].name)
	}
	failure := result.inspect(ctx, r, hosts, first.fault)
	return result.finding(check, failure, "the domain %s of the sender has no usable mail server: ").With(result)
}

// addresses is the answer to a question for the addresses of a host.
type addresses struct {
	network string // "ip4" or "ip6"
	host    envelope.Host
	addrs   []netip.Addr
	err     error
}

func lookup(ctx context.Context, r envelope.Resolver, network string, host envelope.Host) addresses {
	addrs, err := envelope.LookupIP(ctx, r, network, string(host))
	return addresses{network, host, addrs, err}
}

// fault finds what is wrong with the addresses of a host, given an answer that is
// known.
func (known addresses) fault(ctx context.Context, r envelope.Resolver, host envelope.Host) fault {
	var all addresses
	for _, a := range envelope.Concurrently(ctx, []string{"ip4", "ip6"}, func(ctx context.Context, network string) addresses {
		if network == known.network && host == known.host {
			return known
		}
		return lookup(ctx, r, network, host)
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
