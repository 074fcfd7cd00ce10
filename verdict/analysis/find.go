package analysis

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mxrules.example/verdict"
)

// Question asks for cases. Each field that is set restricts them.
type Question struct {
	// Action is what the policy decides.
	Action verdict.Action
	// Rule is the name of the rule that decides.
	Rule string
	// When has outcomes of checks.
	When Outcomes
}

// Find returns cases in which a policy decides as a question says: the simplest one for
// each rule that decides so, in the order of the rules, then one in which no rule decides,
// then one in which a failure forces a tempfail. So no result means that there is no such
// case.
//
//	// Which mail is accepted without TLS?
//	analysis.Find(policy, analysis.Question{Action: verdict.Accept, When: analysis.Outcomes{"client.tls": envelope.Fail}})
//
// A name that no rule asks is an error: no verdict depends on it.
func Find(p verdict.Policy, q Question, facts ...Fact) ([]*Witness, error) {
	m, err := newModel(facts, p)
	if err != nil {
		return nil, err
	}
	when, keep, err := m.when(q.When)
	if err != nil {
		return nil, err
	}
	if rules := namesOf(p); q.Rule != "" && !slices.Contains(rules, q.Rule) {
		return nil, fmt.Errorf("there is no rule %q; the rules are %s", q.Rule, strings.Join(rules, ", "))
	}
	only := m.policies[0]
	var witnesses []*Witness
	for _, number := range inOrder(m.values(only.ends, m.and(m.facts, when))) {
		e := endOf(number)
		decided := only.decision(e)
		if q.Action != 0 && q.Action != e.action || q.Rule != "" && (e.forced || q.Rule != decided.Rule) {
			continue
		}
		ends := m.where(only.ends, func(n int) bool { return n == number })
		if w := m.witness(m.and(when, ends), keep...); w != nil {
			witnesses = append(witnesses, w)
		}
	}
	return witnesses, m.err()
}

// namesOf returns the names of the rules of a policy.
func namesOf(p verdict.Policy) (names []string) {
	for _, r := range p.Rules {
		names = append(names, r.Name())
	}
	return names
}

// inOrder returns numbers of ends in the order of the rules, forced ones last.
func inOrder(numbers map[int]bool) []int {
	return slices.SortedFunc(maps.Keys(numbers), func(a, b int) int {
		x, y := endOf(a), endOf(b)
		if x.forced != y.forced {
			if x.forced {
				return 1
			}
			return -1
		}
		return cmp.Compare(a, b)
	})
}

// when returns the function that is 1 for these outcomes, and the places of the checks.
func (m *model) when(list Outcomes) (node, []int32, error) {
	all, places := m.constant(1), []int32{}
	for _, name := range slices.Sorted(maps.Keys(list)) {
		o, ok := outcomeFor(list[name])
		if !ok {
			return nowhere, nil, fmt.Errorf("%q is not a final outcome of %s", list[name], name)
		}
		asked := len(places)
		for i, u := range m.unknowns {
			if name != u.name && name != u.title {
				continue
			}
			if !m.domains[i].has(o) {
				return nowhere, nil, fmt.Errorf("%s is never %v", name, list[name])
			}
			places = append(places, int32(i))
			all = m.and(all, m.where(m.outcomeOf(int32(i)), func(v int) bool { return outcome(v) == o }))
		}
		if len(places) == asked {
			return nowhere, nil, m.noCheck(name)
		}
	}
	return all, places, nil
}

// noCheck returns the error for a name that no check has.
func (m *model) noCheck(name string) error {
	var titles []string
	for _, u := range m.unknowns {
		titles = append(titles, u.title)
	}
	return fmt.Errorf("no rule asks a check %q; the rules ask %s", name, strings.Join(titles, ", "))
}
