package dmarc_test

import (
	"context"
	"io"
	"testing"

	"mxrules.example/dmarc"
	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

// BenchmarkEvaluate measures the algorithm alone with DNS in memory, which takes most
// of the time.
func BenchmarkEvaluate(b *testing.B) {
	for _, bm := range []struct {
		name string
		in   dmarc.Input
	}{
		{"the same domain", dmarc.Input{From: []string{"example.org"}, SPF: dmarc.SPF{Domain: "example.org", Result: "pass"}}},
		{"a subdomain", dmarc.Input{From: []string{"example.org"}, DKIM: []dmarc.DKIM{{Domain: "mail.example.org", Result: "pass"}}}},
		{"forged", dmarc.Input{From: []string{"example.org"}, SPF: dmarc.SPF{Domain: "evil.example", Result: "pass"}}},
		{"no policy", dmarc.Input{From: []string{"example.net"}}},
		{"eight questions", dmarc.Input{From: []string{"a.b.c.d.e.f.g.h.i.j.k.l.m.n.example.org"}}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			dns := zone.MustParse(`_dmarc.example.org. TXT "v=DMARC1; p=reject; rua=mailto:dmarc@example.org"`)
			b.ReportAllocs()
			for b.Loop() {
				dmarc.Judge(context.Background(), dns, bm.in)
				dns.Forget()
			}
		})
	}
}

// BenchmarkJudgement measures all checks of the package on one message with one
// signature, with SPF and DKIM.
func BenchmarkJudgement(b *testing.B) {
	dns, checks := mail(), everyCheck()
	e := signed(b, from(good, "someone@bank.example", "someone@bank.example"), "bank.example")
	raw, err := io.ReadAll(e.Message.Open())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		e.Message = envelope.NewMessage(raw) // one message is not read twice
		ctx := envelope.WithJudgement(context.Background())
		for _, check := range checks {
			check(ctx, dns, e)
		}
		dns.Forget()
	}
}
