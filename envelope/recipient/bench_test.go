package recipient_test

import (
	"context"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/zone"
)

// BenchmarkChecks measures each check on a recipient, with DNS in memory.
func BenchmarkChecks(b *testing.B) {
	ours := recipient.Ours("example.org", "example.net", ".example.com", "[192.0.2.25]")
	listed := recipient.Listed(mailboxes(b))
	for _, bc := range []struct {
		name, rcpt string
		check      envelope.Check
		want       envelope.Outcome
	}{
		{"Syntax", "ann@example.org", recipient.Syntax, envelope.Pass},
		{"FQDN", "ann@example.org", recipient.FQDN, envelope.Pass},
		{"Ours", "ann@example.org", ours, envelope.Pass},
		{"OursBelow", "ann@mx.example.com", ours, envelope.Pass},
		{"OursForeign", "ann@other.example", ours, envelope.Fail},
		{"OursPostmaster", "postmaster", ours, envelope.Pass},
		{"Listed", "ann@example.org", listed, envelope.Pass},
		{"ListedUnknown", "erin@example.org", listed, envelope.Fail},
		{"TakesMail", "ann@example.org", recipient.TakesMail, envelope.Pass},
		{"Role", "abuse@example.org", recipient.Role([]string{"example.org"}), envelope.Pass},
		{"In", "ann@example.org", recipient.In("bob@example.org", "ann@example.org", ".example.com"), envelope.Pass},
	} {
		b.Run(bc.name, func(b *testing.B) {
			dns := zone.MustParse(world)
			e := to(bc.rcpt)
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if got := bc.check(ctx, dns, e); got.Outcome != bc.want {
					b.Fatalf("%v %s", got.Outcome, got.Text)
				}
			}
		})
	}
}
