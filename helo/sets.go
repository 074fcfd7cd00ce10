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
// "mx.example.org" or ".example.org"; one that can't be read makes every answer
// a TempError whose Err names it. Addresses are looked for in literals, and in
// a greeting that is an address without its brackets. An IPv4-mapped prefix
// counts as IPv4.
func NotOurs(names []string, addresses []netip.Prefix) envelope.Check {
	const check = "helo.notours"
	set, err := envelope.ParseHostSet(names...)
	if err != nil {
		return envelope.Misconfigured(check, envelope.Helo, err)
	}
	networks := make([]netip.Prefix, 0, len(addresses))
	for _, prefix := range addresses {
		networks = append(networks, envelope.PlainPrefix(prefix))
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
// A pattern that can't be read makes every answer a TempError whose Err names
// it. Patterns that a user writes are better read when the program starts, and
// given to InSet:
//
//	partners, err := envelope.ParseHostSet(patterns...)
//	...
//	helo.InSet(partners.Contains)
func In(patterns ...string) envelope.Check {
	set, err := envelope.ParseHostSet(patterns...)
	if err != nil {
		return envelope.Misconfigured("helo.in", envelope.Helo, err)
	}
	return InSet(set.Contains)
}

// InSet is In for a set that changes while the program runs, or that patterns
// can't describe. Contains is asked once per answer, for names only, by many
// goroutines at once.
func InSet(contains func(name envelope.Host) bool) envelope.Check {
	const check = "helo.in"
	if contains == nil {
		return envelope.Misconfigured(check, envelope.Helo, errors.New("there is no set to ask"))
	}
	return envelope.At(check, envelope.Helo, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		host, literal, fault := read(e.Helo)
		if fault == "" && literal.IsZero() && contains(host) {
			return envelope.Passed(check).Observed("the HELO name %s is in the list of names", host)
		}
		if e.Helo == "" {
			return failed(check, refusal, "the client has given no name with HELO")
		}
		return failed(check, refusal, "the HELO name %s is not in the list of names", e.Helo)
	})
}
