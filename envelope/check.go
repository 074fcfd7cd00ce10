package envelope

import (
	"context"
	"errors"
)

// Check answers one question about an envelope. It is a pure function: the
// same envelope, the same answers of DNS and the same clock give the same
// finding. It keeps nothing and writes nothing; what acting on its finding
// must write it returns as Commit. It does not change the envelope, and it
// returns soon after ctx ends.
//
// A check is named for the property that holds when it passes, so that
// RejectUnless(helo.Resolves) reads as a sentence. At Start it answers Pending
// with its name and asks nothing. The suite envelopetest.TestCheck tests all
// this.
type Check func(ctx context.Context, r Resolver, e *Envelope) Finding

// At makes a check of one's own that waits for its stage by itself: answer is
// called only once the envelope has come to stage, and never at Start, where no
// check answers. With stage Data it is called only with a message: a whole
// envelope without one is None, and one at Data is a mistake of the program,
// and a TempError.
//
// The finding is given name unless it has one, so that answer may use the
// constructors with "".
func At(name string, stage Stage, answer Check) Check {
	if stage == Start {
		stage = Connect
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

// Misconfigured is the check that stands in for one that its site has set up
// wrong, with a pattern that can't be read for instance. From stage on it is a
// TempError whose Err is err: the mistake neither lets mail in nor loses any.
func Misconfigured(name string, stage Stage, err error) Check {
	return At(name, stage, func(context.Context, Resolver, *Envelope) Finding {
		f := mistaken(name, 5, err) // RFC 3463, section 3.4: system incorrectly configured
		f.Text = "the server is misconfigured"
		return f
	})
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
// nothing. A check that does not keep to that has no name.
func Describe(check Check) (name string, from Stage) {
	defer func() {
		if recover() != nil { // nil, or a check that reads what it can't know yet
			name, from = "", Whole
		}
	}()
	f := check(context.Background(), nil, &Envelope{Stage: Start})
	return f.Check, f.Awaits
}
