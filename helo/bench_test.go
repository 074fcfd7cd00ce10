package helo_test

import (
	"context"
	"net/netip"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/helo"
)

// BenchmarkChecks measures each check on a greeting that passes, with DNS in
// memory.
func BenchmarkChecks(b *testing.B) {
	ours := []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8::/32")}
	for _, bc := range []struct {
		name  string
		helo  string
		check envelope.Check
	}{
		{"Present", "mail.example.org", helo.Present},
		{"Syntax", "mail.example.org", helo.Syntax},
		{"SyntaxOfLiteral", "[192.0.2.1]", helo.Syntax},
		{"FQDN", "mail.example.org", helo.FQDN},
		{"Literal", "[192.0.2.1]", helo.Literal},
		{"Resolves", "mail.example.org", helo.Resolves},
		{"Matches", "mail.example.org", helo.Matches},
		{"NotOurs", "mail.example.org", helo.NotOurs([]string{"mx.example.net", ".example.com"}, ours)},
		{"NotGeneric", "mail.example.org", helo.NotGeneric},
		{"In", "mail.example.org", helo.In("mx.example.net", ".example.com", ".example.org")},
	} {
		b.Run(bc.name, func(b *testing.B) {
			dns := zone.MustParse("mail.example.org. A 192.0.2.1")
			e := envelope.Envelope{Helo: bc.helo, ClientIP: four}
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if got := bc.check(ctx, dns, &e); got.Outcome != envelope.Pass {
					b.Fatalf("%v %s", got.Outcome, got.Text)
				}
			}
		})
	}
}
