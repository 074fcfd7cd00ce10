package verdict

import (
	"context"
	"iter"
	"sync/atomic"
	"time"

	"mxrules.example/envelope"
)

// judgement judges one envelope by one list of rules. It asks each rule at most once.
// Rules are asked concurrently while others wait. The walk uses findings in the order
// of the rules, whenever they were made.
type judgement struct {
	ctx      context.Context // ends with Policy.Timeout
	rules    Rules
	envelope envelope.Envelope // a copy with a plain client address and a fixed time
	mayWait  bool              // the envelope can still come further
	asking   *asking
	before   struct { // the judgement
		questions int64
		rounds    int
	}
	steps    []Step     // of each rule
	progress []progress // of each rule
	order    []int      // the rules that are not shadow rules, nil before the first walk
	few      [12]int    // the first array of order, to save an allocation

	last atomic.Int64 // the rule with which the walk ends at the latest

	session *Session                              // nil outside a session
	known   [envelope.Data + 1]*envelope.Envelope // by stage, as checks of a session get it
	ahead   *judgement                            // by the header of the message, nil if there is none
	held    bool                                  // an acceptance must not be committed yet

	wrote     bool // a Commit has succeeded, or may have
	unwritten int  // the last rule whose Commit failed

	measured time.Duration // when the judge last asked a rule itself; 0 if it has waited since
}

// progress is the state of one rule in a judgement.
type progress struct {
	asker     asker
	asked     atomic.Bool    // also read by goroutines that the judge left behind
	faulty    bool           // the rule is invalid
	state     conditionState // whether the conditions let the rule act
	committed bool
}

// answer is the result of asking one rule. Its step is nil if the rule was not asked.
type answer struct {
	step   *Step
	faulty bool
	state  conditionState
}

// keep stores the answer of rule i, unless there is one.
func (j *judgement) keep(i int, a answer) {
	p := &j.progress[i]
	if p.asked.Load() || a.step == nil {
		return
	}
	if a.step != &j.steps[i] {
		j.steps[i] = *a.step
		j.measured = 0
	}
	p.faulty, p.state = a.faulty, a.state
	p.asked.Store(true)
}

// blank returns the step for an answer of rule i. A goroutine of its own gets one of
// its own, because the judge may not wait for it.
func (j *judgement) blank(ctx context.Context, i int) *Step {
	if ctx == j.ctx {
		return &j.steps[i]
	}
	return new(Step)
}

type conditionState uint8

const (
	holds conditionState = iota
	off
	unsure
)

// begin begins a judgement.
func (j *judgement) begin(ctx context.Context, rules Rules, asking *asking, e *envelope.Envelope) {
	j.ctx, j.rules, j.asking = ctx, rules, asking
	j.envelope, j.mayWait = *e, !e.Reached(envelope.Data)
	j.envelope.ClientIP = e.Client()
	if e.Now.IsZero() {
		j.envelope.Now = asking.began
	}
	j.steps, j.progress = make([]Step, len(rules)), make([]progress, len(rules))
	j.last.Store(int64(len(rules)))
	j.before.questions, j.before.rounds = asking.count.Load(), envelope.Rounds(ctx)
	for i := range j.progress {
		j.progress[i].asker.asking = asking
	}
}

// walk takes the rules in order until one ends the walk.
func (j *judgement) walk() decision {
	w := newWalker(j.rules, j.mayWait)
	for i, next := range j.readings() {
		if w.take(i, next) {
			return w.decide(i)
		}
	}
	return w.end()
}

// readings yields what each rule may do, in order and without shadow rules. It asks
// the rules that were not asked yet. A session does not wait for a rule after a
// Pending one that may decide: it starts the rule, and goes on without its finding
// unless that is there. A mark that is Pending delays nothing.
func (j *judgement) readings() iter.Seq2[int, reading] {
	return func(yield func(int, reading) bool) { j.read(yield) }
}

func (j *judgement) read(yield func(int, reading) bool) {
	j.measured = 0
	j.last.Store(int64(len(j.rules)))
	rules := j.inOrder()
	n, blocked := 0, false
	for i, a := range envelope.Concurrently(j.ctx, rules, j.askIfNeeded) {
		if a.step == nil {
			j.measured = 0
			a = j.ask(j.ctx, i)
		}
		j.keep(i, a)
		next := j.reading(i)
		if !yield(i, next) {
			return
		}
		blocked = blocked || next.waits && next.may.deciding() != 0
		if n++; j.session != nil && blocked {
			break
		}
	}
	if n == len(rules) {
		return
	}
	for i, a := range envelope.Ready(j.ctx, j.thatAsk(rules[n:]), j.askIfNeeded) {
		j.keep(i, a)
	}
	for _, i := range rules[n:] {
		if !yield(i, j.reading(i)) {
			return
		}
	}
}

