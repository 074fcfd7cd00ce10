package dmarc_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/dmarc"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/spf"
	"mxrules.example/verdict"
)

// TestRounds tests that SPF, the keys of DKIM and the records of the walk are looked up
// concurrently. Every answer takes a second, so the seconds are the number of rounds.
// synctest fails the test if a goroutine is left.
func TestRounds(t *testing.T) {
	deep := "a.b.c.d.e.f.g.bank.example"
	for _, tc := range []struct {
		name, sender, author, signer string
		rounds                       time.Duration
		asks                         int
	}{
		{"a domain of its own", "someone@bank.example", "someone@bank.example", "bank.example", 1, 3},
		{"a domain of its own without a record", "someone@quiet.example", "someone@quiet.example", "quiet.example", 2, 4},
		{"eight names", "someone@evil.example", "someone@" + deep, "bank.example", 1, 10},
		{"no policy", "someone@quiet.example", "someone@quiet.example", "evil.example", 1, 4},
		{"two authors", "someone@evil.example", "a@bank.example, b@shop.example", "evil.example", 2, 5},
		{"a signature below the organization", "someone@evil.example", "someone@bank.example", "x.y.bank.example", 2, 6},
	} {
		for how, judge := range map[string]envelope.Check{
			"alone":       dmarc.NotReject,
			"in a policy": inPolicy(verdict.RejectUnless(dmarc.NotReject)),
			"after SPF and DKIM": inPolicy(
				verdict.MarkUnless(spf.NotFail, "spf"), verdict.MarkUnless(dkim.Pass, "dkim"),
				verdict.MarkUnless(dmarc.NotReject, "reject"), verdict.MarkUnless(dmarc.NotQuarantine, "quarantine")),
		} {
			t.Run(tc.name+"/"+how, func(t *testing.T) {
				dns := mail().Answering("s._domainkey.x.y.bank.example. TXT", publicKey()).Delaying("*.", time.Second)
				synctest.Test(t, func(t *testing.T) {
					e := signed(t, from(bad, tc.sender, tc.author), tc.signer)
					began := time.Now()
					judge(t.Context(), dns, e)
					if took := time.Since(began); took != tc.rounds*time.Second || len(dns.Asked()) != tc.asks {
						t.Errorf("%v after %d questions, want %ds and %d: %s", took, len(dns.Asked()), tc.rounds, tc.asks, dns.Asked())
					}
				})
			})
		}
	}
}

// Names above the author domain are asked only if the result can depend on them.
func TestNamesAboveAreNotAsked(t *testing.T) {
	for _, tc := range []struct {
		name, sender, author, signer string
		concurrently, sequentially   int
	}{
		{"only the author domain", "a@bank.example", "a@bank.example", "bank.example", 1, 1},
		{"a sender under another top-level domain", "a@evil.test", "a@bank.example", "bank.example", 1, 1},
		{"a sender of another domain", "a@quiet.example", "a@bank.example", "bank.example", 2, 2},
		{"a sender below", "a@mail.bank.example", "a@bank.example", "bank.example", 2, 2},
		{"a signature below", "a@bank.example", "a@bank.example", "x.bank.example", 2, 2},
		{"no record", "a@quiet.example", "a@quiet.example", "quiet.example", 2, 2},
		{"a record below the registered domain", "a@news.bank.example", "a@news.bank.example", "news.bank.example", 3, 1},
		{"a record above", "a@x.bank.example", "a@x.bank.example", "x.bank.example", 3, 3},
	} {
		for _, sequential := range []bool{false, true} {
			dns := mail().Answering("_dmarc.news.bank.example. TXT", `"v=DMARC1; p=none"`).Delaying("*.", time.Second)
			want := tc.concurrently
			if sequential {
				want = tc.sequentially
			}
			synctest.Test(t, func(t *testing.T) {
				policy := verdict.Policy{Sequential: sequential, Rules: verdict.Rules{verdict.RejectUnless(dmarc.NotReject)}}
				policy.Judge(t.Context(), dns, signed(t, from(bad, tc.sender, tc.author), tc.signer))
				if n := records(dns); n != want {
					t.Errorf("%s, sequential %v: %d records were looked up, want %d: %v", tc.name, sequential, n, want, dns.Asked())
				}
			})
		}
	}
}

// inPolicy returns a check that judges by rules.
func inPolicy(rules ...verdict.Rule) envelope.Check {
	return func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		verdict.Policy{Rules: rules}.Judge(ctx, r, e)
		return envelope.Finding{}
	}
}

// TestWalkDoesNotWaitForNamesAboveItsEnd has a walk that ends at psd=n. It does not wait
// for the names above, and its result does not depend on them.
func TestWalkDoesNotWaitForNamesAboveItsEnd(t *testing.T) {
	dns := zone.MustParse(`_dmarc.b.example. TXT "v=DMARC1; p=reject; psd=n"`).
		Delaying("*.", time.Second).Delaying("_dmarc.example. TXT", time.Hour).Failing("_dmarc.example. TXT", zone.SERVFAIL)
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		result := dmarc.Evaluate(t.Context(), dns, from(bad, "", "someone@a.b.example"))
		if took := time.Since(began); took != time.Second || result.Outcome != envelope.Fail || result.OrgDomain != "b.example" {
			t.Errorf("%v with the organizational domain %s after %v", result.Outcome, result.OrgDomain, took)
		}
	})
}
