package genericname_test

import (
	"net/netip"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/genericname"
)

func BenchmarkJudge(b *testing.B) {
	for _, bm := range []struct {
		kind, client string
		name         envelope.Host
	}{
		{"mail", "192.0.2.1", "mail-wr1-f41.search.example"},
		{"address", "192.0.2.1", "host192-0-2-1.city.isp.example"},
		{"word", "192.0.2.1", "a7.dhcp.city.isp.example"},
		{"six", "2001:db8:1:2:3:4:5:6", "mail-wr1-f41.search.example"},
		{"nibbles", "2001:db8:1a2b:3c4d:5e6f:7081:92a3:b4c5", "p20010db81a2b3c4d5e6f708192a3b4c5.dip0.telco.example"},
	} {
		b.Run(bm.kind, func(b *testing.B) {
			client := netip.MustParseAddr(bm.client)
			b.ReportAllocs()
			for b.Loop() {
				genericname.Judge(bm.name, client)
			}
		})
	}
}
