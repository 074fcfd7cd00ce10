package verdict

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"mxrules.example/envelope"
)

// inquiry is a question to one check.
type inquiry struct {
	place
	asker   *asker
	finding *envelope.Finding // where the answer goes: deep stacks of goroutines that wait need no copy
}

// place is the position of a check in the rules: check counts the conditions of the
// rule, and the check of the rule comes after them.
type place struct{ rule, check int }

// at returns the check at a place.
func (rules Rules) at(p place) envelope.Check {
	rule := &rules[p.rule]
	if p.check < len(rule.conditions) {
		return rule.conditions[p.check].check
	}
	return rule.check
}

// describe returns what the check at a place says of itself.
func (rules Rules) describe(p place) description {
	rule := &rules[p.rule]
	if p.check < len(rule.conditions) {
		return rule.conditions[p.check].described
	}
	return rule.described
}

// askUnderConditions asks the conditions of a rule and its check. Where another goroutine
// asks the check, its finding goes to the step only when the judge takes it.
func (j *judgement) askUnderConditions(ctx context.Context, i int, asker *asker, a *answer) {
	rule, step := &j.rules[i], a.step
	conditions := make([]envelope.Finding, len(rule.conditions))
	for n, f := range envelope.Concurrently(ctx, rule.numbers(), func(own context.Context, n int) *envelope.Finding {
		f := &step.Finding
		if n < len(conditions) {
			f = &conditions[n]
		} else if own != ctx {
			f = new(envelope.Finding)
		}
		j.run(own, inquiry{place{i, n}, asker, f})
		return f
	}) {
		if n == len(conditions) {
			step.Finding = *f
			return
		}
		step.Conditions = conditions[: n+1 : n+1]
		switch rule.conditions[n].state(f, rule.ignores) {
		case off:
			a.state, step.Off = off, true
			return
		case unsure:
			a.state = unsure
		}
	}
}

// numbers returns the numbers of the conditions of the rule and of its check, as in place.
func (r *Rule) numbers() []int {
	numbers := make([]int, len(r.conditions)+1)
	for n := range numbers {
		numbers[n] = n
	}
	return numbers
}

// state returns whether the condition holds with finding f. If ignores is set, a
// TempError switches the rule off.
func (c *condition) state(f *envelope.Finding, ignores bool) conditionState {
	switch {
	case f.Outcome == envelope.TempError && ignores:
		return off
	case !f.Outcome.Known():
		return unsure
	case (f.Outcome == envelope.Pass) == c.unless:
		return off
	}
	return holds
}

// run asks one check.
func (j *judgement) run(ctx context.Context, q inquiry) {
	if j.ctx.Err() == nil {
		if j.session != nil {
			j.session.find(ctx, j, q)
		} else {
			j.call(ctx, q, &j.envelope)
		}
	}
	j.amend(q)
}

// amend makes a TempError of a finding after the end of the context, of one that is
// Pending at the last stage, and of one without an outcome.
func (j *judgement) amend(q inquiry) {
	f := q.finding
	switch {
	case j.ctx.Err() != nil:
		j.late(q)
	case f.Outcome == envelope.Pending:
		if !j.mayWait {
			*f = mistake(f.Check, errors.New("the finding is Pending at the last stage"))
		}
	case !f.Outcome.Known() && f.Outcome != envelope.TempError:
		*f = mistake(f.Check, errors.New("the finding has no outcome"))
	}
}

// call calls a check. A panic becomes a TempError.
func (j *judgement) call(ctx context.Context, q inquiry, e *envelope.Envelope) {
	defer func() {
		if v := recover(); v != nil {
			err := fmt.Errorf("a check of rule %s panicked: %v\n%s", j.rules[q.rule].name, v, debug.Stack())
			*q.finding = mistake(j.rules.describe(q.place).name, err)
		}
	}()
	*q.finding = j.rules.at(q.place)(ctx, q.asker, e)
	if f := q.finding; f.Outcome == envelope.Pending && e.Relayed && e.Told(f.Awaits) {
		f.Awaits = envelope.Data // with which the client becomes known
	}
}

// late answers for a check for which there is no time. A check that would not answer
// yet is not late.
func (j *judgement) late(q inquiry) {
	check := j.rules.describe(q.place)
	if j.mayWait && !j.envelope.Told(check.from) {
		*q.finding = envelope.NotYet(check.name, check.from)
		return
	}
	*q.finding = envelope.Temporary(check.name, context.Cause(j.ctx))
	q.finding.Text = "checks timed out"
}

// mistake returns the finding for an error of the program.
func mistake(check string, err error) envelope.Finding {
	f := envelope.Unavailable(check, err)
	f.Text = "internal server error"
	return f
}
