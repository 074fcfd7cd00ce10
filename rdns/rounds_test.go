package rdns_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/zone"
	"mxrules.example/rdns"
)

// The addresses of all names are asked for together, wherever the good one stands.
func TestNamesAreConfirmedTogether(t *testing.T) {
	var text strings.Builder
	for i := range 10 {
		fmt.Fprintf(&text, "1.2.0.192.in-addr.arpa. PTR mail%d.example.org.\n", i)
	}
	none := text.String()
	for _, tc := range []struct {
		name, zone string
		check      envelope.Check
		helo       string
		want       int
	}{
		{"the last of ten", none + "mail9.example.org. A 192.0.2.1", rdns.Confirmed, "", 2},
		{"the first of ten", none + "mail0.example.org. A 192.0.2.1", rdns.Confirmed, "", 2},
		{"none of ten", none, rdns.Confirmed, "", 2},
		{"ten in a set", none, rdns.In(".example.org"), "", 2},
		{"ten that back HELO", none, rdns.BacksHelo("example.org"), "example.org", 2},
		{"no name", "", rdns.Confirmed, "", 1},
		{"ten that need not lead back", none, rdns.Exists, "", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: tc.helo}
			if got := envelopetest.Rounds(t, tc.check, zone.MustParse(tc.zone), e); got != tc.want {
				t.Errorf("%d rounds, want %d", got, tc.want)
			}
		})
	}
}
