package verdict

import (
	"slices"

	"mxrules.example/envelope"
)

// Condition is a condition of a rule. It holds if its check passes, or with Unless if
// its check does not pass.
type Condition struct {
	Check  envelope.Check
	Unless bool
}

// Check returns the check of the rule, nil if it has none.
func (r Rule) Check() envelope.Check { return r.check }

// Conditions returns the conditions of the rule, in the order of the calls of When and
// Unless.
func (r Rule) Conditions() []Condition {
	conditions := make([]Condition, len(r.conditions))
	for i, c := range r.conditions {
		conditions[i] = Condition{c.check, c.unless}
	}
	return conditions
}

// WithoutCondition returns the rule without the condition at index i of Conditions. A
// test of a policy uses it to find out whether the condition matters. It panics if
// there is no such condition.
func (r Rule) WithoutCondition(i int) Rule {
	r.conditions = slices.Delete(slices.Clone(r.conditions), i, i+1)
	return r
}

// Replacing returns the rule with its checks replaced: replace is called with the check of
// the rule, and then with that of each condition, in the order of Conditions. The rule
// keeps its name. It is for programs that judge again what was judged before.
func (r Rule) Replacing(replace func(envelope.Check) envelope.Check) Rule {
	if r.check != nil {
		r.check = replace(r.check)
		r.described = describe(r.check)
	}
	r.conditions = slices.Clone(r.conditions)
	for i := range r.conditions {
		c := &r.conditions[i]
		c.check = replace(c.check)
		c.described = describe(c.check)
	}
	return r
}

// Action returns what the rule does for an outcome of its check. It is zero if the law
// decides, which is always so for Pending, and for TempError without [Rule.On] or
// [Rule.Ignoring].
func (r Rule) Action(outcome envelope.Outcome) Action {
	switch {
	case outcome.Known():
		return r.action(outcome)
	case outcome == envelope.TempError:
		return r.actions[outcome]
	}
	return 0
}

// Mark returns the mark that the rule sets, "" if it sets none.
func (r Rule) Mark() string {
	if slices.Contains(r.actions[:], Mark) {
		return r.tag()
	}
	return ""
}

// Ignores reports whether the rule does nothing if one of its conditions is a TempError
// ([Rule.Ignoring]).
func (r Rule) Ignores() bool { return r.ignores }

// IsShadow reports whether the rule is a trial ([Rule.Shadow]).
func (r Rule) IsShadow() bool { return r.shadow }

// Place returns the index of the rule of the step in the rules of the policy.
func (s Step) Place() int { return s.place }
