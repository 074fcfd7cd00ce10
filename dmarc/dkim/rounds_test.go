package dkim_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// TestKeysTakeOneRound tests that the keys of all signatures are looked up concurrently.
// synctest fails the test if a goroutine is left.
func TestKeysTakeOneRound(t *testing.T) {
	raw := []byte(junk(9, "junk.example", mail) + sign(usual, mail, rsaKey()))
	for name, verify := range map[string]func(context.Context, envelope.Resolver, *envelope.Envelope){
		"alone": func(ctx context.Context, dns envelope.Resolver, e *envelope.Envelope) { dkim.Evaluate(ctx, dns, e) },
		"in a policy": func(ctx context.Context, dns envelope.Resolver, e *envelope.Envelope) {
			verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(dkim.Pass)}}.Judge(ctx, dns, e)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dns := world().Delaying("*.", time.Second)
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				verify(t.Context(), dns, &envelope.Envelope{Message: envelope.NewMessage(raw), Now: now})
				if rounds := time.Since(began); rounds != time.Second || len(dns.Asked()) != 10 {
					t.Errorf("%v after %d questions", rounds, len(dns.Asked()))
				}
			})
		})
	}
}

func TestEvaluateWithoutAMessage(t *testing.T) {
	signed := envelope.NewMessage([]byte(sign(usual, mail, rsaKey())))
	for name, e := range map[string]*envelope.Envelope{
		"before Data": {Stage: envelope.Rcpt, Message: signed, Now: now},
		"no message":  {Now: now},
	} {
		if result := dkim.Evaluate(t.Context(), world(), e); result.Signatures == nil || len(result.Signatures) > 0 || result.Passed() {
			t.Errorf("%s: %s", name, said(result))
		}
	}
}
