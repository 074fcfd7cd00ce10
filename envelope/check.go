package envelope

import (
	"context"
	"errors"
	"fmt"
)

// Check answers one question about an envelope. It is a pure function: the
// same envelope, the same answers of DNS and the same clock give the same
// finding. It keeps nothing and writes nothing; what acting on its finding
// must write it returns as Commit. It does not change the envelope, and it
// returns soon after ctx ends.
//
// A check is named for the property that holds when it passes, so that
// RejectUnless(helo.Resolves) reads as a sentence. At Start it asks nothing and
// answers with its name and, in Awaits, the stage from which it answers. That
// answer is Pending, or TempError if the check is misconfigured. The suite
// envelopetest.TestCheck tests all this.
type Check func(ctx context.Context, r Resolver, e *Envelope) Finding

// At makes a check of one's own that waits for its stage by itself: answer is
// called only once the envelope has come to stage, and never at Start, where no
// check answers. With stage Data it is called only with a message: a whole
// envelope without one is None, and one at Data is a mistake of the program,
// and a TempError.
//
// The finding is given name unless it has one, so that answer may use the
// constructors with "". If answer is nil, the check is misconfigured.
func At(name string, stage Stage, answer Check) Check {
	if stage == Start {
		stage = Connect
	}
	if answer == nil {
		return Misconfigured(name, stage, errNoCheck)
	}
	return func(ctx context.Context, r Resolver, e *Envelope) Finding {
		switch {
		case !e.Reached(stage):
			return NotYet(name, stage)
		case stage == Data && e.Message == nil:
			return WithoutMessage(name, e)
		}
		f := answer(ctx, r, e)
		if f.Check == "" {
			f.Check = name
		}
		return f
	}
}

// WithoutMessage is the finding of a check that needs a message, for an
// envelope that has come to Data without one. In a whole envelope there is
// none: None. At Data somebody forgot it, and that never lets mail in:
// TempError.
func WithoutMessage(check string, e *Envelope) Finding {
	if e.Stage == Whole {
		return NotApplicable(check)
	}
	return mistaken(check, 0, errors.New("the envelope is at Data and has no message"))
}

// Misconfigured returns the check that stands in for one with invalid arguments,
// such as a pattern that can't be parsed. From stage on it is a TempError whose
// Err is err: the mistake neither lets mail in nor loses any. At Start it is the
// same TempError, so that [Validate] finds the mistake before mail does.
func Misconfigured(name string, stage Stage, err error) Check {
	found := misconfiguration(name, err)
	check := At(name, stage, func(context.Context, Resolver, *Envelope) Finding { return found })
	return func(ctx context.Context, r Resolver, e *Envelope) Finding {
		f := check(ctx, r, e)
		if e.Stage == Start {
			awaits := f.Awaits
			f = found
			f.Awaits = awaits
		}
		return f
	}
}

// misconfiguration is the finding of a check that is misconfigured.
func misconfiguration(check string, err error) Finding {
	f := mistaken(check, 5, err) // RFC 3463, section 3.4: system incorrectly configured
	f.Text = "the server is misconfigured"
	return f
}

// mistaken is the finding of a check that can't answer because of a mistake on
// our side, which is no lookup that failed: 451 4.3.detail (RFC 3463, section
// 3.4, mail system status).
func mistaken(check string, detail uint16, err error) Finding {
	f := Unavailable(check, err)
	f.Status.Detail = detail
	f.Text = "the server has an internal error"
	return f
}

// Describe returns the name of a check and the stage from which it answers,
// without running it: it asks at Start, where a check knows nothing and does
// nothing. A check that panics there has no name.
func Describe(check Check) (name string, from Stage) {
	f, err := atStart(check)
	if err != nil {
		return "", Whole
	}
	return f.Check, f.Awaits
}

// Validate returns an error if a check is misconfigured. Of a combination it
// names every operand that is. A check that is nil, panics at Start or has no
// outcome there is misconfigured too. Like Describe, Validate asks at Start and
// runs nothing; what a check can learn only from mail, DNS or a store it does not
// find.
func Validate(check Check) error {
	f, err := atStart(check)
	if err != nil {
		return err
	}
	if f = answered(f); f.Outcome == TempError {
		return f.Err
	}
	return nil
}

var errNoCheck = errors.New("there is no check")

// atStart returns the finding of a check at Start. The error is that of a check
// that is nil, or that reads what it can't know yet and panics.
func atStart(check Check) (f Finding, err error) {
	if check == nil {
		return f, errNoCheck
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the check panics at Start: %v", v)
		}
	}()
	return check(context.Background(), nil, &Envelope{Stage: Start}), nil
}
