package rdns_test

import (
	"context"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/rdns"
)

// BenchmarkChecks measures each check for a client that passes, with DNS in memory.
func BenchmarkChecks(b *testing.B) {
	for _, bm := range []struct {
		name  string
		check envelope.Check
	}{
		{"Exists", rdns.Exists},
		{"Confirmed", rdns.Confirmed},
		{"NotGeneric", rdns.NotGeneric},
		{"In", rdns.In("mx.example.net", ".example.com", ".example.org")},
		{"NotIn", rdns.NotIn("mx.example.net", ".example.com", ".isp.example")},
		{"MatchesHelo", rdns.MatchesHelo},
		{"BacksHelo", rdns.BacksHelo("example.net", "example.com", "example.org")},
	} {
		b.Run(bm.name, func(b *testing.B) {
			dns := world()
			e := envelope.Envelope{ClientIP: address("1"), Helo: "mail.example.org"}
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if got := bm.check(ctx, dns, &e); got.Outcome != pass {
					b.Fatalf("%v %s", got.Outcome, got.Text)
				}
				dns.Forget()
			}
		})
	}
}

// BenchmarkJudgement measures all checks in one judgement.
func BenchmarkJudgement(b *testing.B) {
	dns := world()
	e := envelope.Envelope{ClientIP: address("1"), Helo: "mail.example.org"}
	checks := everyCheck()
	b.ReportAllocs()
	for b.Loop() {
		ctx := envelope.WithJudgement(context.Background())
		for _, check := range checks {
			check(ctx, dns, &e)
		}
		dns.Forget()
	}
}
