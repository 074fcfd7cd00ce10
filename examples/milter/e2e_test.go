package main

import (
	"strings"
	"testing"

	"mxrules.example/examples/internal/postfixtest"
)

// mainCF has a Postfix that relays for example.org. It defers every accepted message, so
// that the test can read it.
const mainCF = `
myhostname = mx.example.org
relay_domains = example.org
defer_transports = relay
smtpd_peername_lookup = no
smtpd_recipient_restrictions = reject_unauth_destination
`

func TestPostfix(t *testing.T) {
	address := startServer(t, newTestServer(t))
	p := postfixtest.Start(t, mainCF+postfixtest.ReadmeLines(t, "127.0.0.1:10050", address))
	c := p.Dial(t, "ADDR=192.0.2.9")
	for _, line := range []string{"EHLO mail.example.net", "MAIL FROM:<ann@example.net>", "RCPT TO:<nobody@example.org>", "RCPT TO:<a%b@example.org>",
		`RCPT TO:<"a b"@example.org>`, "RCPT TO:<bob@example.org>", "RCPT TO:<eve@example.org>", "DATA",
		strings.ReplaceAll("X: y\nAuthentication-Results: other.example; spf=pass\nAuthentication-Results : mx.example.org; spf=pass\nFrom: ann@example.net\nDate: Thu, 01 Jan 2026 12:00:00 +0000\nSubject: a\n b\n\nbody\n.", "\n", "\r\n"), "QUIT"} {
		t.Log(line, "->", c.Say(line))
	}
	for _, q := range []string{"incoming", "active", "deferred", "hold"} {
		for _, m := range p.Queued(t, q) {
			t.Log(q, m)
		}
	}
	t.Log(p.Log(t))
}
