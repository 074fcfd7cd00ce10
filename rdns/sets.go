package rdns

import (
	"context"

	"mxrules.example/envelope"
)

// In passes when one of the client's names matches one of the patterns and is
// confirmed: it resolves to the client's address. A client cannot claim the name of
// another host, so In is a safe reason to accept mail. It answers from Connect on.
//
// The grammar of patterns is in package envelope: "mail.example.org" is that name,
// ".example.org" every name below example.org. With a pattern that does not parse
// the check is misconfigured.
//
// DNS: PTR, then A or AAAA for all names that match together.
//
// Status: 550 5.7.1; if DNS fails 451 4.7.25.
func In(patterns ...string) envelope.Check {
	set, err := envelope.ParseHostSet(patterns...)
	if err != nil {
		return envelope.Misconfigured("rdns.in", envelope.Connect, err)
	}
	return InSet(envelope.SetOf(set.Contains))
}

// InSet is In for a set that patterns cannot describe. The set is called at most
// ten times per finding.
//
// Status: as In.
func InSet(set envelope.Set[envelope.Host]) envelope.Check {
	const check = "rdns.in"
	return set.At(check, envelope.Connect, func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		result := Evaluate(ctx, r, e)
		if len(result.Names) == 0 {
			return result.nameless(check, unwanted)
		}
		matching, unknown := only(ctx, result.Names, set)
		result.Confirm(ctx, r, matching)
		switch {
		case result.Confirmed != "":
			return envelope.Passed(check).Observed(isListed, result.client, result.Confirmed).With(result)
		case result.Err == nil && unknown != nil:
			return envelope.Unavailable(check, unknown).With(result)
		case len(matching) > 0:
			return result.unconfirmed(check, unwanted, matching)
		}
		return envelope.Failed(check, unwanted, notListed, result.client, result.list(result.Names)).With(result)
	})
}

// NotIn passes when none of the client's names matches one of the patterns, which
// are as for In. Names count whether they are confirmed or not: a client that
// claims a name may be refused for it. A client without a name passes; see Exists.
// None: a client of unknown address. It answers from Connect on.
//
// DNS: PTR.
//
// Status: 550 5.7.1; if DNS fails 451 4.7.25.
func NotIn(patterns ...string) envelope.Check {
	const check = "rdns.notin"
	set, err := envelope.ParseHostSet(patterns...)
	if err != nil {
		return envelope.Misconfigured(check, envelope.Connect, err)
	}
	return envelope.At(check, envelope.Connect, func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		client := e.Client()
		if !client.IsValid() {
			return envelope.NotApplicable(check)
		}
		result := Evaluate(ctx, r, e)
		if result.Err != nil {
			return result.temporary(check)
		}
		var matching []envelope.Host
		for _, name := range result.Names {
			if set.Contains(name) {
				matching = append(matching, name)
			}
		}
		switch {
		case len(matching) > 0:
			return envelope.Failed(check, unwanted, isListed, client, result.list(matching)).With(result)
		case len(result.Names) == 0:
			return envelope.Passed(check).Observed("the client %s has no name", client).With(result)
		}
		return envelope.Passed(check).Observed(notListed, client, result.list(result.Names)).With(result)
	})
}

// only returns the names that are in set. It leaves out names for which the set
// fails; the failure is the first such error.
func only(ctx context.Context, names []envelope.Host, set envelope.Set[envelope.Host]) (in []envelope.Host, failure error) {
	type answer struct {
		belongs bool
		err     error
	}
	for name, a := range envelope.Concurrently(ctx, names, func(ctx context.Context, name envelope.Host) (a answer) {
		a.belongs, a.err = set.Contains(ctx, name)
		return a
	}) {
		switch {
		case a.err != nil && failure == nil:
			failure = a.err
		case a.err == nil && a.belongs:
			in = append(in, name)
		}
	}
	return in, failure
}
