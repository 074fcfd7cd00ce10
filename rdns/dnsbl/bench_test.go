package dnsbl_test

import (
	"context"
	"net/netip"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/rdns/dnsbl"
)

// BenchmarkChecks measures each check with answers in memory.
func BenchmarkChecks(b *testing.B) {
	e4 := envelope.Envelope{ClientIP: address("192.0.2.1"), Helo: "mail.example.org", MailFrom: "a@example.org"}
	e6 := e4
	e6.ClientIP = address("2001:db8::1")
	nowhere := stranger{}
	listed := stranger{addrs: []netip.Addr{address("127.0.0.2")}, texts: []string{"see https://first.example/q/192.0.2.1"}}
	routed := stranger{texts: []string{"64500 | 192.0.2.0/24 | ZZ | registry | 2026-01-02"}}
	for _, bm := range []struct {
		name  string
		check envelope.Check
		dns   envelope.Resolver
		e     *envelope.Envelope
		want  envelope.Outcome
	}{
		{"NotListed/IPv4", dnsbl.NotListed(first, second, third), nowhere, &e4, pass},
		{"NotListed/IPv6", dnsbl.NotListed(first, second, third), nowhere, &e6, pass},
		{"NotListed/listed", dnsbl.NotListed(first, second, third), listed, &e4, fail},
		{"ScoreBelow", dnsbl.ScoreBelow(3, first, second, third), listed, &e4, fail},
		{"Listed", dnsbl.Listed(first, second, third), listed, &e4, pass},
		{"SenderNotListed", dnsbl.SenderNotListed(first, second, third), nowhere, &e4, pass},
		{"ASN", dnsbl.ASN(origin4, origin6, 64500), routed, &e4, pass},
	} {
		b.Run(bm.name, func(b *testing.B) {
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if got := bm.check(ctx, bm.dns, bm.e); got.Outcome != bm.want {
					b.Fatalf("%v %s", got.Outcome, got.Text)
				}
			}
		})
	}
}

func BenchmarkParseList(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dnsbl.ParseList("list.example=127.0.0.2-127.0.0.9,127.0.0.11,127.0.1.[2..99]"); err != nil {
			b.Fatal(err)
		}
	}
}
