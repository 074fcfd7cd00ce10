// Package rulebook makes the policies of the scenario files of examples/policies, for the
// tests of each server that plays them.
package rulebook

import (
	"fmt"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/examples/policies"
	"mxrules.example/verdict"
	"mxrules.example/verdict/scenario/play"
)

// names are those of the policies of package policies.
func names() []string { return []string{"standard", "strict", "bulk", "submission", "trial"} }

// Policies returns the policies of package policies, for the sites that scenarios describe.
func Policies() play.Policies {
	all := play.Policies{}
	for _, name := range names() {
		all[name] = func(s play.Site) (verdict.Policy, error) {
			site, err := siteOf(s)
			if err != nil {
				return verdict.Policy{}, err
			}
			policy, err := policies.Named(name)
			if err != nil {
				return verdict.Policy{}, err
			}
			return policy(site)
		}
	}
	return all
}

// WithRules returns the same policies and the policy "rules", whose rules are those of the
// setting "rules", written as in Go without punctuation:
//
//	set rules RejectUnless helo.Resolves Unless client.Authenticated MarkUnless dkim.Pass unsigned
//
// An unknown word is an error of the policy.
func WithRules() play.Policies {
	all := Policies()
	all["rules"] = func(s play.Site) (verdict.Policy, error) {
		checks, err := checksFor(s)
		if err != nil {
			return verdict.Policy{}, err
		}
		policy := verdict.Policy{Rules: rulesFrom(s.Settings["rules"], checks), Timeout: time.Minute}
		return policy, policy.Validate()
	}
	return all
}

// rulesFrom returns the rules that words describe. An unknown word makes a rule that
// Validate reports.
func rulesFrom(words []string, checks map[string]envelope.Check) (rules verdict.Rules) {
	next := func() string {
		if len(words) == 0 {
			return ""
		}
		word := words[0]
		words = words[1:]
		return word
	}
	check := func() envelope.Check {
		name := next()
		if c, ok := checks[name]; ok {
			return c
		}
		return envelope.Misconfigured(name, envelope.Connect, fmt.Errorf("there is no check %q", name))
	}
	for len(words) > 0 {
		last := len(rules) - 1
		switch word := next(); {
		case word == "AcceptIf":
			rules = append(rules, verdict.AcceptIf(check()))
		case word == "RejectIf":
			rules = append(rules, verdict.RejectIf(check()))
		case word == "RejectUnless":
			rules = append(rules, verdict.RejectUnless(check()))
		case word == "TempFailIf":
			rules = append(rules, verdict.TempFailIf(check()))
		case word == "TempFailUnless":
			rules = append(rules, verdict.TempFailUnless(check()))
		case word == "MarkIf":
			rules = append(rules, verdict.MarkIf(check(), next()))
		case word == "MarkUnless":
			rules = append(rules, verdict.MarkUnless(check(), next()))
		case word == "When" && last >= 0:
			rules[last] = rules[last].When(check())
		case word == "Unless" && last >= 0:
			rules[last] = rules[last].Unless(check())
		case word == "IgnoringFailures" && last >= 0:
			rules[last] = rules[last].Ignoring(envelope.TempError)
		case word == "Shadow" && last >= 0:
			rules[last] = rules[last].Shadow()
		case word == "See" && last >= 0:
			rules[last] = rules[last].See(next())
		default:
			rules = append(rules, verdict.RejectUnless(envelope.Misconfigured(word, envelope.Connect, fmt.Errorf("%q begins no rule", word))))
		}
	}
	return rules
}
