package main

import (
	"net"
	"net/netip"
	"testing"

	"mxrules.example/envelope"
)

// behindGateway configures a gateway with this address, which is also that of all
// clients.
func behindGateway(t *testing.T, args ...string) func(*site) {
	t.Helper()
	var o options
	err := o.flagSet().Parse(append([]string{"-gateways", "192.0.2.25/32", "-gateway-names", "gw.example.org"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	behind, err := o.gateways.behind()
	if err != nil {
		t.Fatal(err)
	}
	return func(s *site) {
		s.behind = behind
		s.pretend = func(_ net.Conn, e *envelope.Envelope) { e.ClientIP = netip.MustParseAddr("192.0.2.25") }
	}
}

func TestMailOfAGatewayIsJudgedAboutItsClient(t *testing.T) {
	const (
		from = "bob@good.example"
		good = "Received: from mail.good.example (mail.good.example [198.51.100.10])\r\n\tby gw.example.org (Postfix) with ESMTP; date\r\n"
		bad  = "Received: from mail.good.example (unknown [203.0.113.5])\r\n\tby gw.example.org (Postfix) with ESMTP; date\r\n"
	)
	for _, tc := range []struct {
		name     string
		to       string
		received string
		missing  string // -gateway-missing
		want     string
	}{
		{"a good client", "alice@example.org", good, "tempfail", "message 250 2.0.0"},
		{"a client without a PTR record", "alice@example.org", bad, "tempfail", "message 550 5.7.25"},
		{"only the first field counts", "alice@example.org", bad + good, "tempfail", "message 550 5.7.25"},
		{"a mailbox that does not exist", "nobody@example.org", good, "tempfail", "RCPT 550 5.1.1"},
		{"no field", "alice@example.org", "", "tempfail", "message 451 4.3.0"},
		{"no field, the gateway itself", "alice@example.org", "", "itself", "message 550 5.7.25"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			mx := startReceiver(t, behindGateway(t, "-gateway-missing", tc.missing))
			checkEnd(t, mx.address.String(), conversation{lines: mail("gw.example.org", from, tc.to), fields: tc.received}, tc.want)
		})
	}
}

func TestOtherClientsThanGatewaysAreJudgedAtRCPT(t *testing.T) {
	mx := startReceiver(t, behindGateway(t), func(s *site) {
		s.pretend = func(_ net.Conn, e *envelope.Envelope) { e.ClientIP = netip.MustParseAddr("203.0.113.5") }
	})
	checkEnd(t, mx.address.String(), conversation{lines: mail("mail.good.example", "bob@good.example", "alice@example.org")}, "RCPT 550 5.7.25")
}
