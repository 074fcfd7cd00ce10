package verdict

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mxrules.example/envelope"
)

// Policy is an ordered list of rules and how to judge by it. It is a plain
// value, and may be used by many goroutines at once.
type Policy struct {
	// Rules are tried in order. The first that decides, decides; if none does,
	// the answer is accept: a policy for a server on the Internet must close the
	// relay with a rule of its own.
	Rules Rules
	// Timeout bounds one call of Judge, JudgeAll or JudgeEach. Past it every
	// finding that is missing is a TempError. 0 means that only the context
	// bounds it. Keep it well under the five minutes that RFC 5321, section
	// 4.5.3.2 gives the client.
	Timeout time.Duration
	// Sequential asks one question after another, and none that a decision does
	// not need. It saves questions to DNS, and takes the time of all of them.
	Sequential bool
	// Soft turns every rejection into a tempfail: for the first days of a
	// policy, when a mistake shall cost no mail.
	Soft bool
}

// Validate returns an error if a rule was made wrongly, or if its check or one of
// its conditions is misconfigured ([envelope.Validate]), so that a mistake is
// found before mail meets it. The error names each such rule by its place, from
// 1, and its name.
func (p Policy) Validate() error {
	var faults []error
	for i := range p.Rules {
		r := &p.Rules[i]
		for _, err := range append(r.misconfigured(), r.fault()) {
			if err != nil {
				faults = append(faults, fmt.Errorf("rule %d (%s): %w", i+1, r.name, err))
			}
		}
	}
	return errors.Join(faults...)
}

// misconfigured returns an error for the check of a rule and for each of its
// conditions that is misconfigured. A rule without a check is a fault of the rule.
func (r *Rule) misconfigured() (faults []error) {
	if r.check == nil {
		return nil
	}
	if err := envelope.Validate(r.check); err != nil {
		if name, _ := envelope.Describe(r.check); name != r.name {
			err = fmt.Errorf("%s: %w", name, err)
		}
		faults = append(faults, err)
	}
	for _, c := range r.conditions {
		if err := envelope.Validate(c.check); err != nil {
			name, _ := envelope.Describe(c.check)
			faults = append(faults, fmt.Errorf("the condition %s: %w", name, err))
		}
	}
	return faults
}

// Judge judges what is known of e. The verdict is Continue as long as more
// could change it; judge again when the envelope has come further. An envelope
// at Data, or whole, always gets a final verdict: Accept, TempFail or Reject.
//
// Checks ask r, which may be nil if no rule needs DNS. Judge does not change
// e. A final verdict has written what its findings must write (their Commit).
func (p Policy) Judge(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) Verdict {
	if e == nil {
		return Verdict{}
	}
	b := p.begin(ctx, r)
	defer b.end()
	return p.judge(b, e)
}

// JudgeAll judges several envelopes of one transaction as Judge does, in order.
// Questions that several ask are asked once, and Timeout bounds all of them
// together. It is for recipients whose envelopes are known, each with its own
// count in Recipients.
func (p Policy) JudgeAll(ctx context.Context, r envelope.Resolver, envelopes ...*envelope.Envelope) []Verdict {
	verdicts := make([]Verdict, len(envelopes))
	b := p.begin(ctx, r)
	defer b.end()
	for i, e := range envelopes {
		if e != nil {
			verdicts[i] = p.judge(b, e)
		}
	}
	return verdicts
}

// JudgeEach judges one envelope for several recipients, each as if it stood in
// e.RcptTo behind those before it that were not refused. Questions that several
// ask are asked once. [Merge] makes one reply of the verdicts.
func (p Policy) JudgeEach(ctx context.Context, r envelope.Resolver, e *envelope.Envelope, recipients ...string) []Verdict {
	verdicts := make([]Verdict, len(recipients))
	if e == nil {
		return verdicts
	}
	b := p.begin(ctx, r)
	defer b.end()
	one := *e
	for i, recipient := range recipients {
		one.RcptTo = recipient
		verdicts[i] = p.judge(b, &one)
		if a := verdicts[i].Action; a == Accept || a == Continue {
			one.Recipients++
		}
	}
	return verdicts
}

// bounds are those of one call of Judge, JudgeAll or JudgeEach.
type bounds struct {
	ctx    context.Context // ends with Policy.Timeout
	cancel context.CancelFunc
	parent context.Context // the one above ctx, in which findings are written
	asking *asking
}

func (p Policy) begin(ctx context.Context, r envelope.Resolver) bounds {
	b := bounds{parent: envelope.WithJudgement(ctx), cancel: func() {}}
	if p.Sequential {
		b.parent = envelope.Sequentially(b.parent)
	}
	b.ctx = b.parent
	if p.Timeout > 0 {
		b.ctx, b.cancel = context.WithTimeoutCause(b.parent, p.Timeout, errTimeout)
	}
	b.asking = &asking{inner: r, ctx: b.ctx, began: time.Now()}
	return b
}

func (b bounds) end() {
	b.asking.close()
	b.cancel()
}

var errTimeout = errors.New("the judgement took longer than Policy.Timeout")

func (p Policy) judge(b bounds, e *envelope.Envelope) Verdict {
	before := b.asking.count.Load()
	j := newJudgement(b.ctx, p.Rules, b.asking, e)
	d := j.settle(b.parent)
	if d.action.final() {
		j.askShadows(d)
	}
	v := j.verdict(d, p.Soft)
	v.Trace = j.trace()
	v.questions = int(b.asking.count.Load() - before)
	return v
}
