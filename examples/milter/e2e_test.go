package main

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/examples/internal/postfixtest"
	"mxrules.example/helo"
	"mxrules.example/verdict"
)

// mainCF has a Postfix that accepts mail for example.org. Without a queue manager the mail
// stays in the queue incoming.
const mainCF = `
myhostname = mx.example.org
relay_domains = example.org
master_service_disable = qmgr/unix
smtpd_recipient_restrictions = reject_unauth_destination
`

// startPostfix starts a Postfix with the lines of the README, for a milter at an address.
func startPostfix(t *testing.T, address string) *postfixtest.Postfix {
	return postfixtest.Start(t, mainCF+postfixtest.ReadmeLines(t, "127.0.0.1:10050", address))
}

// letter is a message with these lines on top of its header.
func letter(fields ...string) string {
	fields = append(fields, "From: ann@example.net", "Date: Thu, 01 Jan 2026 12:00:00 +0000", "Message-ID: <1@example.net>", "", "hello", ".")
	return strings.Join(fields, "\r\n")
}

// received returns the content of the message with this text in a queue of Postfix, as
// lines that end with LF.
func received(t *testing.T, p *postfixtest.Postfix, queue, text string) string {
	t.Helper()
	for _, m := range p.Queued(t, queue) {
		_, content, _ := strings.Cut(m, "*** MESSAGE CONTENTS ")
		_, content, _ = strings.Cut(content, "***\n")
		content, _, _ = strings.Cut(content, "*** HEADER EXTRACTED")
		if strings.Contains(content, text) {
			return content
		}
	}
	t.Errorf("no message with %q in the queue %s", text, queue)
	return ""
}

