package main

import (
	"context"
	"errors"
	"slices"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// withoutMessage returns the policy for mail whose message is never known. What a check of
// the message would find is unknown there, and a rule that depends on it does nothing: a
// rejection by SPF that a DKIM signature could prevent would lose forwarded mail. All
// other rules are the same.
//
// A rule that never does anything is left out. If reports is set it stays if it has
// conditions, because what they find, such as SPF, is a result to report.
func withoutMessage(p verdict.Policy, reports bool) verdict.Policy {
	var rules verdict.Rules
	for _, rule := range p.Rules {
		if inert(rule) && !(reports && len(rule.Conditions()) > 0) {
			continue
		}
		depends := false
		replaced := rule.Replacing(func(check envelope.Check) envelope.Check {
			check, reads := unknowing(check)
			depends = depends || reads
			return check
		})
		if depends {
			rule = replaced.Ignoring(envelope.TempError)
		}
		rules = append(rules, rule)
	}
	p.Rules = rules
	return p
}

// inert reports whether a rule never does anything without a message: because its check or
// one of its conditions is about the message alone.
func inert(rule verdict.Rule) bool {
	if rule.Check() == nil {
		return false // a mistake, which Validate reports
	}
	conditions := rule.Conditions()
	return aboutMessage(rule.Check()) ||
		slices.ContainsFunc(conditions, func(c verdict.Condition) bool { return aboutMessage(c.Check) })
}

// aboutMessage reports whether a check reads the message and nothing else: its operands do,
// or it has none.
func aboutMessage(check envelope.Check) bool {
	_, from := check.Describe()
	_, operands := check.Operands()
	return from == envelope.Data && !slices.ContainsFunc(operands, func(operand envelope.Check) bool { return !aboutMessage(operand) })
}

var errNoMessage = errors.New("a policy server does not see the message")

// unknowing returns the check with each of its operands that reads the message replaced by
// one that fails, and whether there is one.
func unknowing(check envelope.Check) (replaced envelope.Check, reads bool) {
	word, operands := check.Operands()
	for i := range operands {
		replaced, found := unknowing(operands[i])
		operands[i], reads = replaced, reads || found
	}
	switch name, _ := check.Describe(); {
	case word == "all" && reads:
		return envelope.All(operands...), true
	case word == "any" && reads:
		return envelope.Any(operands...), true
	case word == "not" && reads:
		return envelope.Not(operands[0]), true
	case word == "" && aboutMessage(check):
		return envelope.At(name, envelope.Rcpt, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
			return envelope.Temporary(name, errNoMessage)
		}), true
	}
	return check, false
}
