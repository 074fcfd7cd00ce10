package main

import (
	"strings"
	"testing"

	"mxrules.example/examples/internal/postfixtest"
)

// mainCF has a Postfix that accepts mail for example.org and holds it, so that the test
// can read it.
const mainCF = `
myhostname = mx.example.org
relay_domains = example.org
smtpd_data_restrictions = check_client_access static:HOLD
`

// startPostfix starts a Postfix with the lines of the README, for a policy server at an
// address.
func startPostfix(t *testing.T, address string) *postfixtest.Postfix {
	return postfixtest.Start(t, mainCF+postfixtest.ReadmeLines(t, "127.0.0.1:10040", address))
}

// A real Postfix with the lines of the README gives the replies of the policy.
func TestPostfixAsks(t *testing.T) {
	address, stop := serveForTest(t, newTestServer(t), "127.0.0.1:0")
	defer stop()
	p := startPostfix(t, address)
	for _, tc := range []struct{ name, client, from, to, want string }{
		{"an unknown mailbox", "192.0.2.9", "ann@example.net", "nobody@example.org", "550 5.1.1 <nobody@example.org>: Recipient address rejected: there is no mailbox nobody@example.org here"},
		{"no PTR record", "192.0.2.77", "ann@example.net", "bob@example.org", "550 5.7.25 <bob@example.org>: Recipient address rejected: the client 192.0.2.77 has no PTR record"},
		{"SPF fails, and a signature could pass", "192.0.2.12", "ann@example.net", "bob@example.org", "250 "},
		{"greylisted", "192.0.2.11", "ann@example.net", "bob@example.org", "451 4.7.1 <bob@example.org>: Recipient address rejected: greylisted"},
		{"Postfix decides before", "192.0.2.9", "ann@example.net", "bob@example.com", "454 4.7.1 <bob@example.com>: Relay access denied"},
	} {
		c := p.Dial(t, "ADDR="+tc.client)
		replies := c.SayEach("EHLO mail.example.net", "MAIL FROM:<"+tc.from+">", "RCPT TO:<"+tc.to+">")
		if got := replies[2]; !strings.HasPrefix(got, tc.want) {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
		c.Close()
	}
	c := p.Dial(t, "ADDR=192.0.2.9")
	defer c.Close()
	replies := c.SayEach("EHLO mail.example.net", "MAIL FROM:<ann@example.net>", "RCPT TO:<bob@example.org>", "RCPT TO:<nobody@example.org>",
		"RCPT TO:<eve@example.org>", "DATA", "Subject: news\r\n\r\nhello\r\n.")
	if replies[2][:3] != "250" || replies[3][:3] != "550" || replies[4][:3] != "250" || replies[6][:3] != "250" {
		t.Errorf("a message for two recipients: %q", replies)
	}
	message := strings.Join(p.Queued(t, "hold"), "")
	if n := strings.Count(message, "Authentication-Results: mx.example.org;"); n != 1 {
		t.Errorf("the message has %d fields Authentication-Results:\n%s", n, message)
	}
	for _, want := range []string{"iprev=pass policy.iprev=192.0.2.9", "spf=pass smtp.mailfrom=example.net"} {
		if !strings.Contains(message, want) {
			t.Errorf("the message has no %q:\n%s", want, message)
		}
	}
}

// While policyd is down, Postfix takes the default action of the README.
func TestPostfixWithoutAPolicyServer(t *testing.T) {
	p := startPostfix(t, postfixtest.FreeAddress(t))
	c := p.Dial(t, "ADDR=192.0.2.77")
	defer c.Close()
	replies := c.SayEach("EHLO mail.example.net", "MAIL FROM:<ann@example.net>", "RCPT TO:<bob@example.org>")
	if !strings.HasPrefix(replies[2], "250") {
		t.Errorf("got %q", replies)
	}
}
