package replay

import (
	"context"
	"errors"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
)

// Record is a judgement in JSON: an envelope with its recipients, and what was learnt of
// the rest of the world. Make one with [Judged].
type Record struct {
	envelope.JSON
	Recipients int  `json:"recipients,omitempty"` // as Envelope.Recipients
	Relayed    bool `json:"relayed,omitempty"`    // as Envelope.Relayed

	zone.Recording

	NoMessage bool      `json:"no_message,omitempty"` // was left out
	Hashed    bool      `json:"hashed,omitempty"`     // mailboxes and logins are hashes
	ByValue   []string  `json:"by_value,omitempty"`   // names of checks
	Findings  []Finding `json:"findings,omitempty"`   // that are recorded by value
}

// Judge judges the recorded envelope by a policy, once for each recipient, or once if there
// is none. Nothing is written: no Commit is called. The error is an
// *[envelope.SyntaxError] for a record that is not valid.
func (r Record) Judge(ctx context.Context, p verdict.Policy) ([]verdict.Verdict, error) {
	e, err := r.Envelope()
	if err != nil {
		return nil, err
	}
	dns, err := r.Resolver()
	if err != nil {
		return nil, err
	}
	p = r.Bind(p)
	if len(r.RcptTo) == 0 {
		return []verdict.Verdict{p.Judge(ctx, dns, &e)}, nil
	}
	return p.JudgeEach(ctx, dns, &e, r.RcptTo...), nil
}

// Envelope returns the recorded envelope. RcptTo is the first of its recipients.
func (r Record) Envelope() (envelope.Envelope, error) {
	e, _, err := r.JSON.Envelope()
	e.Recipients, e.Relayed = r.Recipients, r.Relayed
	return e, err
}

// Bind returns the policy for the recorded envelope: without Commits, and with the
// findings that are recorded by value in place of the checks that made them. Such a check
// without a recorded finding finds a TempError.
func (r Record) Bind(p verdict.Policy) verdict.Policy {
	p = withoutCommits(p)
	if !r.Hashed && !r.NoMessage && len(r.ByValue) == 0 {
		return p
	}
	return replacing(p, func(at place, check envelope.Check) envelope.Check {
		if !r.isByValue(check) {
			return check
		}
		name, from := check.Describe()
		return func(ctx context.Context, dns envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			if f, ok := r.find(e.RcptTo, at, name); ok && e.Stage != envelope.Start {
				return f
			}
			if !e.Reached(from) {
				return check(ctx, dns, e)
			}
			return envelope.Unavailable(name, errNotRecorded)
		}
	})
}

var errNotRecorded = errors.New("the finding was not recorded")

// find returns the recorded finding of a check about a recipient: the one of the same
// place in the policy, or else that of any place, if all that have the name agree.
func (r Record) find(to string, at place, check string) (found envelope.Finding, ok bool) {
	agree := true
	for _, f := range r.Findings {
		if f.Check != check || f.To != to {
			continue
		}
		one := f.finding()
		if f.Rule == at.rule && f.Part == at.part {
			return one, true
		}
		agree = agree && (!ok || one.Outcome == found.Outcome)
		found, ok = one, true
	}
	return found, ok && agree
}