// A real Postfix with the lines of the README says what the policy says.
func TestPostfix(t *testing.T) {
	s := newTestServer(t)
	s.connection.Policy.Rules = slices.Concat(verdict.Rules{
		verdict.RejectIf(client.In([]netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")})),
		verdict.RejectIf(helo.In("refused.example")).Reply(envelope.Status{Code: 550, Subject: 7, Detail: 1}, "100% of {helo} is refused").
			See("https://mx.example.org/why?ip={ip}").See("or ask the postmaster"),
		verdict.TempFailIf(helo.In("busy.example")).Reply(envelope.Status{Code: 421, Subject: 7}, "come later"),
	}, s.connection.Policy.Rules)
	p := startPostfix(t, startServer(t, s))
	for _, tc := range []struct {
		name, client string
		says         []string // commands, each with the beginning of its reply
	}{
		{"several recipients", "ADDR=192.0.2.9", []string{
			"EHLO mail.example.net", "250-mx.example.org",
			"MAIL FROM:<ann@example.net>", "250 2.1.0 Ok",
			"RCPT TO:<nobody@example.org>", "550 5.1.1 there is no mailbox nobody@example.org here",
			`RCPT TO:<"a b"@example.org>`, `550 5.1.1 there is no mailbox "a b"@example.org here`,
			"RCPT TO:<bob@example.com>", "454 4.7.1 <bob@example.com>: Relay access denied", // of Postfix
			"RCPT TO:<bob@example.org>", "250 2.1.5 Ok",
			"RCPT TO:<eve@example.org>", "250 2.1.5 Ok",
			"RCPT TO:<postmaster@example.org>", "452 4.5.3 this recipient needs a transaction of its own, please send the message again",
			"DATA", "354",
			letter("Subject: several recipients"), "250 2.0.0 Ok: queued as",
		}},
		{"several messages", "ADDR=192.0.2.9", []string{
			"EHLO mail.example.net", "250-",
			"MAIL FROM:<ann@example.net>", "250", "RCPT TO:<bob@example.org>", "250", "RSET", "250",
			"MAIL FROM:<ann@nowhere.example>", "250", "RCPT TO:<bob@example.org>", "550 5.1.8 the domain nowhere.example of the sender has no MX, A or AAAA record in DNS", "RSET", "250",
			"MAIL FROM:<a b@example.net>", "501 5.1.7 ", // Postfix
			"MAIL FROM:<ann@example.net>", "250", "RCPT TO:<bob@example.org>", "250", "DATA", "354", letter("Subject: the first"), "250",
			"MAIL FROM:<ann@example.net>", "250", "RCPT TO:<bob@example.org>", "250", "DATA", "354", letter("From: eve@example.net"), "550 5.6.0 ",
			"MAIL FROM:<ann@example.net>", "250", "RCPT TO:<bob@example.org>", "250", "DATA", "354", letter("Subject: the third"), "250",
		}},
		{"a refusal at CONNECT", "ADDR=203.0.113.9", []string{
			"EHLO mail.example.net", "250-mx.example.org",
			"MAIL FROM:<ann@example.net>", "554 5.7.1 the client address 203.0.113.9 is in the list of networks",
			"RSET", "250", "MAIL FROM:<ann@example.net>", "554 5.7.1 ",
		}},
		{"a refusal at HELO", "ADDR=192.0.2.9", []string{
			"EHLO refused.example", "250-mx.example.org",
			"MAIL FROM:<ann@example.net>", "550-5.7.1 100% of refused.example is refused\n550-5.7.1 https://mx.example.org/why?ip=192.0.2.9\n550 5.7.1 or ask the postmaster",
		}},
		{"a 421 at HELO", "ADDR=192.0.2.9", []string{"EHLO busy.example", "421 4.7.0 come later"}},
		{"pipelined commands", "ADDR=192.0.2.9", []string{
			"EHLO mail.example.net", "250-",
			"MAIL FROM:<ann@example.net>\r\nRCPT TO:<nobody@example.org>\r\nRSET\r\nMAIL FROM:<ann@nowhere.example>\r\nRCPT TO:<bob@example.org>", "250",
			"", "550 5.1.1 ", "", "250 2.0.0 Ok", "", "250", "", "550 5.1.8 ",
		}},
		{"SMTPUTF8", "ADDR=192.0.2.9", []string{
			"EHLO mail.example.net", "250-",
			"MAIL FROM:<änn@example.net> SMTPUTF8", "250", "RCPT TO:<ö@example.org>", "550 5.1.1 there is no mailbox ö@example.org here",
			"RCPT TO:<bob@example.org>", "250", "DATA", "354", letter("Subject: grüße"), "250",
		}},
		{"a login", "ADDR=192.0.2.77 LOGIN=ann", []string{ // without a PTR record
			"EHLO [192.0.2.77]", "250-", "MAIL FROM:<ann@example.net>", "250", "RCPT TO:<bob@example.org>", "250",
			"DATA", "354", letter("Subject: with a login"), "250",
		}},
		{"no login", "ADDR=192.0.2.77", []string{
			"EHLO [192.0.2.77]", "250-", "MAIL FROM:<ann@example.net>", "250", "RCPT TO:<bob@example.org>", "550 5.7.25 the client 192.0.2.77 has no PTR record",
		}},
		{"quarantine", "ADDR=192.0.2.11", []string{
			"EHLO mail.example.net", "250-", "MAIL FROM:<ann@pool.example>", "250", "RCPT TO:<bob@example.org>", "250",
			"DATA", "354", letter("Subject: to be held"), "250",
		}},
		{"forged fields", "ADDR=192.0.2.9", []string{
			"EHLO mail.example.net", "250-", "MAIL FROM:<ann@example.net>", "250", "RCPT TO:<bob@example.org>", "250",
			"DATA", "354", letter(
				"Authentication-Results: mx.example.org; spf=pass",
				"Authentication-Results: first.example; spf=pass",
				"authentication-results :\r\n\tmx.example.org; dmarc=pass",
				"X: kept",
				"Authentication-Results: second.example; spf=pass",
				"Received-SPF: pass (mx.example.org: forged)",
				"Received-SPF: pass (mx.example.com: kept)",
				"Authentication-Results: mx.example.org; spf=pass",
				"Authentication-Results: third.example;\r\n spf=pass"), "250",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := p.Dial(t, tc.client)
			for exchange := range slices.Chunk(tc.says, 2) {
				if got := c.Say(exchange[0]); !strings.HasPrefix(got, exchange[1]) {
					t.Fatalf("%q: got %q, want %q", exchange[0], got, exchange[1])
				}
			}
			c.Close()
		})
	}

	for _, subject := range []string{"several recipients", "the first", "the third", "with a login"} {
		received(t, p, "incoming", "\nSubject: "+subject+"\n")
	}
	if held := received(t, p, "hold", "\nSubject: to be held\n"); !strings.HasPrefix(held, "Authentication-Results: mx.example.org;\n") {
		t.Errorf("the message in quarantine begins with %q", held)
	}
	if got := received(t, p, "incoming", "\nSubject: grüße\n"); !strings.Contains(got, `envelope-from="änn@example.net"`) {
		t.Errorf("the results of SMTPUTF8 mail are %q", got)
	}
	wantResultsOnTop(t, received(t, p, "incoming", "third.example"))
}

// wantResultsOnTop wants the message with forged fields to have those of the milter above
// that of Postfix, and those of others as they were.
func wantResultsOnTop(t *testing.T, message string) {
	t.Helper()
	const results = `Authentication-Results: mx.example.org;
	iprev=pass policy.iprev=192.0.2.9;
	dkim=none;
	spf=pass smtp.mailfrom=example.net;
	dmarc=none reason="no DMARC record is published for the author domain"
	header.from=example.net
Received-SPF: pass (mx.example.org: 192.0.2.9 may use the domain)
	client-ip=192.0.2.9; envelope-from="ann@example.net";
	helo=mail.example.net; identity=mailfrom; receiver=mx.example.org
Received: from mail.example.net `
	rest, found := strings.CutPrefix(message, results)
	if !found {
		t.Errorf("got %q, want %q", message, results)
	}
	const kept = `Authentication-Results: first.example; spf=pass
X: kept
Authentication-Results: second.example; spf=pass
Received-SPF: pass (mx.example.com: kept)
Authentication-Results: third.example;
 spf=pass
From: ann@example.net
`
	_, rest, _ = strings.Cut(rest, "(UTC)\n")
	if !strings.HasPrefix(rest, kept) {
		t.Errorf("got %q, want %q", rest, kept)
	}
}

// The policy learns of TLS, which begins after EHLO.
func TestPostfixWithSTARTTLS(t *testing.T) {
	s := newTestServer(t)
	s.connection.Policy.Rules = verdict.Rules{verdict.RejectUnless(client.TLS)}
	p := startPostfix(t, startServer(t, s))
	c := p.Dial(t, "ADDR=192.0.2.9")
	commands := []string{"EHLO mail.example.net", "MAIL FROM:<ann@example.net>", "RSET", "MAIL FROM:<ann@example.net>"}
	for i, want := range []string{"250", "530 5.7.0 ", "250", "530 5.7.0 "} {
		if got := c.Say(commands[i]); !strings.HasPrefix(got, want) {
			t.Errorf("%s without TLS: %q", commands[i], got)
		}
	}
	c.StartTLS()
	for _, command := range append(commands, "RCPT TO:<bob@example.org>") {
		if got := c.Say(command); !strings.HasPrefix(got, "250") {
			t.Errorf("%s with TLS: %q", command, got)
		}
	}
}

// A client that goes away within a message leaves nothing, and its transaction ends.
func TestPostfixAndAClientThatGoesAway(t *testing.T) {
	s := newTestServer(t)
	p := startPostfix(t, startServer(t, s))
	for range 3 {
		c := p.Dial(t, "ADDR=192.0.2.9")
		c.SayEach("EHLO mail.example.net", "MAIL FROM:<ann@example.net>", "RCPT TO:<bob@example.org>", "DATA")
		c.Write("Subject: half\r\n\r\nhel")
		c.Close()
	}
	c := p.Dial(t, "ADDR=192.0.2.9")
	c.SayEach("EHLO mail.example.net", "MAIL FROM:<ann@example.net>", "RCPT TO:<bob@example.org>", "DATA")
	if got := c.Say(letter("Subject: whole")); !strings.HasPrefix(got, "250") {
		t.Errorf("got %q", got)
	}
	received(t, p, "incoming", "\nSubject: whole\n")
	if queued := p.Queued(t, "incoming"); len(queued) != 1 {
		t.Errorf("the queue has %q", queued)
	}
}

// While no milter runs, the default action of the README defers mail.
func TestPostfixWithoutAMilter(t *testing.T) {
	c := startPostfix(t, postfixtest.FreeAddress(t)).Dial(t, "ADDR=192.0.2.9")
	c.Say("EHLO mail.example.net")
	if got := c.Say("MAIL FROM:<ann@example.net>"); !strings.HasPrefix(got, "451 4.7.1 Service unavailable") {
		t.Errorf("got %q", got)
	}
}

// When the milter is to stop, it ends the transaction that has begun, and refuses another.
func TestPostfixWhileTheMilterStops(t *testing.T) {
	s := newTestServer(t)
	address, stop := serve(t, s)
	p := startPostfix(t, address)
	c := p.Dial(t, "ADDR=192.0.2.9")
	c.SayEach("EHLO mail.example.net", "MAIL FROM:<ann@example.net>")
	go stop()
	<-s.stopping.Done()
	for i, command := range []string{"RCPT TO:<bob@example.org>", "DATA", letter(), "MAIL FROM:<ann@example.net>"} {
		want := []string{"250", "354", "250", "421 4.3.2 the server is shutting down"}[i]
		if got := c.Say(command); !strings.HasPrefix(got, want) {
			t.Errorf("%q: got %q, want %q", command, got, want)
		}
	}
	stop()
}