// thatAsk returns those of the rules that ask their checks. Others, whose check
// answers from a later stage on, need no goroutine.
func (j *judgement) thatAsk(rules []int) []int {
	ask := make([]int, 0, len(rules))
	for _, i := range rules {
		if rule := &j.rules[i]; len(rule.conditions) == 0 && !j.envelope.Told(rule.described.from) {
			j.keep(i, j.ask(j.ctx, i))
		} else {
			ask = append(ask, i)
		}
	}
	return ask
}

// inOrder returns the rules that are not shadow rules.
func (j *judgement) inOrder() []int {
	if j.order == nil {
		if j.order = j.few[:0]; len(j.rules) > len(j.few) {
			j.order = make([]int, 0, len(j.rules))
		}
		for i := range j.rules {
			if !j.rules[i].shadow {
				j.order = append(j.order, i)
			}
		}
	}
	return j.order
}

// start starts all rules without waiting for them.
func (j *judgement) start() {
	for range envelope.Ready(j.ctx, j.inOrder(), j.askIfNeeded) {
	}
}

// askIfNeeded asks a rule, unless a rule before it is known to end the walk, or an
// earlier stage of the session asks it. It does not wait for that, because a goroutine
// that waits for another takes as much memory.
func (j *judgement) askIfNeeded(ctx context.Context, i int) answer {
	if int64(i) > j.last.Load() || j.session != nil && j.underway(i) {
		return answer{}
	}
	a := j.ask(ctx, i)
	if a.step != nil && !j.rules[i].mayDo(a.step, a.faulty, a.state).may.goesOn() {
		j.endAt(int64(i))
	}
	return a
}

// endAt records that the walk ends with rule i at the latest.
func (j *judgement) endAt(i int64) {
	for last := j.last.Load(); i < last && !j.last.CompareAndSwap(last, i); last = j.last.Load() {
	}
}

// ask asks the conditions of a rule and its check, which may run while a condition
// waits. The first condition that switches the rule off ends the call. A rule that was
// asked before is not asked again.
func (j *judgement) ask(ctx context.Context, i int) answer {
	if j.progress[i].asked.Load() {
		return answer{}
	}
	rule, asker, began := &j.rules[i], &j.progress[i].asker, j.clock(ctx)
	a := answer{step: j.blank(ctx, i)}
	a.step.Rule, a.step.Shadow, a.step.place, a.step.rule = rule.name, rule.shadow, i, rule
	switch {
	case a.invalid(rule):
	case len(rule.conditions) == 0:
		j.run(ctx, inquiry{place{i, 0}, asker, &a.step.Finding})
	default:
		j.askUnderConditions(ctx, i, asker, &a)
	}
	if j.session == nil {
		a.step.Questions = asker.leave()
	} else {
		a.step.Questions = asker.asked()
	}
	ended := time.Since(j.asking.began)
	a.step.Duration = ended - began
	if ctx == j.ctx {
		j.measured = ended
	}
	return a
}

// clock returns the time since the judgement began. A rule that the judge asks itself
// begins when the one before it ended, which saves half of the readings.
func (j *judgement) clock(ctx context.Context) time.Duration {
	if ctx == j.ctx && j.measured > 0 {
		return j.measured
	}
	return time.Since(j.asking.began)
}

// invalid reports whether a rule is invalid, and answers for it.
func (a *answer) invalid(rule *Rule) bool {
	err := rule.fault()
	if err != nil {
		a.faulty, a.step.Finding = true, mistake(rule.name, err)
	}
	return a.faulty
}

// reading returns what rule i may do with its findings so far, and records its action
// in the trace if there is only one.
func (j *judgement) reading(i int) reading {
	next := j.mayDo(i)
	j.steps[i].Action = 0
	if !next.unknown() {
		j.steps[i].Action = next.may.only()
	}
	return next
}

func (j *judgement) mayDo(i int) reading {
	rule, p := &j.rules[i], &j.progress[i]
	if p.state != off && !p.asked.Load() { // it was started, and waits
		return reading{may: rule.may().with(Continue), waits: true}
	}
	return rule.mayDo(&j.steps[i], p.faulty, p.state)
}

// mayDo returns what a rule that was asked may do.
func (r *Rule) mayDo(step *Step, faulty bool, state conditionState) reading {
	if state == off {
		return reading{may: setOf(Continue)}
	}
	var next reading
	switch outcome := step.Finding.Outcome; {
	case faulty: // an invalid rule never accepts mail
		next.may = r.may().with(Continue).with(TempFail)
	case outcome.Known():
		next.may = setOf(r.action(outcome))
	case outcome == envelope.TempError && r.actions[outcome] != 0:
		next.may = setOf(r.actions[outcome])
	default:
		next.may, next.waits = r.may(), outcome == envelope.Pending
	}
	if state == unsure {
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

// askShadows asks the shadow rules that the walk passed.
func (j *judgement) askShadows(d decision) {
	var shadows []int
	for i := range j.rules {
		if i < d.reached && j.rules[i].shadow {
			shadows = append(shadows, i)
		}
	}
	if len(shadows) == 0 {
		return
	}
	j.measured = 0
	for i, a := range envelope.Concurrently(j.ctx, shadows, j.ask) {
		j.keep(i, a)
		j.reading(i)
	}
}
