package picture

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/internal/leaves"
)

// patience bounds the calls of all checks of a policy.
const patience = 2 * time.Second

// rule is a rule as both forms draw it. Its texts are clean.
type rule struct {
	number  int
	name    string
	details []string       // its check, its conditions, and what it does about failures
	from    envelope.Stage // from which its check and all its conditions answer
	does    []does
	asks    []string // types of questions to DNS
	shadow  bool
}

// does is what a rule does for one outcome.
type does struct {
	outcome envelope.Outcome
	action  verdict.Action
	mark    string // of verdict.Mark
}

func newRules(rules verdict.Rules) []rule {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	all := make([]rule, len(rules))
	for i := range rules {
		all[i] = newRule(ctx, rules[i])
		all[i].number = i + 1
	}
	return all
}

func newRule(ctx context.Context, r verdict.Rule) rule {
	one := rule{name: clean(r.Name()), shadow: r.IsShadow()}
	if name, _ := r.Check().Describe(); name != r.Name() {
		one.details = append(one.details, "checks "+clean(name))
	}
	checks := leaves.Of(r.Check())
	for _, c := range r.Conditions() {
		name, _ := c.Check.Describe()
		form := "only if %s passes"
		if c.Unless {
			form = "not if %s passes"
		}
		one.details = append(one.details, fmt.Sprintf(form, clean(name)))
		checks = append(checks, leaves.Of(c.Check)...)
	}
	if r.Ignores() {
		one.details = append(one.details, "does nothing if a lookup fails")
	}
	if one.shadow {
		one.details = append(one.details, "trial: decides nothing")
	}
	for _, check := range checks {
		_, from := check.Describe()
		one.from = max(one.from, from)
	}
	one.does = actions(r)
	one.asks = questions(ctx, checks)
	return one
}

// actions returns what a rule does for each outcome for which it does something.
func actions(r verdict.Rule) (all []does) {
	for _, outcome := range [...]envelope.Outcome{envelope.Pass, envelope.Fail, envelope.None, envelope.PermError, envelope.TempError} {
		switch action := r.Action(outcome); action {
		case 0, verdict.Continue:
		case verdict.Mark:
			all = append(all, does{outcome, action, clean(r.Mark())})
		default:
			all = append(all, does{outcome, action, ""})
		}
	}
	return all
}

// when describes an outcome of a check.
func (d does) when() string {
	switch d.outcome {
	case envelope.Pass:
		return "passes"
	case envelope.Fail:
		return "fails"
	case envelope.None:
		return "does not apply"
	case envelope.PermError:
		return "invalid record"
	}
	return "lookup fails"
}

// what describes an action.
func (d does) what() string {
	if d.action == verdict.Mark {
		return "mark " + d.mark
	}
	return d.action.String()
}

// tally counts the rules.
func tally(rules []rule) string {
	asking, data := 0, 0
	for _, r := range rules {
		if len(r.asks) > 0 {
			asking++
		}
		if r.from == envelope.Data {
			data++
		}
	}
	return fmt.Sprintf("Rules: %d. Asking DNS: %d. Waiting for the message: %d.", len(rules), asking, data)
}

func clean(text string) string { return envelope.Excerpt(text) }

func join(texts []string) string { return strings.Join(texts, ", ") }
