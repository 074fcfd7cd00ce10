package dnsbl_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/zone"
	"mxrules.example/rdns/dnsbl"
)

// All lists are asked together, and then all reasons.
func TestListsAreAskedTogether(t *testing.T) {
	var lists []dnsbl.List
	var everywhere, last strings.Builder
	for i := range 10 {
		zone := fmt.Sprintf("list%d.example", i)
		lists = append(lists, dnsbl.List{Zone: zone})
		for _, subject := range []string{"1.2.0.192", "bad.example", "worse.example"} {
			fmt.Fprintf(&everywhere, "%s.%s. A 127.0.0.2\n", subject, zone)
		}
	}
	fmt.Fprintln(&last, "1.2.0.192.list9.example. A 127.0.0.2")
	names := "1.2.0.192.in-addr.arpa. PTR bad.example.\n1.2.0.192.in-addr.arpa. PTR worse.example.\n"
	for _, tc := range []struct {
		name, zone string
		check      envelope.Check
		want       int
	}{
		{"on none", "", dnsbl.NotListed(lists...), 1},
		{"on none that it should be on", "", dnsbl.Listed(lists...), 1},
		{"on the last that it should be on", last.String(), dnsbl.Listed(lists...), 1},
		{"on the last", last.String(), dnsbl.NotListed(lists...), 2},
		{"on all, with ten reasons", everywhere.String(), dnsbl.ScoreBelow(10, lists...), 2},
		{"on too few", last.String(), dnsbl.ScoreBelow(2, lists...), 1},
		{"the name of HELO on all", everywhere.String(), dnsbl.HeloNotListed(lists...), 2},
		{"the sender on none", "", dnsbl.SenderNotListed(lists...), 1},
		{"two reverse names on none", names, dnsbl.PTRNotListed(lists...), 2},
		{"two reverse names on all", names + everywhere.String(), dnsbl.PTRNotListed(lists...), 3},
		{"ten lists probed", "", probing(lists), 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := &envelope.Envelope{ClientIP: address("1"), Helo: "bad.example", MailFrom: "ann@bad.example"}
			if got := envelopetest.Rounds(t, tc.check, zone.MustParse(tc.zone), e); got != tc.want {
				t.Errorf("%d rounds, want %d", got, tc.want)
			}
		})
	}
}

// probing is a check that probes lists.
func probing(lists []dnsbl.List) envelope.Check {
	return func(ctx context.Context, r envelope.Resolver, _ *envelope.Envelope) envelope.Finding {
		_, err := dnsbl.Probe(ctx, r, lists...)
		return envelope.Finding{Err: err}
	}
}
