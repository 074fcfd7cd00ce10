package analysis

import (
	"fmt"
	"slices"
	"strings"

	"mxrules.example/verdict"
)

// Kind is a kind of mistake.
type Kind string

const (
	// NeverDecides: no outcome makes the rule decide, because earlier rules decide
	// first, or because its check and its conditions exclude each other.
	NeverDecides Kind = "never decides"
	// NeverMarks: the mark of the rule can never be set.
	NeverMarks Kind = "never marks"
)

// Mistake is something in a policy that is probably not meant.
type Mistake struct {
	Kind Kind
	// Rule is the name of the rule, and Place its number, from 1. They are zero if the
	// mistake is one of the whole policy.
	Rule  string
	Place int
	// Text says what is wrong, in one sentence.
	Text string
	// Witness is a case in which the mistake shows, nil if there is none to show.
	Witness *Witness
}

// String returns the rule and the text, and the witness:
//
//	rule 3 (helo.syntax) can never decide: rule 1 (helo.syntax) decides first
func (m Mistake) String() string {
	text := m.Text
	if m.Place > 0 {
		text = numbered(m.Place, m.Rule) + " " + text
	}
	if m.Witness != nil {
		text += "; " + m.Witness.String()
	}
	return text
}

func numbered(place int, name string) string { return fmt.Sprintf("rule %d (%s)", place, name) }

// Vet returns the mistakes in a policy, in the order of the list of [Kind] and of the
// rules. A mistake can be meant: then say in a comment why. An error says that the policy
// is invalid, or that it is too large.
func Vet(p verdict.Policy, facts ...Fact) ([]Mistake, error) {
	p.Soft = false // the mistakes are those of the policy that it is to become
	m, err := newModel(facts, p)
	if err != nil {
		return nil, err
	}
	v := vet{model: m, policy: m.policies[0]}
	for _, look := range []func(){v.neverDecides, v.neverMarks} {
		look()
	}
	return v.found, m.err()
}

// vet looks for mistakes in one policy.
type vet struct {
	*model
	policy *policy
	found  []Mistake
}

// report adds a mistake of the rule at an index.
func (v *vet) report(kind Kind, i int, w *Witness, format string, args ...any) {
	m := Mistake{Kind: kind, Text: fmt.Sprintf(format, args...), Witness: w}
	if i >= 0 && i < len(v.policy.rules) {
		m.Place, m.Rule = i+1, v.policy.rules[i].Name()
	}
	v.found = append(v.found, m)
}

// rulesThat yields the rules that take an action for an outcome, without shadow rules.
func (v *vet) rulesThat(does func(actions) bool) (places []int) {
	for i := range v.policy.rules {
		r := &v.policy.rules[i]
		if r.IsShadow() {
			continue
		}
		all := mayFor(r, tempError)
		for o := range tempError {
			all |= mayFor(r, o)
		}
		if does(all) {
			places = append(places, i)
		}
	}
	return places
}

func (v *vet) neverDecides() {
	decides := map[int]bool{}
	for number := range v.values(v.policy.ends, v.facts) {
		if e := endOf(number); !e.forced {
			decides[e.place] = true
		}
	}
	for _, i := range v.rulesThat(func(s actions) bool { return s.deciding() != 0 || s == actions(0).with(verdict.Continue) }) {
		if !decides[i] {
			v.report(NeverDecides, i, nil, "can never decide: %s", v.cover(i))
		}
	}
}

// cover says why a rule never decides: the fewest earlier rules that leave nothing
// for it.
func (v *vet) cover(i int) string {
	would := v.and(v.facts, v.where(v.policy.readings[i], func(s int) bool { return actions(s).size() == 1 && actions(s).deciding() != 0 }))
	leaves := func(rules []int) bool { // something for rule i
		left := would
		for _, j := range rules {
			left = v.and(left, v.where(v.policy.readings[j], func(s int) bool { return actions(s).deciding() == 0 }))
		}
		return left != v.constant(0)
	}
	var needed []int
	for j := range i {
		needed = append(needed, j)
	}
	for _, j := range slices.Clone(needed) {
		if without := slices.DeleteFunc(slices.Clone(needed), func(k int) bool { return k == j }); !leaves(without) {
			needed = without
		}
	}
	if len(needed) == 0 {
		return "there are no outcomes for which it would"
	}
	names := make([]string, len(needed))
	for n, place := range needed {
		names[n] = numbered(place+1, v.policy.rules[place].Name())
	}
	if len(names) == 1 {
		return names[0] + " decides first"
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1] + " decide first"
}

func (v *vet) neverMarks() {
	for _, i := range v.rulesThat(func(s actions) bool { return s.has(verdict.Mark) }) {
		sets := v.where(v.policy.readings[i], func(s int) bool { return actions(s) == actions(0).with(verdict.Mark) })
		accepts := v.where(v.policy.ends, func(n int) bool { return endOf(n).action == verdict.Accept && endOf(n).place > i })
		if v.and(v.facts, sets, accepts) == v.constant(0) {
			v.report(NeverMarks, i, nil, "can never set its mark %q on mail that is accepted", v.policy.rules[i].Mark())
		}
	}
}
