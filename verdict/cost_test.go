package verdict_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// slowBook is a phoneBook that answers after the time that a name begins with.
type slowBook struct{ phoneBook }

func (s *slowBook) LookupTXT(ctx context.Context, name string) ([]string, error) {
	answer, err := s.phoneBook.LookupTXT(ctx, name)
	first, _, _ := strings.Cut(name, ".")
	delay, _ := time.ParseDuration(first)
	select {
	case <-time.After(delay):
		return answer, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// lookups describes the questions of a verdict, and its cost.
func lookups(v verdict.Verdict) string {
	var b strings.Builder
	for _, l := range v.Lookups() {
		fmt.Fprintf(&b, "%s %v+%v %s", l.Name, l.Began, l.Duration, strings.Join(l.Rules, ","))
		for _, is := range []struct {
			so   bool
			word string
		}{{l.Shared(), "shared"}, {l.Reused, "reused"}, {l.Abandoned, "abandoned"}, {l.InVain, "in vain"}} {
			if is.so {
				b.WriteString(" " + is.word)
			}
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "%v; %v\n", v.Cost(), v.Cost().Duration)
	return b.String()
}

// asks returns a rule that refuses if a name is not published.
func asks(rule, name string) verdict.Rule { return verdict.RejectUnless(published(name)).Named(rule) }

func TestLookups(t *testing.T) {
	after := func(f envelope.Finding) verdict.Rule { // decides after two seconds
		return verdict.RejectUnless(envelope.At("slow", envelope.Connect, func(ctx context.Context, r envelope.Resolver, _ *envelope.Envelope) envelope.Finding {
			_, _ = envelope.LookupTXT(ctx, r, "2s.example.")
			return f
		}))
	}
	passed, failed := envelope.Passed(""), envelope.Failed("", reject, "it is slow")
	for _, tc := range []struct {
		name  string
		rules verdict.Rules
		want  string
	}{
		{"nothing", verdict.Rules{verdict.RejectUnless(pass("p"))}, "0; 0s\n"},
		{"shared by two rules, one of them later", verdict.Rules{after(passed), asks("two", "2s.example"), verdict.AcceptIf(fail("f"))},
			"2s.example. 0s+2s slow,two shared\n1 in 1 round, 1 shared; 2s\n"},
		{"after the deciding rule", verdict.Rules{after(failed), asks("soon", "1s.example"), asks("late", "3s.example")},
			"2s.example. 0s+2s slow\n1s.example. 0s+1s soon in vain\n3s.example. 0s+0s late abandoned in vain\n3 in 1 round, 2 in vain; 2s\n"},
		{"after the deciding rule, but shared with it", verdict.Rules{after(failed), asks("late", "2s.example")},
			"2s.example. 0s+2s slow,late shared\n1 in 1 round, 1 shared; 2s\n"},
		{"a trial, which asks after the decision", verdict.Rules{asks("trial", "1s.example").Shadow(), after(failed)},
			"2s.example. 0s+2s slow\n1s.example. 2s+1s trial\n2 in 2 rounds; 3s\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dns := &slowBook{phoneBook{txt: map[string]string{"1s.example.": "yes", "2s.example.": "yes", "3s.example.": "yes"}}}
				v := verdict.Policy{Rules: tc.rules}.Judge(t.Context(), dns, atConnect())
				if got := lookups(v); got != tc.want {
					t.Errorf("got\n%swant\n%s", got, tc.want)
				}
			})
		})
	}
}

// A verdict of a session says what an earlier stage asked for it, and a verdict that
// is not final calls nothing in vain.
func TestLookupsOfASession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dns := &slowBook{phoneBook{txt: map[string]string{"1s.example.": "yes", "3s.example.": "yes"}}}
		var got []string
		session := verdict.NewSession(t.Context(), verdict.Connection{
			Policy:   verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(late("message")), asks("early", "3s.example"), asks("again", "1s.example")}},
			Resolver: dns,
			Report:   func(_ context.Context, e verdict.Event) { got = append(got, lookups(e.Verdict)) },
		})
		defer session.Close()
		session.Connect(*atConnect())
		time.Sleep(2 * time.Second)
		session.Mail(*atConnect(), nil)
		session.Rcpt(*atConnect(), nil)
		session.Data(envelope.NewMessage(nil), nil)
		want := []string{
			"3s.example. 0s+0s early abandoned\n1s.example. 0s+0s again abandoned\n2; 0s\n",
			"0; 0s\n",
			"0; 0s\n",
			"3s.example. -2s+3s early\n0 in 1 round; 1s\n", // the finding of the other rule is kept
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("reply %d: got\n%swant\n%s", i, got[i], want[i])
			}
		}
	})
}

func TestLookupsOfASecondRecipient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dns := &slowBook{phoneBook{txt: map[string]string{"1s.example.": "yes"}}}
		policy := verdict.Policy{Rules: verdict.Rules{asks("one", "1s.example")}}
		got := lookups(policy.JudgeEach(t.Context(), dns, atConnect(), "a@x.example", "b@x.example")[1])
		if want := "1s.example. 1s+0s one shared reused\n0, 1 shared; 1s\n"; got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	})
}

// The answer of a lookup is the one that some rule waited for, and that of the last
// lookup if it was cancelled and put again.
func TestLookupHasTheAnswer(t *testing.T) {
	const s = time.Second
	q := verdict.Question{Type: "TXT", Name: "a.example."}
	at := func(began, took time.Duration, reused, abandoned bool, err error) verdict.Question {
		q.Began, q.Duration, q.Reused, q.Abandoned, q.Err = began, took, reused, abandoned, err
		return q
	}
	for _, tc := range []struct {
		name          string
		first, second verdict.Question
		want          string
	}{
		{"only the second rule waited", at(0, 0, false, true, nil), at(1*s, 2*s, true, false, nil), "a.example. 0s+3s one,two shared\n"},
		{"only the first rule waited", at(0, 2*s, false, false, nil), at(1*s, 0, true, true, nil), "a.example. 0s+2s one,two shared\n"},
		{"cancelled and put again", at(-9*s, 1*s, false, false, context.Canceled), at(1*s, 2*s, false, false, nil), "a.example. 1s+2s one,two shared\n"},
	} {
		v := verdict.Verdict{Action: verdict.Accept, Trace: verdict.Trace{
			{Rule: "one", Questions: []verdict.Question{tc.first}}, {Rule: "two", Questions: []verdict.Question{tc.second}},
		}}
		if got := lookups(v); got != tc.want+"0, 1 shared; 0s\n" || v.Lookups()[0].Err != nil {
			t.Errorf("%s: got %s%v, want %s", tc.name, got, v.Lookups()[0].Err, tc.want)
		}
	}
}
