package mxrules_test

import (
	"net/netip"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

func TestPolicy(t *testing.T) {
	dns := zone.MustParse(`
		1.2.0.192.in-addr.arpa. PTR mail.example.net.
		mail.example.net.       A   192.0.2.1
		2.2.0.192.in-addr.arpa. PTR mail.example.net.
	`).Failing("3.2.0.192.in-addr.arpa.", zone.SERVFAIL)

	for _, tc := range []struct{ name, ip, to, want string }{
		{"a good host", "192.0.2.1", "ann@example.org", "accept 250 2.0.0"},
		{"an attempt to relay", "192.0.2.1", "ann@example.com", "reject 554 5.7.1"},
		{"a forged name", "192.0.2.2", "ann@example.org", "reject 550 5.7.25"},
		{"an outage of DNS", "192.0.2.3", "ann@example.org", "tempfail 451 4.7.25"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v := policy.Judge(t.Context(), dns, &envelope.Envelope{
				ClientIP: netip.MustParseAddr(tc.ip), Helo: "mail.example.net", RcptTo: tc.to,
			})
			if got := v.Action.String() + " " + v.Status.String(); got != tc.want {
				t.Errorf("got %s, want %s: %s", got, tc.want, v.Explain())
			}
		})
	}
}
