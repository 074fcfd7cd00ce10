package identity_test

import (
	"context"
	"net/netip"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/greylist/identity"
)

// BenchmarkOf measures each kind of identity, with DNS in memory.
func BenchmarkOf(b *testing.B) {
	for _, bm := range []struct{ name, client, from string }{
		{"spf", "192.0.2.1", "ann@sender.example"},
		{"rdns", "192.0.2.2", "ann@none.example"},
		{"network", "192.0.2.5", "ann@none.example"},
	} {
		b.Run(bm.name, func(b *testing.B) {
			r := dns()
			e := envelope.Envelope{ClientIP: netip.MustParseAddr(bm.client), MailFrom: bm.from}
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := identity.Of(ctx, r, &e); err != nil {
					b.Fatal(err)
				}
				r.Forget()
			}
		})
	}
}
