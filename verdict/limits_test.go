package verdict_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
)

// publishedAll returns a check that looks up each of n names below domain at once.
func publishedAll(n int, domain string) envelope.Check {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("n%d.%s", i, domain)
	}
	return envelope.At(domain, envelope.Connect, func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) (f envelope.Finding) {
		for _, found := range envelope.Concurrently(ctx, names, func(ctx context.Context, name string) envelope.Finding {
			return published(name)(ctx, r, e)
		}) {
			if f = found; f.Outcome != envelope.Pass {
				break
			}
		}
		return f
	})
}

func TestQuestionsAreBounded(t *testing.T) {
	long := `"` + strings.Repeat("x", 250) + `" `
	dns := func() *zone.Zone {
		return zone.MustParse("*.few. TXT yes\n*.long. TXT "+strings.Repeat(long, 200)).Delaying("*.", time.Second)
	}
	few := func(n int) verdict.Rule { return verdict.RejectUnless(publishedAll(n, "few")) }
	for _, tc := range []struct {
		name   string
		policy verdict.Policy
		asked  int
		rounds time.Duration
		cause  string
	}{
		{"at once", verdict.Policy{Rules: verdict.Rules{few(100)}}, 100, 1, ""},
		{"in turns", verdict.Policy{Rules: verdict.Rules{few(500)}}, 500, 4, ""},
		{"too many", verdict.Policy{Rules: verdict.Rules{few(600)}}, 500, 4, "more than 500 questions (Policy.MaxQuestions)"},
		{"too many sequentially", verdict.Policy{Rules: verdict.Rules{few(600)}, Sequential: true}, 500, 500, "more than 500 questions (Policy.MaxQuestions)"},
		{"asked by two rules", verdict.Policy{Rules: verdict.Rules{few(3), few(4)}, MaxQuestions: 4}, 4, 1, ""},
		{"too many of two rules", verdict.Policy{Rules: verdict.Rules{few(3), few(4)}, MaxQuestions: 3}, 3, 1, "more than 3 questions (Policy.MaxQuestions)"},
		{"a mark", verdict.Policy{Rules: verdict.Rules{verdict.MarkUnless(publishedAll(9, "few"), "m")}, MaxQuestions: 3}, 3, 1, ""},
		{"long answers", verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(publishedAll(30, "long"))}}, 30, 1, "the answers have more than 1048576 octets"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dns, began := dns(), time.Now()
				v := tc.policy.Judge(t.Context(), dns, &envelope.Envelope{ClientIP: mapped})
				if took := time.Since(began); len(dns.Asked()) != tc.asked || v.Cost().Questions != tc.asked || took != tc.rounds*time.Second {
					t.Errorf("asked %d, counted %d, took %v; want %d in %d rounds", len(dns.Asked()), v.Cost().Questions, took, tc.asked, tc.rounds)
				}
				if forced := tc.cause != ""; v.Forced != forced || !strings.Contains(v.Explain(), tc.cause) {
					t.Errorf("%v, want %q", v, tc.cause)
				}
			})
		})
	}
}

// Each command of a session may ask as many questions as the policy allows.
func TestQuestionsOfASessionAreBoundedForEachCommand(t *testing.T) {
	at := func(stage envelope.Stage, n int, domain string) verdict.Rule {
		return verdict.RejectUnless(envelope.At(domain, stage, publishedAll(n, domain)))
	}
	policy := verdict.Policy{MaxQuestions: 3, Rules: verdict.Rules{at(envelope.Connect, 3, "a"), at(envelope.Helo, 3, "b"), at(envelope.Mail, 4, "c")}}
	dns := zone.MustParse("*.a. TXT yes\n*.b. TXT yes\n*.c. TXT yes")
	session := verdict.NewSession(t.Context(), verdict.Connection{Policy: policy, Resolver: dns})
	defer session.Close()
	e := envelope.Envelope{ClientIP: mapped, Helo: "h.example.org", MailFrom: "a@example.org"}
	for command, reply := range []verdict.Reply{session.Connect(e), session.Helo(e), session.Mail(e, nil)} {
		if want := []int{2, 2, 4}[command]; reply.Status.Class() != want {
			t.Errorf("command %d: %v, want class %d", command, reply, want)
		}
	}
	if n := len(dns.Asked()); n != 9 {
		t.Errorf("asked %d questions", n)
	}
}

// A bound of questions only defers.
func TestLawABoundOfQuestionsOnlyDefers(t *testing.T) {
	deferred := 0
	forEachWorld(t, cases/2, func(t *testing.T, w *world) {
		w.tame = true
		rules := w.rules()
		s := w.slowly()
		synctest.Test(t, func(t *testing.T) {
			want := s.judge(t.Context(), verdict.Policy{Rules: rules}, envelope.Whole)
			got := s.judge(t.Context(), verdict.Policy{Rules: rules, MaxQuestions: 1 + w.rng.IntN(3)}, envelope.Whole)
			if got.onlyDefers(t, want) {
				deferred++
			}
		})
	})
	if deferred < cases/100 {
		t.Errorf("only %d deferrals: the generator tests nothing", deferred)
	}
}
