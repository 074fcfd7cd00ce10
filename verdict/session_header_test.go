package verdict_test

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
)

// publishedByHeader returns a check at Data that looks up n names at once, as soon as
// the header of the message has come.
func publishedByHeader(n int, domain string) envelope.Check {
	check := publishedAll(n, domain)
	return func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if e.Arriving() {
			check(ctx, r, e)
		}
		return envelope.At(domain, envelope.Data, check)(ctx, r, e)
	}
}

// The event of the message counts the questions that were asked by its header, once.
func TestEarlyLookups(t *testing.T) {
	const text = "*.a. TXT yes\n*.b. TXT yes"
	for _, tc := range []struct {
		name       string
		policy     verdict.Policy
		recipients int
		asked      int // early
		code       uint16
		waited     time.Duration
	}{
		{"one recipient", verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(publishedByHeader(3, "a"))}}, 1, 3, 250, 0},
		{"two recipients", verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(publishedByHeader(3, "a"))}}, 2, 3, 250, 0},
		{"a rule after one that waits", verdict.Policy{Rules: verdict.Rules{
			verdict.RejectUnless(publishedByHeader(1, "a")), verdict.RejectUnless(publishedByHeader(2, "b")),
		}}, 1, 3, 250, 0},
		{"a condition that does not hold", verdict.Policy{Rules: verdict.Rules{
			verdict.RejectUnless(publishedByHeader(3, "a")).When(says("never", envelope.Rcpt, envelope.Fail)),
		}}, 1, 0, 250, 0},
		{"accepted before", verdict.Policy{Rules: verdict.Rules{
			verdict.AcceptIf(says("friend", envelope.Rcpt, envelope.Pass)), verdict.RejectUnless(publishedByHeader(3, "a")),
		}}, 1, 0, 250, 0},
		{"no recipient", verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(publishedByHeader(3, "a"))}}, 0, 0, 503, 0},
		{"a lookup that fails", verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(publishedByHeader(3, "broken"))}}, 1, 3, 451, 0},
		{"longer than the timeout", verdict.Policy{Timeout: time.Minute, Rules: verdict.Rules{verdict.RejectUnless(publishedByHeader(1, "slow"))}}, 1, 1, 451, time.Minute},
		// By the header it is open whether the second rule is off, and so are more questions
		// needed than the message needs.
		{"more than MaxQuestions", verdict.Policy{MaxQuestions: 3, Rules: verdict.Rules{
			verdict.RejectUnless(publishedByHeader(1, "a")),
			verdict.RejectUnless(publishedByHeader(2, "b")).Unless(late("off")),
			verdict.RejectUnless(publishedByHeader(1, "c")),
		}}, 1, 3, 550, time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dns := zone.MustParse(text).Failing("*.broken.", zone.SERVFAIL).Delaying("*.", time.Second).Delaying("*.slow.", time.Hour)
				var event verdict.Event
				session := verdict.NewSession(t.Context(), verdict.Connection{Policy: tc.policy, Resolver: dns,
					Report: func(_ context.Context, e verdict.Event) { event = e }})
				defer session.Close()
				e := envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "h.example.org", MailFrom: "ann@example.org", RcptTo: "bob@example.net"}
				session.Connect(e)
				session.Helo(e)
				session.Mail(e, nil)
				for range tc.recipients {
					session.Rcpt(e, nil)
				}
				message := arriving(t, session.Header, time.Hour/2)
				early := len(dns.Asked())
				began := time.Now()
				reply := session.Data(message, nil)
				if reply.Status.Code != tc.code || time.Since(began) != tc.waited || early != tc.asked {
					t.Errorf("%v after %v, with %d questions before; want %d after %v with %d", reply, time.Since(began), early, tc.code, tc.waited, tc.asked)
				}
				var lookups []string
				for _, l := range event.Verdict.Lookups() {
					lookups = append(lookups, l.Name+" "+l.Type)
				}
				for _, question := range dns.Asked() {
					if !slices.Contains(lookups, question) {
						t.Errorf("the event has no lookup %s: %q", question, lookups)
					}
				}
				if n := event.Verdict.Cost().Questions; n != len(dns.Asked()) {
					t.Errorf("the event counts %d of %d questions: %s", n, len(dns.Asked()), strings.TrimSpace(event.Verdict.Explain()))
				}
			})
		})
	}
}
