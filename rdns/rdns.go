// Package rdns checks the reverse name of a client: what the PTR records of its
// address say (RFC 1035, section 3.5).
//
// Whoever holds an address decides its reverse name, and can write anything
// there, gmail.com too. Whoever holds a name decides its addresses. Only where
// both say the same, the name is proved: the PTR record gives the name and an
// A or AAAA record of the name gives the address back (RFC 8601, section 3,
// calls this iprev). Mail servers have such names, because their postmasters
// were told to; hijacked machines mostly have none, or one that their provider
// made up for the whole range.
//
// Every check begins with the PTR records. What is no name of a host on the
// Internet counts as none: an address, a single label, a name under
// in-addr.arpa or ip6.arpa, text that no host can be called. A stranger writes
// the records, so that only the first ten of an answer are looked at. All of
// these count: a client may have several names, and one that is good is enough.
// Which of them comes first in an answer changes nothing. Where a name must be
// confirmed, its addresses are asked for in the family of the client only, name
// by name up to the first that leads back. If none does, and for one of them
// DNS failed, the answer is not known: a TempError. All checks of one judgement
// share their questions (envelope.Once).
//
// Confirmed, In and BacksHelo count confirmed names only, because they trust a
// name. Exists, NotGeneric, NotIn and MatchesHelo take names as they are, and
// none of them is a reason to accept mail: the client wrote what they read.
//
// A client whose address is not known has no name: the checks fail as for one
// without PTR records, and NotIn is None. The package makes no exceptions for
// loopback and private addresses; a policy lets its own networks through by a
// rule before. Lists in DNS are package rdns/dnsbl. RFC 5321, section 4.1.4
// allows to log a greeting that does not match, and not to refuse mail for it;
// it says nothing of reverse names, which are local policy (section 7.9).
package rdns

import (
	"context"

	"mxrules.example/envelope"
	"mxrules.example/envelope/genericname"
)

var (
	// unproved is the status of a client without a name that leads back (RFC
	// 7372, section 3.3: reverse DNS validation failed).
	unproved = envelope.Status{Code: 550, Subject: 7, Detail: 25}
	// unwanted is the status of a client whose name is not wanted (RFC 3463:
	// delivery not authorized).
	unwanted = envelope.Status{Code: 550, Subject: 7, Detail: 1}
)

// Exists passes when the client has a name: a PTR record that holds one, be it
// confirmed or not. It answers from Connect on.
//
// DNS: PTR.
func Exists(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "rdns.exists"
	if !e.Reached(envelope.Connect) {
		return envelope.NotYet(check, envelope.Connect)
	}
	client, result := e.Client(), Evaluate(ctx, r, e)
	switch {
	case result.Err != nil:
		return temporary(check, result)
	case len(result.Names) == 0:
		return nameless(check, unproved, client, result)
	}
	return envelope.Passed(check).With(result)
}

// Confirmed passes when one of the client's names leads back to its address, as
// RFC 8601, section 3 describes it for iprev. It answers from Connect on. Its
// Result is the one of this package that belongs into an Authentication-Results
// field.
//
// DNS: PTR, then A or AAAA for each name, at most ten, up to the first that
// leads back.
func Confirmed(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "rdns.confirmed"
	if !e.Reached(envelope.Connect) {
		return envelope.NotYet(check, envelope.Connect)
	}
	client, result := e.Client(), Evaluate(ctx, r, e)
	if result.Err == nil {
		result.Confirm(ctx, r, result.Names)
	}
	result.settle()
	switch {
	case result.Err != nil:
		return temporary(check, result)
	case len(result.Names) == 0:
		return nameless(check, unproved, client, result)
	case result.Confirmed == "":
		return unconfirmed(check, unproved, client, result.Names, result)
	}
	return envelope.Passed(check).With(result)
}

// NotGeneric passes when the client has a name that somebody gave it: one that
// does not follow the conventions of dynamic or unnamed address space. Package
// genericname says what these are, and how names that say mail or static are
// weighed against them. A client without any name fails. Of several names one
// is enough, because whoever can add a name to an address holds it. The name
// need not be confirmed: All(rdns.Confirmed, rdns.NotGeneric) asks both. It
// answers from Connect on.
//
// DNS: PTR.
func NotGeneric(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "rdns.notgeneric"
	if !e.Reached(envelope.Connect) {
		return envelope.NotYet(check, envelope.Connect)
	}
	client, result := e.Client(), Evaluate(ctx, r, e)
	if result.Err != nil {
		return temporary(check, result)
	}
	if len(result.Names) == 0 {
		return nameless(check, unwanted, client, result).SuggestLogin()
	}
	firstSign := ""
	for _, name := range result.Names {
		sign, generic := genericname.Judge(name, client)
		if !generic {
			return envelope.Passed(check).With(result)
		}
		if firstSign == "" {
			firstSign = sign
		}
	}
	return envelope.Failed(check, unwanted,
		"the name %s of the client %s looks like that of a dynamic or unnamed address: %s",
		result.Names[0], client, firstSign).SuggestLogin().With(result)
}
