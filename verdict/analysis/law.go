package analysis

import (
	"maps"
	"math/bits"
	"slices"

	"mxrules.example/verdict"
)

// actions is a set of actions: a bit for each.
type actions uint8

func (s actions) with(a verdict.Action) actions { return s | 1<<a }
func (s actions) has(a verdict.Action) bool     { return s&(1<<a) != 0 }
func (s actions) size() int                     { return bits.OnesCount8(uint8(s)) }

// only returns the one action of a set of size 1.
func (s actions) only() verdict.Action { return verdict.Action(bits.TrailingZeros8(uint8(s))) }

const goOn = actions(1<<verdict.Continue | 1<<verdict.Mark)

// deciding returns the actions of s that end a walk.
func (s actions) deciding() actions { return s &^ goOn }

// marking is what a policy does about one mark.
type marking uint8

const (
	unmarked marking = iota
	undecided
	marked
)

// end is the result of a policy: the action, and the rule that decides. A forced
// tempfail has no rule here: see [model.decide].
type end struct {
	action  verdict.Action
	place   int // of the rule; len(rules) if no rule decides
	forced  bool
	marking marking // of accept, if the policy is built for a mark
}

func (e end) number() int {
	n := e.place<<6 | int(e.marking)<<4 | int(e.action)<<1
	if e.forced {
		n |= 1
	}
	return n
}

func endOf(number int) end {
	return end{verdict.Action(number >> 1 & 7), number >> 6, number&1 == 1, marking(number >> 4 & 3)}
}

var forced = end{action: verdict.TempFail, forced: true}

// build adds a policy to the diagram.
func (m *model) build(p verdict.Policy) *policy {
	b := &policy{rules: p.Rules, soft: p.Soft, readings: make([]node, len(p.Rules))}
	for i := range p.Rules {
		b.readings[i] = m.reading(&p.Rules[i])
	}
	b.ends = m.walk(b).from(step{})
	return b
}

// buildFor returns the policy with ends that have what it does about a mark.
func (m *model) buildFor(mark string, p *policy) *policy {
	b := *p
	b.mark = mark
	b.ends = m.walk(&b).from(step{})
	return &b
}

func (m *model) walk(p *policy) walk { return walk{m, p, map[step]node{}} }

// conditionState is whether the conditions of a rule hold.
const (
	holds = iota
	unsure
	off
)

// reading returns the function whose value is the set of actions that a rule may take,
// as package verdict reads its findings: one action unless a failure leaves several.
func (m *model) reading(r *verdict.Rule) node {
	if r.IsShadow() {
		return m.constant(int(actions(0).with(verdict.Continue)))
	}
	state := m.constant(holds)
	for _, c := range r.Conditions() {
		one := m.convert(m.outcome(c.Check), func(o int) int {
			switch {
			case outcome(o) == tempError && r.Ignores():
				return off
			case outcome(o) == tempError:
				return unsure
			case (outcome(o) == pass) == c.Unless:
				return off
			}
			return holds
		})
		state = m.merge(state, one, func(a, b int) int { return max(a, b) })
	}
	return m.merge(state, m.outcome(r.Check()), func(state, o int) int {
		if state == off {
			return int(actions(0).with(verdict.Continue))
		}
		s := mayFor(r, outcome(o))
		if state == unsure {
			s = s.with(verdict.Continue)
		}
		return int(s)
	})
}

// mayFor returns what a rule may do for an outcome of its check.
func mayFor(r *verdict.Rule, o outcome) actions {
	if a := r.Action(finals[o]); a != 0 {
		return actions(0).with(a)
	}
	return known(r)
}

// known returns what a rule may do for a known outcome of its check.
func known(r *verdict.Rule) (s actions) {
	for o := range tempError {
		s = s.with(r.Action(finals[o]))
	}
	return s
}

// all returns what a rule may do for any outcome of its check.
func all(r *verdict.Rule) actions { return known(r) | mayFor(r, tempError) }

// walk takes the rules of a policy in order, as the law of package verdict does for an
// envelope that cannot come further.
type walk struct {
	*model
	policy *policy
	done   map[step]node
}

// step is a place in a walk: the next rule, the verdict that an earlier rule may have
// given, and what earlier rules did about the mark of the walk. Two possible verdicts end a
// walk.
type step struct {
	place    int
	possible actions
	marking  marking
}

// next returns the step after the next rule, which may take the actions s, or the end of
// the walk.
func (w walk) next(at step, s actions) (step, end, bool) {
	possible := at.possible | s.deciding()
	switch {
	case possible.size() > 1:
		return at, forced, true
	case s&goOn == 0:
		return at, at.end(possible.only()), true
	}
	return step{at.place + 1, possible, max(at.marking, w.marking(at, s))}, end{}, false
}

// marking returns what the next rule does about the mark of the walk. A mark is certain
// only if no earlier rule may have accepted, and ended the walk before it.
func (w walk) marking(at step, s actions) marking {
	switch {
	case w.policy.mark == "" || !s.has(verdict.Mark) || w.policy.rules[at.place].Mark() != w.policy.mark:
		return unmarked
	case s.size() == 1 && !at.possible.has(verdict.Accept):
		return marked
	}
	return undecided
}

// end returns the end of a walk with an action that is certain.
func (at step) end(action verdict.Action) end {
	e := end{action: action, place: at.place}
	if action == verdict.Accept {
		e.marking = at.marking
	}
	return e
}

// last returns the end of a walk that no rule ended.
func (at step) last() end {
	if possible := at.possible.with(verdict.Accept); possible.size() > 1 {
		return forced
	}
	return at.end(verdict.Accept)
}

// from returns the decision of a walk that has come to a step.
func (w walk) from(at step) node {
	if at.place == len(w.policy.rules) {
		return w.constant(w.soften(at.last()).number())
	}
	if n, ok := w.done[at]; ok {
		return n
	}
	reading := w.policy.readings[at.place]
	var result node
	for _, s := range slices.Sorted(maps.Keys(w.values(reading, w.constant(1)))) {
		next, end, ends := w.next(at, actions(s))
		var n node
		if ends {
			n = w.constant(w.soften(end).number())
		} else {
			n = w.from(next)
		}
		if result == nowhere {
			result = n
			continue
		}
		result = w.choose(w.where(reading, func(v int) bool { return v == s }), n, result)
	}
	w.done[at] = result
	return result
}

// soften turns a rejection into a tempfail if the policy is soft.
func (w walk) soften(e end) end {
	if w.policy.soft && e.action == verdict.Reject {
		e.action = verdict.TempFail
	}
	return e
}

// decide returns the result of a policy for certain outcomes of all checks. For a
// forced tempfail the place is that of the first rule that is unknown.
func (m *model) decide(p *policy, all []outcome) end {
	w, at, blocked := m.walk(p), step{}, -1
	result := func(e end) end {
		if e.forced {
			e.place = blocked
		}
		return w.soften(e)
	}
	for at.place < len(p.rules) {
		s := actions(m.at(p.readings[at.place], all))
		if s.size() > 1 && blocked < 0 {
			blocked = at.place
		}
		next, end, ends := w.next(at, s)
		if ends {
			return result(end)
		}
		at = next
	}
	return result(at.last())
}

// at returns the value of f for certain outcomes of all checks.
func (d *diagram) at(f node, all []outcome) int {
	for !d.isLeaf(f) {
		b := &d.nodes[f]
		f = b.kids[all[b.check]]
	}
	return d.value(f)
}
