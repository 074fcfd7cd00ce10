package envelope

import (
	"context"
	"errors"
	"fmt"
)

// Check answers one question about an envelope. It is a pure function: the same
// envelope, DNS answers and clock give the same finding. It keeps no state and
// writes nothing; a finding that must be written when it is acted on has a Commit.
// A check does not change the envelope, and returns soon after ctx ends.
//
// A check is named for the property that holds when it passes, so that
// RejectUnless(helo.Resolves) reads as a sentence. At Start it looks nothing up and
// returns its name and, in Awaits, the stage from which it answers. That finding is
// Pending, or TempError if the check is misconfigured. The conformance suite
// envelopetest.TestCheck tests this contract.
type Check func(ctx context.Context, r Resolver, e *Envelope) Finding

// At returns a check that calls answer once the envelope has reached stage, and is
// Pending before. answer is never called at Start. If stage is Data, answer is only
// called with a message: without one a whole envelope is None, and an envelope at
// Data, which must have a message, is a TempError.
//
// The finding gets name unless it has a name, so that answer may use the
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

// WithoutClient returns a check like check that, for relayed mail, answers before the
// client of the gateway is known. check must use nothing about the client; see
// [Envelope.Told].
func WithoutClient(check Check) Check {
	return func(ctx context.Context, r Resolver, e *Envelope) Finding {
		if e.Relayed {
			own := *e
			own.Relayed = false
			e = &own
		}
		return check(ctx, r, e)
	}
}

// WithoutMessage returns the finding of a check that needs a message, for an envelope
// without one. It is Pending before Data, None for a whole envelope, which has no
// message, and TempError for an envelope at Data, to which the program must add it.
func WithoutMessage(check string, e *Envelope) Finding {
	switch {
	case !e.Reached(Data):
		return NotYet(check, Data)
	case e.Stage == Whole:
		return NotApplicable(check)
	}
	return mistaken(check, 0, errors.New("the envelope at Data has no message"))
}

// Misconfigured returns a check that replaces one with invalid arguments, such as a
// pattern that does not parse. From stage on it is a TempError whose Err is err, so
// that the mistake neither accepts nor loses mail. At Start it is the same TempError,
// so that [Check.Validate] finds the mistake before the first mail.
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
	f.Text = "server configuration error"
	return f
}

// mistaken is the finding of a check that cannot answer because of a mistake in the
// program or its configuration: 451 4.3.detail (RFC 3463, section 3.4, mail system
// status).
func mistaken(check string, detail uint16, err error) Finding {
	f := Unavailable(check, err)
	f.Status.Detail = detail
	f.Text = "internal server error"
	return f
}

// Describe returns the name of the check and the stage from which it answers. It
// calls the check at Start, where a check looks nothing up. The name of a check that
// panics there is "".
func (check Check) Describe() (name string, from Stage) {
	f, err := check.atStart()
	if err != nil {
		return "", Whole
	}
	return f.Check, f.Awaits
}

// Validate returns an error if the check is misconfigured. For a combination the
// error names every misconfigured operand. A check that is nil, or that panics, has
// no outcome or answers at Start, is misconfigured too. Like Describe, Validate calls
// the check at Start. It does not find mistakes that only show with mail, DNS or a
// store.
func (check Check) Validate() error {
	f, err := check.atStart()
	if err != nil {
		return err
	}
	return mistakeAtStart(answered(f))
}

// mistakeAtStart returns what the finding of a check at Start says is wrong with it, nil
// if nothing is. A check that answers there does not look at the stage of the envelope, and
// would judge what is not known yet. A combination answers there if it has no operands; if
// it has some, they say what is wrong.
func mistakeAtStart(f Finding) error {
	switch _, combined := f.Detail.(combination); {
	case f.Outcome == TempError:
		return f.Err
	case f.Outcome != Pending && !combined:
		return fmt.Errorf("at Start the check answers %v, and must be pending until the stage of what it needs (envelope.At does that)", f.Outcome)
	}
	return nil
}

var errNoCheck = errors.New("the check is nil")

// atStart returns the finding of the check at Start. It returns an error if the check
// is nil or panics.
func (check Check) atStart() (f Finding, err error) {
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
