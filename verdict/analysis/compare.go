package analysis

import "mxrules.example/verdict"

// Implies reports whether b accepts every envelope that a accepts. If so, it returns
// nil; if not, a case in which a accepts and b does not.
func Implies(a, b verdict.Policy, facts ...Fact) (*Witness, error) {
	return compare(a, b, facts, func(a, b verdict.Action) bool { return a == verdict.Accept && b != verdict.Accept })
}

// Equivalent reports whether a and b take the same action for every envelope. If so,
// it returns nil; if not, a case in which they do not. Marks are not compared.
func Equivalent(a, b verdict.Policy, facts ...Fact) (*Witness, error) {
	return compare(a, b, facts, func(a, b verdict.Action) bool { return a != b })
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
