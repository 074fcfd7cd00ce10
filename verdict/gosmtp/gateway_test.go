package gosmtp_test

import (
	"net/netip"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/verdict"
	"mxrules.example/verdict/gosmtp"
)

// loopback makes the client of these tests a gateway.
func loopback(t *testing.T) *client.Gateways {
	t.Helper()
	gateways, err := client.ParseGateways([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, "gw.example.org")
	if err != nil {
		t.Fatal(err)
	}
	return gateways
}

func TestAGatewaysClientIsJudgedAndStamped(t *testing.T) {
	g := stamped(t, askingSPF,
		rejecting("client", envelope.Connect, func(e *envelope.Envelope) bool { return e.ClientIP != netip.MustParseAddr("198.51.100.9") }))
	g.Behind = loopback(t).Behind
	for _, tc := range []struct{ name, received, reply string }{
		{"accepted", "from mail.example.net (mail.example.net [198.51.100.9])", "250 ..."},
		{"rejected", "from mail.example.net (mail.example.net [198.51.100.10])", "550 5.7.1 client says no to"},
		{"unknown", "from mail.example.net", "451 4.3.0 the client behind the gateway cannot be identified, please try again later"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := &backend{}
			message := "Received: " + tc.received + " by gw.example.org\r\nSubject: x\r\n\r\nbody\r\n"
			serve(t, g, b).talk(t, toData).send(message + ".\r\n").expect(tc.reply)
			var want []string
			if tc.name == "accepted" {
				fields := strings.NewReplacer("127.0.0.1", "198.51.100.9", "client.example.net", "mail.example.net").Replace(ourFields)
				want = []string{fields + message}
			}
			equal(t, "messages", b.messages(), want)
		})
	}
}

func TestRefusalsOfAGatewayAreNotCounted(t *testing.T) {
	mailbox := envelope.WithoutClient(when("mailbox", envelope.Rcpt, always))
	g := &gosmtp.Guard{Policy: policyOf(verdict.RejectUnless(mailbox)), MaxRejections: 1, Behind: loopback(t).Behind}
	serve(t, g, &backend{}).talk(t, hello+`
		C: MAIL FROM:<a@a.example>
		S: 250 ...
		C: RCPT TO:<b@b.example>
		S: 550 5.7.1 mailbox says no to b@b.example
		C: RCPT TO:<c@b.example>
		S: 550 5.7.1 mailbox says no to c@b.example
	`)
}
