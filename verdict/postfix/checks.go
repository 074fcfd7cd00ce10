package postfix

import (
	"context"
	"errors"

	"mxrules.example/envelope"
)

// Always passes. A rule with it is the restriction reject or defer.
//
// Status: 554 5.7.1.
func Always(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "postfix.always"
	if !e.Reached(envelope.Connect) {
		return envelope.NotYet(check, envelope.Connect)
	}
	f := envelope.Passed(check).Observed("access denied")
	f.Status = status(554, 7, 1)
	return f
}

// Unknown is always a TempError. A rule that rejects if it passes is the restriction
// defer_if_permit: a later acceptance becomes a tempfail. A rule that accepts if it
// passes is defer_if_reject: a later rejection becomes a tempfail.
//
// Status: 450 4.7.0.
func Unknown(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "postfix.unknown"
	if !e.Reached(envelope.Connect) {
		return envelope.NotYet(check, envelope.Connect)
	}
	f := envelope.Unavailable(check, errUnknown).Observed("the decision is deferred")
	f.Status = status(450, 7, 0)
	return f
}

var errUnknown = errors.New("the restriction asks for a deferral")
