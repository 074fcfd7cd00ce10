package verdict_test

import (
	"fmt"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

func twelveRules() verdict.Rules {
	rules := make(verdict.Rules, 12)
	for i := range rules {
		rules[i] = verdict.RejectUnless(pass(fmt.Sprintf("check%d", i)))
	}
	return rules
}

func BenchmarkJudgeTwelveLocalRules(b *testing.B) {
	policy := verdict.Policy{Rules: twelveRules()}
	env := envelope.Envelope{ClientIP: mapped, Helo: "mail.example.org"}
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if v := policy.Judge(ctx, nil, &env); v.Action != verdict.Accept {
			b.Fatal(v.Action)
		}
	}
}

func BenchmarkJudgeTwelveRulesOfWhichTheLastRejects(b *testing.B) {
	rules := twelveRules()
	rules[11] = verdict.RejectUnless(fail("check11"))
	policy := verdict.Policy{Rules: rules}
	env := envelope.Envelope{ClientIP: mapped, Helo: "mail.example.org"}
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if v := policy.Judge(ctx, nil, &env); v.Action != verdict.Reject {
			b.Fatal(v.Action)
		}
	}
}

func BenchmarkJudgeTwelveRulesThatShareOneQuestion(b *testing.B) {
	dns := &phoneBook{txt: map[string]string{"a.example.": "yes"}}
	rules := make(verdict.Rules, 12)
	for i := range rules {
		rules[i] = verdict.RejectUnless(published("a.example"))
	}
	policy := verdict.Policy{Rules: rules}
	env := envelope.Envelope{ClientIP: mapped}
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		policy.Judge(ctx, dns, &env)
	}
	b.ReportMetric(float64(dns.count)/float64(b.N), "questions/op")
}

func BenchmarkReply(b *testing.B) {
	v := verdict.Verdict{Action: verdict.Reject, Status: reject, Text: strings.Repeat("no such user here ", 4), Help: []string{"see https://mx.example.org/why"}}
	b.ReportAllocs()
	for b.Loop() {
		_ = v.Reply().String()
	}
}

func BenchmarkLogValue(b *testing.B) {
	e := envelope.Envelope{ClientIP: mapped, Helo: "mail.example.org", MailFrom: "ann@example.org", RcptTo: "bob@example.net"}
	v := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(fail("f"))}}.Judge(b.Context(), nil, &e)
	b.ReportAllocs()
	for b.Loop() {
		v.LogValue()
		e.LogValue()
	}
}

// The limit for twelve local rules is 8 allocations. Their time depends on the
// machine: see the benchmark.
func TestAllocationsOfTwelveLocalRules(t *testing.T) {
	policy := verdict.Policy{Rules: twelveRules()}
	env := envelope.Envelope{ClientIP: mapped, Helo: "mail.example.org"}
	if n := testing.AllocsPerRun(100, func() { policy.Judge(t.Context(), nil, &env) }); n > 8 {
		t.Errorf("%v allocations, want at most 8", n)
	}
}
