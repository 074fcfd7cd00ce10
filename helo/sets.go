package helo

import (
	"context"
	"errors"
	"net/netip"
	"slices"

	"mxrules.example/envelope"
)

// NotOurs passes when the HELO name is not one of our own names or addresses, which
// only our own hosts use. The check does not know which clients are ours: an earlier
// rule must accept them.
//
// Names are patterns of hosts (their grammar is in package envelope), such as
// "mx.example.org" or ".example.org". Addresses are compared with those of address
// literals, with or without brackets. An IPv4-mapped prefix counts as IPv4. The
// check is misconfigured if a pattern does not parse or a prefix is invalid.
//
// Status: 550 5.7.1.
func NotOurs(names []string, addresses []netip.Prefix) envelope.Check {
	const check = "helo.notours"
	set, badName := envelope.ParseHostSet(names...)
	networks, badPrefix := envelope.PlainPrefixes(addresses)
	if err := errors.Join(badName, badPrefix); err != nil {
		return envelope.Misconfigured(check, envelope.Helo, err)
	}
	return envelope.At(check, envelope.Helo, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		host, literal, fault := read(e.Helo)
		addr := literal.Addr
		if fault != "" {
			addr = bareAddress(e.Helo)
		}
		switch {
		case fault != "" && !addr.IsValid():
			return envelope.NotApplicable(check)
		case slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(addr) }):
			return failed(check, refusal, "the HELO name %s is an address of this site", e.Helo)
		case set.Contains(host):
			return failed(check, refusal, "the HELO name %s is a name of this site", e.Helo)
		}
		return envelope.Passed(check)
	})
}

// In passes when the HELO name matches one of the patterns (their grammar is in
// package envelope): "mail.example.org" is that name, ".example.org" every name
// below example.org. A HELO name that is not a host name matches none and fails. A
// client can give any HELO name: do not accept mail because of In alone.
//
// The check is misconfigured if a pattern does not parse.
//
// Status: 550 5.7.1.
func In(patterns ...string) envelope.Check {
	set, err := envelope.ParseHostSet(patterns...)
	if err != nil {
		return envelope.Misconfigured("helo.in", envelope.Helo, err)
	}
	return InSet(envelope.SetOf(set.Contains))
}

// InSet is In for a set that patterns can't describe. The set is called once per
// finding, with names only.
//
// Status: as In.
func InSet(set envelope.Set[envelope.Host]) envelope.Check {
	const check = "helo.in"
	return set.At(check, envelope.Helo, func(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if host, literal, fault := read(e.Helo); fault == "" && literal.IsZero() {
			switch in, err := set.Contains(ctx, host); {
			case err != nil:
				return envelope.Unavailable(check, err)
			case in:
				return envelope.Passed(check).Observed("the HELO name %s is in the list of names", host)
			}
		}
		if e.Helo == "" {
			return failed(check, refusal, "the client sent no HELO name")
		}
		return failed(check, refusal, "the HELO name %s is not in the list of names", e.Helo)
	})
}
