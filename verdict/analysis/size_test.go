package analysis_test

import (
	"errors"
	"fmt"
	"slices"
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

func BenchmarkVetOf60Rules(b *testing.B) {
	p := large(60)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := analysis.Vet(p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkImpliesOf60Rules(b *testing.B) {
	before := large(60)
	after := verdict.Policy{Rules: slices.Clone(before.Rules)}
	after.Rules[44] = after.Rules[44].Unless(before.Rules[1].Conditions()[0].Check)
	for name, other := range map[string]verdict.Policy{"one rule changed": after, "other checks": large(60)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if w, err := analysis.Implies(other, before); err != nil || w == nil {
					b.Fatal(w, err)
				}
			}
		})
	}
}

// Marks are compared one by one, if all actions are the same.
func BenchmarkEquivalentOf60Rules(b *testing.B) {
	p := large(60)
	b.ReportAllocs()
	for b.Loop() {
		if w, err := analysis.Equivalent(p, p); err != nil || w != nil {
			b.Fatal(w, err)
		}
	}
}

// hard returns a policy whose diagram has more than 2^n nodes: the first rule asks n
// checks, and each of the others pairs one of them with a check of its own.
func hard(n int) verdict.Policy {
	t := table{}
	first := make([]envelope.Check, n)
	for i := range first {
		first[i] = t.check(fmt.Sprint("first", i), envelope.Connect)
	}
	rules := verdict.Rules{verdict.AcceptIf(envelope.All(first...))}
	for i := range first {
		rules = append(rules, verdict.RejectIf(envelope.All(first[i], t.check(fmt.Sprint("second", i), envelope.Connect))))
	}
	return verdict.Policy{Rules: rules}
}

func TestTooLargeIsAnError(t *testing.T) {
	p := hard(40)
	ask := map[string]func() error{
		"Vet":     func() error { _, err := analysis.Vet(p); return err },
		"Implies": func() error { _, err := analysis.Implies(p, p); return err },
		"Find":    func() error { _, err := analysis.Find(p, analysis.Question{}); return err },
	}
	for name, ask := range ask {
		if err := ask(); !errors.Is(err, analysis.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The work grows with the rules, and not with the number of cases.
func TestWorkIsBounded(t *testing.T) {
	for n, most := range map[int]int{15: 25_000, 30: 200_000, 60: 1_000_000} {
		a, b := large(n), large(n)
		more := verdict.Policy{}
		for i, rule := range a.Rules {
			if i%4 == 1 {
				more.Rules = append(more.Rules, verdict.RejectUnless(table{}.check(fmt.Sprint("more", i), envelope.Mail)))
			}
			more.Rules = append(more.Rules, rule)
		}
		for name, other := range map[string]verdict.Policy{"with the same checks": a, "with other checks": b, "with rules in between": more} {
			steps := analysis.Steps(a, other)
			if steps < 0 || steps > most {
				t.Errorf("%d rules %s take %d steps, more than %d", n, name, steps, most)
			}
		}
	}
}
