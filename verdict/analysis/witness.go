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
	// Outcomes has the outcomes that matter. Whatever other checks find, the policies
	// decide the same. For a question that has an answer in every case, it is empty.
	Outcomes Outcomes
	// Decisions are those of the policies of the question, in its order.
	Decisions []Decision

	names  []string         // of Outcomes, in the order of the rules
	checks []envelope.Check // of these names
}

// Misses asks the checks of w about an envelope, and returns the outcomes of w that they do
// not find. A check that is Pending misses nothing. If there are none for a whole
// envelope, the policies decide about it as w says.
func (w *Witness) Misses(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) Outcomes {
	ctx = envelope.WithJudgement(ctx)
	missed := Outcomes{}
	for i, name := range w.names {
		if f := w.checks[i](ctx, r, e); f.Outcome != w.Outcomes[name] && f.Outcome != envelope.Pending {
			missed[name] = w.Outcomes[name]
		}
	}
	return missed
}

// Outcomes are outcomes of checks by their names. A check that shares its name with an
// earlier one of the policy has a number in a witness, as in "client.in (2)". In a question
// the name alone stands for all of them.
type Outcomes map[string]envelope.Outcome

// Decision is what a policy decides.
type Decision struct {
	// Action is Accept, TempFail or Reject.
	Action verdict.Action
	// Rule is the name of the rule that decides, "" if no rule does. For a forced
	// tempfail it is the first rule that a failure leaves unknown.
	Rule string
	// Number is the place of the rule, from 1. It is 0 if no rule decides.
	Number int
	// Forced reports whether failures force a tempfail.
	Forced bool
	// Mark is a mark in which two policies differ that both accept, see [Equivalent]. It is
	// "" if the question is about actions.
	Mark string
	// Marked reports whether the policy sets Mark.
	Marked bool
	// Undecided reports whether a failure leaves it open whether the policy sets Mark.
	Undecided bool
}

// String returns the decision in words, such as "reject by rule 7 (spf.notfail)" or
// "accept by no rule, not marked "generic"".
func (d Decision) String() string {
	text := d.Action.String()
	switch {
	case d.Forced:
		text += " forced by " + numbered(d.Number, d.Rule)
	case d.Number == 0:
		text += " by no rule"
	default:
		text += " by " + numbered(d.Number, d.Rule)
	}
	switch {
	case d.Mark == "":
		return text
	case d.Marked:
		return fmt.Sprintf("%s, marked %q", text, d.Mark)
	case d.Undecided:
		return fmt.Sprintf("%s, mark %q undecided", text, d.Mark)
	}
	return fmt.Sprintf("%s, not marked %q", text, d.Mark)
}

// String returns the decisions and the outcomes in words:
//
//	accept by no rule, but reject by rule 7 (spf.notfail), if client.in and spf.notfail fail, and recipient.ours passes
func (w *Witness) String() string {
	var b strings.Builder
	for i, d := range w.Decisions {
		switch {
		case i == 0:
		case d.Action == w.Decisions[0].Action && d.Mark == "":
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
		for _, name := range w.names {
			if w.Outcomes[name] == o {
				names = append(names, name)
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
	all, ok := m.cheapest(m.and(m.facts, wanted), m.usual, func(check int32, o outcome) int { return o.cost(m.usual[check]) })
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
	w := &Witness{Outcomes: Outcomes{}}
	for i, u := range m.unknowns {
		if fixed[i] {
			w.Outcomes[u.title] = finals[all[i]]
			w.names, w.checks = append(w.names, u.title), append(w.checks, u.check)
		}
	}
	for _, p := range m.policies {
		w.Decisions = append(w.Decisions, p.decision(m.decide(p, all)))
	}
	return w
}

func (p *policy) decision(e end) Decision {
	d := Decision{Action: e.action, Forced: e.forced, Mark: p.mark, Marked: e.marking == marked, Undecided: e.marking == undecided}
	if e.place < len(p.rules) {
		d.Number, d.Rule = e.place+1, p.rules[e.place].Name()
	}
	return d
}

// never is the cost of what is impossible.
const never = 1 << 30

// cheapest returns outcomes of all checks for which f is 1, with the least cost. Checks
// that do not matter have those of rest.
func (d *diagram) cheapest(f node, rest []outcome, costOf func(check int32, o outcome) int) (all []outcome, ok bool) {
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
				if cost := visit(d.nodes[n].kids[o]) + costOf(d.nodes[n].check, o); cost < least {
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
	all = slices.Clone(rest)
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
