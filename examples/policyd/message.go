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
func withoutMessage(p verdict.Policy) verdict.Policy {
	p.Rules = slices.Clone(p.Rules)
	for i, rule := range p.Rules {
		depends := false
		replaced := rule.Replacing(func(check envelope.Check) envelope.Check {
			check, reads := unknowing(check)
			depends = depends || reads
			return check
		})
		if depends {
			p.Rules[i] = replaced.Ignoring(envelope.TempError)
		}
	}
	return p
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
	switch name, from := check.Describe(); {
	case word == "all" && reads:
		return envelope.All(operands...), true
	case word == "any" && reads:
		return envelope.Any(operands...), true
	case word == "not" && reads:
		return envelope.Not(operands[0]), true
	case word == "" && from == envelope.Data:
		return envelope.At(name, envelope.Rcpt, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
			return envelope.Temporary(name, errNoMessage)
		}), true
	}
	return check, false
}
