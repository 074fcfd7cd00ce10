package main

import (
	"context"
	"errors"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// withoutMessage returns the policy for mail whose message is never known. What a check of
// the message would find is unknown there, and a rule that depends on it does nothing: a
// rejection by SPF that a DKIM signature could prevent would lose forwarded mail. All
// other rules are the same. A rule about the message alone is left out; others stay,
// because what their conditions find, such as SPF, is a result to report.
func withoutMessage(p verdict.Policy) verdict.Policy {
	var rules verdict.Rules
	for _, rule := range p.Rules {
		if check := rule.Check(); check != nil && aboutMessage(check) && len(rule.Conditions()) == 0 {
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

// aboutMessage reports whether a check, which has no operands, reads the message.
func aboutMessage(check envelope.Check) bool {
	word, _ := check.Operands()
	_, from := check.Describe()
	return word == "" && from == envelope.Data
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
	case aboutMessage(check):
		return envelope.At(name, envelope.Rcpt, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
			return envelope.Temporary(name, errNoMessage)
		}), true
	}
	return check, false
}
