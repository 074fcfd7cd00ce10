package analysis

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// Witness is a case that answers a question about policies: outcomes of checks, and
// what the policies decide for them.
type Witness struct {
	// Outcomes has the outcomes that matter, in the order of the rules. Whatever other
	// checks find, the policies decide the same. For a question that has an answer in
	// every case, it is empty.
	Outcomes []Outcome
	// Decisions are those of the policies of the question, in its order.
	Decisions []Decision

	checks []envelope.Check // of Outcomes
}

// Misses asks the checks of w about an envelope, and returns the outcomes of w that they do
// not find. A check that is Pending misses nothing. If there are none for a whole
// envelope, the policies decide about it as w says.
func (w *Witness) Misses(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) []Outcome {
	ctx = envelope.WithJudgement(ctx)
	var missed []Outcome
	for i, o := range w.Outcomes {
		if f := w.checks[i](ctx, r, e); f.Outcome != o.Outcome && f.Outcome != envelope.Pending {
			missed = append(missed, o)
		}
	}
	return missed
}

// Outcome is an outcome of a check. A check that shares its name with an earlier one
// has a number, as in "client.in (2)".
type Outcome struct {
	Check   string
	Outcome envelope.Outcome
}

// Decision is what a policy decides.
type Decision struct {
	// Action is Accept, TempFail or Reject.
	Action verdict.Action
	// Rule is the name of the rule that decides, "" if no rule does. For a forced
	// tempfail it is the first rule that a failure leaves unknown.
	Rule string
	// Place is the number of the rule, from 1. It is 0 if no rule decides.
	Place int
	// Forced reports whether failures force a tempfail.
	Forced bool
}

// String returns the decision in words, such as "reject by rule 7 (spf.notfail)".
func (d Decision) String() string {
	switch {
	case d.Forced:
		return fmt.Sprintf("tempfail forced by rule %d (%s)", d.Place, d.Rule)
	case d.Place == 0:
		return fmt.Sprintf("%v by no rule", d.Action)
	}
	return fmt.Sprintf("%v by rule %d (%s)", d.Action, d.Place, d.Rule)
}

// String returns the decisions and the outcomes in words:
//
//	accept by no rule, but reject by rule 7 (spf.notfail), if client.in and spf.notfail fail, and recipient.ours passes
func (w *Witness) String() string {
	var b strings.Builder
	for i, d := range w.Decisions {
		switch {
		case i == 0:
		case d.Action == w.Decisions[0].Action:
			b.WriteString(", and ")
		default:
			b.WriteString(", but ")
		}
		b.WriteString(d.String())
	}
	return b.String() + ", " + w.conditions()
}

// conditions returns the outcomes in words, those that pass last.
func (w *Witness) conditions() string {
	var parts []string
	for _, o := range [...]envelope.Outcome{envelope.Fail, envelope.None, envelope.PermError, envelope.TempError, envelope.Pass} {
		var names []string
		for _, one := range w.Outcomes {
			if one.Outcome == o {
				names = append(names, one.Check)
			}
		}
		if len(names) > 0 {
			parts = append(parts, enumerate(names)+" "+verb(o, len(names) == 1))
		}
	}
	if len(parts) == 0 {
		return "always"
	}
	return "if " + strings.Join(parts, ", and ")
}

func verb(o envelope.Outcome, one bool) string {
	be := map[bool]string{true: "is ", false: "are "}[one]
	switch {
	case o != envelope.Pass && o != envelope.Fail:
		return be + o.String()
	case !one:
		return o.String()
	case o == envelope.Pass:
		return "passes"
	}
	return "fails"
}

// enumerate returns "a, b and c".
func enumerate(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// witness returns a witness for a function that is 1 somewhere where the facts hold,
// nil if there is none. It has the outcomes of the checks to keep even if they do not
// matter.
func (m *model) witness(wanted node, keep ...int32) *Witness {
	all, ok := m.cheapest(m.and(m.facts, wanted))
	if !ok || m.tooLarge() {
		return nil
	}
	proven := m.constant(1)
	for _, p := range m.policies {
		end := m.at(p.ends, all)
		proven = m.and(proven, m.where(p.ends, func(e int) bool { return e == end }))
	}
	proven = m.choose(m.facts, proven, m.constant(1)) // what the facts forbid needs no proof
	fixed := slices.Repeat([]bool{true}, len(all))
	for i := len(all) - 1; i >= 0; i-- {
		if slices.Contains(keep, int32(i)) {
			continue
		}
		fixed[i] = false
		fixed[i] = !m.always(proven, all, fixed)
	}
	w := &Witness{}
	for i, u := range m.unknowns {
		if fixed[i] {
			w.Outcomes, w.checks = append(w.Outcomes, Outcome{u.title, finals[all[i]]}), append(w.checks, u.check)
		}
	}
	for _, p := range m.policies {
		w.Decisions = append(w.Decisions, p.decision(m.decide(p, all)))
	}
	return w
}

func (p *policy) decision(e end) Decision {
	d := Decision{Action: e.action, Forced: e.forced}
	if e.place < len(p.rules) {
		d.Place, d.Rule = e.place+1, p.rules[e.place].Name()
	}
	return d
}

// cheapest returns outcomes of all checks for which f is 1, with the least cost.
func (d *diagram) cheapest(f node) (all []outcome, ok bool) {
	const never = 1 << 30
	costs := map[node]int{}
	best := map[node]outcome{}
	var visit func(n node) int
	visit = func(n node) int {
		switch {
		case n == nowhere || d.isLeaf(n) && d.value(n) != 1:
			return never
		case d.isLeaf(n):
			return 0
		}
		if cost, ok := costs[n]; ok {
			return cost
		}
		least := never
		for o := range outcome(outcomeCount) {
			if d.domains[d.nodes[n].check].has(o) {
				if cost := visit(d.nodes[n].kids[o]) + o.cost(d.usual[d.nodes[n].check]); cost < least {
					least, best[n] = cost, o
				}
			}
		}
		costs[n] = least
		return least
	}
	if visit(f) >= never {
		return nil, false
	}
	all = slices.Clone(d.usual)
	for !d.isLeaf(f) {
		check := d.nodes[f].check
		all[check] = best[f]
		f = d.nodes[f].kids[best[f]]
	}
	return all, true
}

// always reports whether f is 1 for the outcomes that are fixed, whatever the others
// are.
func (d *diagram) always(f node, all []outcome, fixed []bool) bool {
	seen := map[node]bool{}
	var visit func(n node) bool
	visit = func(n node) bool {
		switch {
		case n == nowhere:
			return true
		case d.isLeaf(n):
			return d.value(n) == 1
		case seen[n]:
			return true
		}
		seen[n] = true
		b := d.nodes[n]
		if fixed[b.check] {
			return visit(b.kids[all[b.check]])
		}
		for _, kid := range b.kids {
			if !visit(kid) {
				return false
			}
		}
		return true
	}
	return visit(f)
}
