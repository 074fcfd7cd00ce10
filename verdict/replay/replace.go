package replay

import (
	"slices"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// place says which check of a policy it is: the index of its rule, and 0 for the check of
// the rule or the number of its condition, from 1.
type place struct{ rule, part int }

// replacing returns the policy with each check, also of conditions, replaced by what
// replace returns.
func replacing(p verdict.Policy, replace func(place, envelope.Check) envelope.Check) verdict.Policy {
	p.Rules = slices.Clone(p.Rules)
	for i, rule := range p.Rules {
		part := 0
		p.Rules[i] = rule.Replacing(func(check envelope.Check) envelope.Check {
			at := place{i, part}
			part++
			return replace(at, check)
		})
	}
	return p
}
