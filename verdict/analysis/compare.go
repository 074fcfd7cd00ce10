package analysis

import (
	"slices"

	"mxrules.example/verdict"
)

// Implies reports whether b accepts every envelope that a accepts. If so, it returns
// nil; if not, a case in which a accepts and b does not. Marks are not compared: see
// [Equivalent].
func Implies(a, b verdict.Policy, facts ...Fact) (*Witness, error) {
	return compare(a, b, facts, func(a, b verdict.Action) bool { return a == verdict.Accept && b != verdict.Accept })
}

// Equivalent reports whether a and b do the same with every envelope: they take the same
// action, and on what they accept they set the same marks and leave the same marks
// undecided. If so, it returns nil; if not, a case in which they do not, with other actions
// if there is one. Otherwise the decisions of the case are about one mark that differs.
func Equivalent(a, b verdict.Policy, facts ...Fact) (*Witness, error) {
	m, err := newModel(facts, a, b)
	if err != nil {
		return nil, err
	}
	if w := m.witness(m.differ(func(a, b verdict.Action) bool { return a != b })); w != nil || m.tooLarge() {
		return w, m.err()
	}
	before := m.policies
	for _, mark := range marksOf(a, b) {
		m.policies = []*policy{m.buildFor(mark, before[0]), m.buildFor(mark, before[1])}
		if w := m.witness(m.differInMark()); w != nil || m.tooLarge() {
			return w, m.err()
		}
	}
	return nil, nil
}

// marksOf returns the marks that policies can set, each once.
func marksOf(policies ...verdict.Policy) (marks []string) {
	for _, p := range policies {
		for i := range p.Rules {
			if r := &p.Rules[i]; !r.IsShadow() && r.Mark() != "" && !slices.Contains(marks, r.Mark()) {
				marks = append(marks, r.Mark())
			}
		}
	}
	return marks
}

// Disjoint reports whether there is no envelope that both a and b accept. If so, it
// returns nil; if not, a case in which both accept.
func Disjoint(a, b verdict.Policy, facts ...Fact) (*Witness, error) {
	return compare(a, b, facts, func(a, b verdict.Action) bool { return a == verdict.Accept && b == verdict.Accept })
}

// compare returns a case in which the actions of two policies are as wanted.
func compare(a, b verdict.Policy, facts []Fact, wanted func(a, b verdict.Action) bool) (*Witness, error) {
	m, err := newModel(facts, a, b)
	if err != nil {
		return nil, err
	}
	return m.witness(m.differ(wanted)), m.err()
}

// differ returns the function that is 1 where the actions of two policies are as wanted.
func (m *model) differ(wanted func(a, b verdict.Action) bool) node {
	action := func(number int) int { return int(endOf(number).action) }
	return m.merge(m.convert(m.policies[0].ends, action), m.convert(m.policies[1].ends, action), func(a, b int) int {
		if wanted(verdict.Action(a), verdict.Action(b)) {
			return 1
		}
		return 0
	})
}

// differInMark returns the function that is 1 where two policies that take the same action
// do not do the same about the mark that they are built for.
func (m *model) differInMark() node {
	return m.merge(m.policies[0].ends, m.policies[1].ends, func(a, b int) int {
		if endOf(a).marking != endOf(b).marking {
			return 1
		}
		return 0
	})
}
