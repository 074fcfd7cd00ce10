package verdict

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"mxrules.example/envelope"
)

// judgement is one envelope under one list of rules. It asks the rules one
// after another, each at most once. To ask them side by side it is enough to
// start asking earlier than read wants the answer: the walk and all that
// follows takes findings in order and does not care when they were made.
type judgement struct {
	ctx      context.Context // ends with Policy.Timeout
	rules    Rules
	envelope envelope.Envelope // our own copy, in plain form, with its clock fixed
	mayWait  bool              // the envelope can still come further
	steps    []Step            // by rule: what it found
	progress []progress        // by rule: how far it has come
	measured time.Time         // when the last rule was done

	wrote     bool // a Commit has written something, or may have
	unwritten int  // the last rule whose Commit failed
}

// progress is how far one rule has come.
type progress struct {
	asked     bool
	faulty    bool           // the rule was made wrongly
	state     conditionState // whether the conditions let the rule act
	committed bool
	asker     asker
}

type conditionState uint8

const (
	holds conditionState = iota
	off
	unsure
)

func newJudgement(ctx context.Context, rules Rules, r envelope.Resolver, e *envelope.Envelope) *judgement {
	j := &judgement{
		ctx: ctx, rules: rules, envelope: *e, mayWait: !e.Reached(envelope.Data),
		steps: make([]Step, len(rules)), progress: make([]progress, len(rules)),
	}
	j.envelope.ClientIP = e.Client()
	j.envelope.Now = e.Time()
	for i := range j.progress {
		j.progress[i].asker.inner = r
	}
	return j
}

// read returns what rule i may do, asking its checks if that was not done yet.
func (j *judgement) read(i int) reading {
	if !j.progress[i].asked {
		j.ask(i)
	}
	next := j.reading(i)
	j.steps[i].Action = 0
	if !next.unknown() {
		j.steps[i].Action = next.may.only()
	}
	return next
}

// ask runs the conditions of a rule and then, unless they switch it off, its
// check.
func (j *judgement) ask(i int) {
	rule, p, step := &j.rules[i], &j.progress[i], &j.steps[i]
	p.asked = true
	step.Rule, step.Shadow = rule.name, rule.shadow
	if err := rule.fault(); err != nil {
		p.faulty, step.Finding = true, mistake(rule.name, err)
	} else if p.state = j.askConditions(i); p.state != off {
		step.Finding = j.run(i, rule.check)
	}
	step.Off = p.state == off
	step.Questions = p.asker.asked()
	now := time.Now()
	step.Duration = now.Sub(j.measured)
	j.measured = now
}

// askConditions stops at the first condition that switches the rule off: what
// the others say does not matter then.
func (j *judgement) askConditions(i int) conditionState {
	rule, step := &j.rules[i], &j.steps[i]
	state := holds
	for _, c := range rule.conditions {
		f := j.run(i, c.check)
		step.Conditions = append(step.Conditions, f)
		switch {
		case f.Outcome == envelope.TempError && rule.ignores:
			return off
		case !f.Outcome.Known():
			state = unsure
		case (f.Outcome == envelope.Pass) == c.unless:
			return off
		}
	}
	return state
}

// run asks one check of rule i, and makes a TempError of whatever is no finding: a panic,
// a finding that comes too late, one without an outcome, one that is Pending
// though nothing more will be known.
func (j *judgement) run(i int, check envelope.Check) (f envelope.Finding) {
	if j.ctx.Err() != nil {
		return j.late(check)
	}
	defer func() {
		if v := recover(); v != nil {
			name, _ := envelope.Describe(check)
			f = mistake(name, fmt.Errorf("a check of rule %s panicked: %v\n%s", j.rules[i].name, v, debug.Stack()))
		}
	}()
	f = check(j.ctx, &j.progress[i].asker, &j.envelope)
	switch {
	case j.ctx.Err() != nil:
		return j.late(check)
	case f.Outcome == envelope.Pending && !j.mayWait:
		return mistake(f.Check, errors.New("the check is pending though nothing more will be known"))
	case !f.Outcome.Known() && f.Outcome != envelope.Pending && f.Outcome != envelope.TempError:
		return mistake(f.Check, errors.New("the check gave no outcome"))
	}
	return f
}

func (j *judgement) late(check envelope.Check) envelope.Finding {
	name, _ := envelope.Describe(check)
	f := envelope.Temporary(name, context.Cause(j.ctx))
	f.Text = "the checks took too long"
	return f
}

// mistake is the finding for an error of the program rather than of DNS.
func mistake(check string, err error) envelope.Finding {
	f := envelope.Unavailable(check, err)
	f.Text = "the server has an internal error"
	return f
}

// reading says what rule i may do with the findings that it has.
func (j *judgement) reading(i int) reading {
	rule, p, step := &j.rules[i], &j.progress[i], &j.steps[i]
	if p.state == off {
		return reading{may: setOf(Continue)}
	}
	var next reading
	switch outcome := step.Finding.Outcome; {
	case p.faulty: // a rule that was made wrongly never lets mail in
		next.may = rule.may().with(Continue).with(TempFail)
	case outcome.Known():
		next.may = setOf(rule.action(outcome))
	case outcome == envelope.TempError && rule.actions[outcome] != 0:
		next.may = setOf(rule.actions[outcome])
	default:
		next.may, next.waits = rule.may(), outcome == envelope.Pending
	}
	if p.state == unsure {
		next.may = next.may.with(Continue)
		next.waits = next.waits || pending(step.Conditions)
	}
	next.waits = next.waits && next.unknown()
	return next
}

func pending(findings []envelope.Finding) bool {
	for _, f := range findings {
		if f.Outcome == envelope.Pending {
			return true
		}
	}
	return false
}

// askShadows asks the shadow rules that the walk to d came by.
func (j *judgement) askShadows(d decision) {
	j.measured = time.Now()
	for i := range j.rules {
		if i < d.reached && j.rules[i].shadow {
			j.read(i)
		}
	}
}
