package verdict

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mxrules.example/envelope"
)

// Policy is an ordered list of rules with options. It is a plain value and is safe
// for concurrent use.
type Policy struct {
	// Rules are tried in order. The first that decides, decides; if none does, the
	// verdict is accept. A server on the Internet therefore needs a rule that rejects
	// recipients in other domains, or it is an open relay.
	Rules Rules
	// Timeout bounds one call of Judge, JudgeEach or a method of Session. Findings
	// that are missing when it ends are TempErrors. 0 means no limit except the
	// context. Keep it well below five minutes, after which clients give up (RFC
	// 5321, section 4.5.3.2).
	Timeout time.Duration
	// MaxQuestions bounds the questions to DNS of one call of Judge, JudgeEach or a
	// method of Session; Data and DataEach may ask as many for each recipient. 0 means
	// 500: SPF may need 111 for MAIL FROM and 111 for HELO (RFC 7208, section 4.6.4),
	// and all other checks together need fewer. A question over the bound is not asked.
	// It fails as one that times out, and the trace says so. So does a question whose
	// answer would let the answers of the call exceed 1 MiB.
	MaxQuestions int
	// Sequential asks one check after another. It saves the questions to DNS that the
	// decision does not need, and takes the time of all others together.
	Sequential bool
	// Soft turns every rejection into a tempfail, so that a new policy with a mistake
	// loses no mail.
	Soft bool
	// Link returns one more line for the reply of a refusal, such as a link to a page
	// that explains it, "" for none. nil adds none. The line is cleaned and cut like that
	// of [Rule.See]. Link is called concurrently, and must not wait.
	Link func(v Verdict, e *envelope.Envelope) string
}

// linked returns v with the line of Link.
func (p *Policy) linked(v Verdict, e *envelope.Envelope) Verdict {
	if p.Link == nil || v.Action != TempFail && v.Action != Reject {
		return v
	}
	if line := p.Link(v, e); line != "" {
		v.Help = append(v.Help, line)
	}
	return v
}

// Validate returns an error if a rule is invalid, or if its check or one of its
// conditions is misconfigured ([envelope.Check.Validate]). Call it when the program starts,
// before the first mail. The error has the place, from 1, and the name of each such
// rule.
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
// conditions that is misconfigured. It returns none for a rule without a check,
// which is a fault of the rule.
func (r *Rule) misconfigured() (faults []error) {
	if r.check == nil {
		return nil
	}
	if err := r.check.Validate(); err != nil {
		if name, _ := r.check.Describe(); name != r.name {
			err = fmt.Errorf("%s: %w", name, err)
		}
		faults = append(faults, err)
	}
	for _, c := range r.conditions {
		if err := c.check.Validate(); err != nil {
			name, _ := c.check.Describe()
			faults = append(faults, fmt.Errorf("the condition %s: %w", name, err))
		}
	}
	return faults
}

// Judge returns the verdict on what is known of e. It is Continue while a later stage
// could change it; call Judge again when the envelope has come further. The verdict
// on an envelope at Data, or a whole one, is final: Accept, TempFail or Reject.
//
// Checks ask r, which may be nil if no rule needs DNS. Judge does not change e. With
// a final verdict the Commits of its findings have been called.
func (p Policy) Judge(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) Verdict {
	if e == nil {
		return Verdict{}
	}
	h := p.begin(ctx, r)
	defer h.end()
	return p.judge(h, &h.first, e)
}

// JudgeEach judges e once for each recipient, in order, with RcptTo set to it and
// Recipients counting those before it that were not refused. A question that several
// of them need is asked once. [Merge] makes one verdict of the verdicts.
func (p Policy) JudgeEach(ctx context.Context, r envelope.Resolver, e *envelope.Envelope, recipients ...string) []Verdict {
	verdicts := make([]Verdict, len(recipients))
	if e == nil {
		return verdicts
	}
	h := p.begin(ctx, r)
	defer h.end()
	one := *e
	for i, recipient := range recipients {
		one.RcptTo = recipient
		verdicts[i] = p.judge(h, new(judgement), &one)
		if a := verdicts[i].Action; a == Accept || a == Continue {
			one.Recipients++
		}
	}
	return verdicts
}

// hearing is one call of Judge or JudgeEach: its contexts, what its judgements share,
// and the first of them, which saves an allocation.
type hearing struct {
	ctx    context.Context // ends with Policy.Timeout
	cancel context.CancelFunc
	parent context.Context // the parent of ctx, in which Commits run
	asking asking
	first  judgement
}

func (p Policy) begin(ctx context.Context, r envelope.Resolver) *hearing {
	h := &hearing{parent: envelope.WithJudgement(ctx), cancel: func() {}}
	if p.Sequential {
		h.parent = envelope.Sequentially(h.parent)
	}
	h.ctx = h.parent
	if p.Timeout > 0 {
		h.ctx, h.cancel = context.WithTimeoutCause(h.parent, p.Timeout, errTimeout)
	}
	h.asking.inner, h.asking.ctx, h.asking.began, h.asking.most = r, h.ctx, time.Now(), p.maxQuestions()
	if p.Timeout > 0 {
		h.asking.until = h.ctx // which end ends
	}
	return h
}

func (h *hearing) end() {
	h.asking.close()
	h.cancel()
}

var errTimeout = errors.New("the judgement took longer than Policy.Timeout")

func (p Policy) judge(h *hearing, j *judgement, e *envelope.Envelope) Verdict {
	j.begin(h.ctx, p.Rules, &h.asking, e)
	d := j.settle(h.parent)
	if d.action.final() {
		j.askShadows(d)
	}
	v := p.linked(j.verdict(d, p.Soft), &j.envelope)
	j.record(&v)
	return v
}
