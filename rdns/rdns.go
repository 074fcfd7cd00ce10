// Package rdns checks the reverse names of a client: those in the PTR records of its
// address (RFC 1035, section 3.5).
//
// The holder of an address sets its reverse name and can write any name there,
// even gmail.com. The holder of a name sets its addresses. A name is proved only if
// both agree: the PTR record has the name, and an A or AAAA record of the name has
// the address (RFC 8601, section 3 calls this iprev). Mail servers have such names,
// because other servers require them. Infected machines usually have no reverse
// name, or one that their provider generated for a whole range.
//
// Every check looks up the PTR records first. A record that does not hold a host
// name of the Internet is ignored: an address, a single label, a name below
// in-addr.arpa or ip6.arpa, invalid characters. An attacker controls the records, so
// only the first ten of an answer are used. A client may have several names; one good
// name is enough, whatever its place in the answer. To confirm names, the package
// looks up their addresses in the family of the client, all names together. If no
// name is confirmed and a lookup failed, the finding is a TempError. All checks of
// one judgement share their lookups ([envelope.Once]).
//
// Confirmed, In and BacksHelo use confirmed names only, because they trust a name.
// Exists, NotGeneric, NotIn and MatchesHelo use names as they are. None of these is
// a reason to accept mail, because the client controls what they read.
//
// For a client of unknown address the checks fail as they do without PTR records,
// and NotIn is None. The package makes no exceptions for loopback and private
// addresses: an earlier rule must accept the networks of the site. RFC 5321, section
// 4.1.4 forbids rejecting mail because the HELO name does not match the client. It
// does not mention reverse names, which are local policy (section 7.9). For DNS lists
// see package rdns/dnsbl.
package rdns

import (
	"context"

	"mxrules.example/envelope"
)

// Exists passes when a PTR record of the client has a host name, confirmed or not.
// It answers from Connect on.
//
// DNS: PTR.
//
// Status: 550 5.7.25; if DNS fails 451 4.7.25.
func Exists(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "rdns.exists"
	if !e.Reached(envelope.Connect) {
		return envelope.NotYet(check, envelope.Connect)
	}
	result := Evaluate(ctx, r, e)
	if len(result.Names) == 0 {
		return result.nameless(check, unproved)
	}
	return envelope.Passed(check).With(result)
}

// Confirmed passes when one of the client's names resolves to its address (iprev,
// RFC 8601, section 3). It answers from Connect on. Only the [Result] of Confirmed
// has an entry for an Authentication-Results field.
//
// DNS: PTR, then A or AAAA for all names together, at most ten.
//
// Status: 550 5.7.25; if DNS fails 451 4.7.25.
func Confirmed(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "rdns.confirmed"
	if !e.Reached(envelope.Connect) {
		return envelope.NotYet(check, envelope.Connect)
	}
	result := Evaluate(ctx, r, e)
	if len(result.Names) > 0 {
		result.Confirm(ctx, r, result.Names)
	}
	result.settle()
	switch {
	case len(result.Names) == 0:
		return result.nameless(check, unproved)
	case result.Confirmed == "":
		return result.unconfirmed(check, unproved, result.Names)
	}
	return envelope.Passed(check).With(result)
}

// NotGeneric passes when the client has a name that does not look like one of
// dynamic or unnamed address space. Package genericname defines how names are judged.
// A client without a name fails. One good name is enough, because only the holder of
// the address can add names. The name need not be confirmed; to require that too, use
// All(rdns.Confirmed, rdns.NotGeneric). It answers from Connect on.
//
// DNS: PTR.
//
// Status: 550 5.7.1; if DNS fails 451 4.7.25.
func NotGeneric(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "rdns.notgeneric"
	if !e.Reached(envelope.Connect) {
		return envelope.NotYet(check, envelope.Connect)
	}
	shared := reverseOf(ctx, r, e)
	result := shared.own()
	switch {
	case result.Err != nil:
		return result.temporary(check)
	case len(result.Names) == 0:
		return result.nameless(check, unwanted).SuggestLogin()
	}
	specific, sign := shared.isSpecific()
	if specific {
		return envelope.Passed(check).With(result)
	}
	return envelope.Failed(check, unwanted,
		"the name %s of the client %s looks like that of a dynamic or unnamed address: %s",
		result.Names[0], result.client, sign).SuggestLogin().With(result)
}
