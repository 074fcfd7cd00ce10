package helo

import (
	"context"
	"errors"
	"net/netip"
	"slices"

	"mxrules.example/envelope"
)

// NotOurs passes when the greeting is none of our own names or addresses. A
// stranger who greets with one lies: only we are called so. The check does not
// know who is a stranger; a policy lets our own machines through by a rule
// before.
//
// Names are patterns as envelope.ParseHostSet reads them, such as
// "mx.example.org" or ".example.org". Addresses are looked for in literals, and
// in a greeting that is an address without its brackets. An IPv4-mapped prefix
// counts as IPv4. With a pattern that can't be parsed or an invalid prefix the
// check is misconfigured.
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

// In passes when the greeting matches one of the patterns, which are read as by
// envelope.ParseHostSet: "mail.example.org" is that one name, ".example.org"
// every name below example.org. Whatever is no name (an address literal, no
// greeting at all) matches none and fails. Anybody can greet with any name, so
// that In alone is no reason to accept.
//
// With a pattern that can't be parsed the check is misconfigured.
func In(patterns ...string) envelope.Check {
	set, err := envelope.ParseHostSet(patterns...)
	if err != nil {
		return envelope.Misconfigured("helo.in", envelope.Helo, err)
	}
	return InSet(envelope.SetOf(set.Contains))
}

// InSet is In for a set that patterns can't describe. It is asked once per
// answer, for names only.
func InSet(set envelope.Set[envelope.Host]) envelope.Check {
	const check = "helo.in"
	return set.At(check, envelope.Helo, func(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if host, literal, fault := read(e.Helo); fault == "" && literal.IsZero() {
			switch in, err := set(ctx, host); {
			case err != nil:
				return envelope.Unavailable(check, err)
			case in:
				return envelope.Passed(check).Observed("the HELO name %s is in the list of names", host)
			}
		}
		if e.Helo == "" {
			return failed(check, refusal, "the client has given no name with HELO")
		}
		return failed(check, refusal, "the HELO name %s is not in the list of names", e.Helo)
	})
}
