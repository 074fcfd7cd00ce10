package verdict_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// phoneBook is a Resolver that answers TXT questions from a map and counts them.
type phoneBook struct {
	envelope.Resolver
	txt   map[string]string
	mu    sync.Mutex
	count int
}

func (p *phoneBook) LookupTXT(_ context.Context, name string) ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count++
	if txt, ok := p.txt[name]; ok {
		return []string{txt}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func published(name string) envelope.Check {
	return envelope.At("published", envelope.Connect, func(ctx context.Context, r envelope.Resolver, _ *envelope.Envelope) envelope.Finding {
		switch _, err := envelope.LookupTXT(ctx, r, name); {
		case err == nil:
			return envelope.Passed("")
		case envelope.NotFound(err):
			return envelope.Failed("", reject, "%s is not published", name)
		default:
			return envelope.Temporary("", err)
		}
	})
}

func describe(v verdict.Verdict) string {
	var b strings.Builder
	for _, s := range v.Trace {
		fmt.Fprintf(&b, "%s:", s.Rule)
		for _, c := range s.Conditions {
			fmt.Fprintf(&b, " [%s %v]", c.Check, c.Outcome)
		}
		if s.Off {
			b.WriteString(" off")
		} else {
			fmt.Fprintf(&b, " %v", s.Finding.Outcome)
		}
		fmt.Fprintf(&b, " -> %q", s.Action.String())
		if s.Shadow {
			b.WriteString(" (shadow)")
		}
		for _, q := range s.Questions {
			fmt.Fprintf(&b, " %s %s reused=%v found=%v", q.Type, q.Name, q.Reused, q.Err == nil)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestTraceHasFindingsAndQuestions(t *testing.T) {
	dns := &phoneBook{txt: map[string]string{"a.example.": "yes"}}
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(published("A.example")).Named("one"),
		verdict.RejectUnless(published("b.example")).Shadow().Named("trial"),
		verdict.RejectUnless(fail("x")).When(published("b.example")).Named("two"),
		verdict.AcceptIf(late("p")).Unless(pass("c")),
		verdict.RejectUnless(published("a.example.")).On(envelope.Pass, verdict.Reject).Named("three"),
		verdict.RejectUnless(pass("unreached")),
	}}
	got := policy.Judge(t.Context(), dns, atConnect())
	want := `one: pass -> "continue" TXT a.example. reused=false found=true
trial: fail -> "reject" (shadow) TXT b.example. reused=true found=false
two: [published fail] off -> "continue" TXT b.example. reused=false found=false
p: [c pass] off -> "continue"
three: pass -> "reject" TXT a.example. reused=true found=true
`
	if text := describe(got); text != want {
		t.Errorf("got\n%swant\n%s", text, want)
	}
	if dns.count != 2 || got.Cost().Questions != 2 {
		t.Errorf("%d questions were put, the verdict counts %d; want 2", dns.count, got.Cost().Questions)
	}
}

func TestShadowRulesAreAskedAfterTheVerdict(t *testing.T) {
	got := judge(t, atConnect(), verdict.RejectUnless(fail("s")).Shadow(), verdict.RejectUnless(late("p")))
	if text := describe(got); strings.Contains(text, "shadow") || got.Action != verdict.Continue {
		t.Errorf("an unsettled verdict asked a shadow rule:\n%s", text)
	}
	got = judge(t, atConnect(), verdict.RejectUnless(fail("d")), verdict.RejectUnless(fail("s")).Shadow())
	if text := describe(got); strings.Contains(text, "shadow") {
		t.Errorf("a shadow rule after the decision was asked:\n%s", text)
	}
}

func TestChecksCanAskDNSConcurrently(t *testing.T) {
	dns := &phoneBook{}
	check := envelope.At("wide", envelope.Connect, func(ctx context.Context, r envelope.Resolver, _ *envelope.Envelope) envelope.Finding {
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() { _, _ = envelope.LookupTXT(ctx, r, fmt.Sprintf("n%d.example", i%4)) })
		}
		wg.Wait()
		return envelope.Passed("")
	})
	got := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(check)}}.Judge(t.Context(), dns, atConnect())
	if n := len(got.Trace[0].Questions); n != 16 || dns.count != 4 || got.Cost().Questions != 4 {
		t.Errorf("%d questions traced, %d put, %d counted; want 16, 4, 4", n, dns.count, got.Cost().Questions)
	}
}

func TestWithoutAResolverEveryQuestionFails(t *testing.T) {
	got := judge(t, atConnect(), verdict.RejectUnless(published("a.example")))
	if got.Action != verdict.TempFail || !got.Forced {
		t.Errorf("got %v", got.Action)
	}
	exists := envelope.At("exists", envelope.Connect, func(ctx context.Context, r envelope.Resolver, _ *envelope.Envelope) envelope.Finding {
		if _, err := envelope.Exists(ctx, r, "a.example"); err != nil {
			return envelope.Temporary("", err)
		}
		return envelope.Passed("")
	})
	if got := judge(t, atConnect(), verdict.RejectUnless(exists)); got.Action != verdict.TempFail {
		t.Errorf("got %v", got.Action)
	}
}

func TestJudgeEachSharesQuestions(t *testing.T) {
	policy := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(published("a.example"))}}
	dns := &phoneBook{}
	got := policy.JudgeEach(t.Context(), dns, atConnect(), "a@x.example", "b@x.example")
	if dns.count != 1 || got[0].Cost().Questions != 1 || got[1].Cost().Questions != 0 {
		t.Errorf("%d questions put, counted %d and %d", dns.count, got[0].Cost().Questions, got[1].Cost().Questions)
	}
}
