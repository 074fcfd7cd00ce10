package analysis_test

import (
	"fmt"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/analysis"
)

// large returns a policy of n rules with conditions: six checks are conditions of many
// rules, as logins and networks are, and every rule has a check of its own.
func large(n int) verdict.Policy {
	t := table{}
	shared := make([]envelope.Check, 6)
	for i := range shared {
		shared[i] = t.check(fmt.Sprint("shared", i), envelope.Connect)
	}
	var rules verdict.Rules
	for i := range n {
		check := t.check(fmt.Sprint("check", i), envelope.Rcpt)
		a, b := shared[i%len(shared)], shared[(i/7)%len(shared)]
		switch i % 5 {
		case 0:
			rules = append(rules, verdict.AcceptIf(check).When(envelope.Any(a, b)))
		case 1:
			rules = append(rules, verdict.TempFailUnless(check).Unless(a))
		case 2:
			rules = append(rules, verdict.MarkIf(check, "mark").When(a))
		default:
			rules = append(rules, verdict.RejectUnless(check).Unless(a).When(b))
		}
	}
	return verdict.Policy{Rules: rules}
}

func BenchmarkImplies(b *testing.B) {
	p := large(60)
	q := verdict.Policy{Rules: append(verdict.Rules{}, p.Rules...)}
	q.Rules[40] = q.Rules[40].Unless(p.Rules[1].Conditions()[0].Check)
	b.ReportAllocs()
	for b.Loop() {
		w, err := analysis.Implies(p, q)
		if err != nil {
			b.Fatal(err)
		}
		_ = w
	}
}
