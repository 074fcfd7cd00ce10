package zone_test

import (
	"testing"

	"mxrules.example/envelope/zone"
)

func BenchmarkLookupNetIP(b *testing.B) {
	for _, bc := range []struct{ name, host string }{
		{"hit", "host1.example."},
		{"alias", "alias2.example."},
		{"wildcard", "any.wild.example."},
		{"nxdomain", "no.such.host1.example."},
	} {
		b.Run(bc.name, func(b *testing.B) {
			z, ctx, n := zone.MustParse(world), b.Context(), 0
			b.ReportAllocs()
			for b.Loop() {
				_, _ = z.LookupNetIP(ctx, "ip4", bc.host)
				if n++; n%1000 == 0 {
					z.Forget()
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		zone.MustParse(world)
	}
}
