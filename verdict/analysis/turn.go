package analysis

import (
	"fmt"
	"slices"
	"unsafe"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// Checks returns the checks that the rules of a policy ask, by the names that [Outcomes]
// has for them. Combinations are taken apart, and shadow rules are left out.
func Checks(p verdict.Policy, facts ...Fact) map[string]envelope.Check {
	policies := []verdict.Policy{p}
	m := &model{places: map[unsafe.Pointer]int32{}, kinds: knowledgeOf(facts).kinds(policies)}
	m.addChecks(oneByOne(policies))
	m.title()
	checks := map[string]envelope.Check{}
	for _, u := range m.unknowns {
		checks[u.title] = u.check
	}
	return checks
}

// Turns returns the fewest findings that must turn before a policy accepts a message, each
// with the outcome that it must have. found has what the checks found; one that is missing
// may have any outcome. may reports whether the finding of a check can become an outcome;
// nil lets every check become everything except TempError. The facts hold for the findings
// after they have turned: if rdns.confirmed must pass, then rdns.exists must too.
//
// There are none if the policy accepts already. ok is false if it accepts for no findings
// that may turn.
func Turns(p verdict.Policy, found Outcomes, may func(check string, to envelope.Outcome) bool, facts ...Fact) (turns Outcomes, ok bool, err error) {
	m, err := newModel(facts, p)
	if err != nil {
		return nil, false, err
	}
	now, err := m.known(found)
	if err != nil {
		return nil, false, err
	}
	rest := slices.Clone(m.usual)
	for i, o := range now {
		rest[i] = o
	}
	const turned = 1000 // the cost of one, above those of all outcomes that are preferred
	accepts := m.where(m.policies[0].ends, func(n int) bool { return endOf(n).action == verdict.Accept })
	all, ok := m.cheapest(m.and(m.facts, accepts), rest, func(check int32, o outcome) int {
		was, is := now[check]
		switch {
		case is && was == o:
			return 0
		case o == tempError:
			return never
		case !is:
			return int(o)
		case may != nil && !may(m.unknowns[check].title, finals[o]):
			return never
		}
		return turned + int(o)
	})
	if !ok || m.tooLarge() {
		return nil, false, m.err()
	}
	turns = Outcomes{}
	for i, u := range m.unknowns {
		if was, is := now[int32(i)]; is && all[i] != was {
			turns[u.title] = finals[all[i]]
		}
	}
	return turns, true, nil
}

// known returns outcomes by the places of the checks.
func (m *model) known(list Outcomes) (map[int32]outcome, error) {
	known := map[int32]outcome{}
	for name, word := range list {
		o, final := outcomeFor(word)
		asked := false
		for i, u := range m.unknowns {
			if _, numbered := list[u.title]; name == u.title || name == u.name && !numbered {
				known[int32(i)], asked = o, true
			}
		}
		switch {
		case !final:
			return nil, fmt.Errorf("%q is not a final outcome of %s", word, name)
		case !asked:
			return nil, m.noCheck(name)
		}
	}
	return known, nil
}
