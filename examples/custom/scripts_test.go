package main

import "strings"

// Parts of conversations. C is the client, whose lines get a CRLF unless they end with
// \c, and S is the server, whose lines may go on.
const (
	opening = `
S: 220 mx.example.org ESMTP
C: EHLO mail.example.net
S: 250-mx.example.org
S: 250-PIPELINING
S: 250-SIZE 1000
S: 250-8BITMIME
S: 250-SMTPUTF8
S: 250 ENHANCEDSTATUSCODES
`
	// letter is DATA with a well-formed message, up to its last line.
	letter = `C: DATA
S: 354
C: From: ann@example.net
C: Date: Thu, 01 Jan 2026 12:00:00 +0000
C:
C: Hello
`
	ok = "250 2.0.0 OK"
)

// say is a command and its reply.
func say(command, reply string) string { return "C: " + command + "\nS: " + reply + "\n" }

func from(address string) string { return say("MAIL FROM:<"+address+">", ok) }
func to(address string) string   { return say("RCPT TO:<"+address+">", ok) }

// transaction is from a sender to Bob, up to the message.
func transaction(sender string) string { return from(sender) + to("bob@example.org") }

// conversations are played line by line and pipelined, and end with QUIT unless the
// server has ended them.
var conversations = []struct {
	name   string
	script string
	stored []string // what the stored message contains; nil if there is none
}{
	{"several recipients",
		opening + from("ann@example.net") + to("bob@example.org") + to("carol@example.org") +
			letter + "C: ..\nC: ...dots\n" + say(".", ok),
		[]string{"Delivered-To: bob@example.org\r\nDelivered-To: carol@example.org\r\nAuthentication-Results: mx.example.org;", "spf=pass", "\r\n\r\nHello\r\n.\r\n..dots\r\n"}},
	{"a refused recipient beside an accepted one",
		opening + from("ann@example.net") + say("RCPT TO:<eve@elsewhere.example>", "554 5.7.1") + to("bob@example.org") +
			letter + say(".", ok),
		[]string{"Delivered-To: bob@example.org\r\nAuthentication-Results"}},
	{"only refused recipients",
		opening + from("ann@example.net") + say("RCPT TO:<eve@elsewhere.example>", "554 5.7.1") + say("DATA", "503 5.5.1"), nil},
	{"a recipient that is accepted for good beside one that is not",
		opening + transaction("ann@example.net") + say("RCPT TO:<postmaster@example.org>", "452 4.5.3") +
			letter + say(".", ok) + from("ann@example.net") + to("postmaster@example.org") + say("RSET", ok),
		[]string{"Delivered-To: bob@example.org\r\nAuthentication-Results"}},
	{"a forged sender, who may write to the postmaster",
		opening + from("ann@forged.example") + say("RCPT TO:<bob@example.org>", "550 5.7.23") + to("postmaster@example.org") +
			letter + say(".", ok),
		[]string{"Delivered-To: postmaster@example.org\r\nAuthentication-Results: mx.example.org; none\r\n"}},
	{"the null sender", opening + transaction("") + letter + say(".", ok), []string{"Hello"}},
	{"smuggling after LF . LF",
		opening + transaction("ann@example.net") + letter +
			"C: \\n.\\nMAIL FROM:<admin@example.net>\nC: RCPT TO:<bob@example.org>\nC: DATA\nC: smuggled\n" + say(".", "550 5.6.0"), nil},
	{"smuggling after LF . CRLF, CR . CRLF and CRLF . LF",
		opening + transaction("ann@example.net") + letter +
			"C: \\n.\nC: MAIL FROM:<admin@example.net>\\r.\nC: MAIL FROM:<admin@example.net>\nC: .\\nMAIL FROM:<admin@example.net>\n" + say(".", "550 5.6.0"), nil},
	{"commands that do not end with CRLF",
		opening + say(`MAIL FROM:<ann@example.net>\n\c`, "500 5.5.2") + say(`NOOP\rRSET`, "500 5.5.2") + say(`NO\0OP`, "500 5.5.2"), nil},
	{"a message over the limit",
		opening + say("MAIL FROM:<ann@example.net> SIZE=1001", "552 5.3.4") + say("MAIL FROM:<ann@example.net> SIZE=1000", ok) + to("bob@example.org") +
			letter + "C: " + strings.Repeat("x", 1000) + "\n" + say(".", "552 5.3.4") + say("DATA", "503 5.5.1"), nil},
	{"lines at the limit and over it",
		opening + say(noop(maxLine), ok) + say(noop(maxLine+1), "500 5.5.2 the line is too long") + say(noop(20_000), "500 5.5.2 the line is too long"), nil},
	{"commands out of order",
		"S: 220 mx.example.org ESMTP\n" + say("NOOP", ok) + say("MAIL FROM:<ann@example.net>", "503 5.5.1") +
			say("EHLO", "501 5.5.4") + say("HELO mail.example.net", "250 mx.example.org") +
			say("RCPT TO:<bob@example.org>", "503 5.5.1") + say("DATA", "503 5.5.1") +
			from("ann@example.net") + say("DATA", "503 5.5.1") +
			to("bob@example.org") + say("MAIL FROM:<eve@forged.example>", "503 5.5.1") + letter + say(".", ok),
		[]string{"spf=pass smtp.mailfrom=example.net"}},
	{"a transaction ends with RSET, and with EHLO",
		opening + transaction("ann@example.net") + say("RSET", ok) + say("DATA", "503 5.5.1") +
			transaction("ann@example.net") + say("HELO mail.example.net", "250 mx.example.org") + say("DATA", "503 5.5.1"), nil},
	{"letter case, blanks, parameters and other commands",
		opening + say("mail from: <ann@example.net> body=8bitmime SMTPUTF8 size=1", ok) +
			say(`Rcpt To:<"b>o\\"b"@example.org>`, ok) +
			say("RCPT TO:<bob@example.org> NOTIFY=NEVER", "555 5.5.4") +
			say("RCPT TO:bob@example.org", "501 5.5.4") + say("RCPT TO:<>", "501 5.1.3") +
			say("VRFY bob", "252 2.0.0") + say("STARTTLS", "500 5.5.1") + say("", "500 5.5.1"), nil},
	{"an address that needs SMTPUTF8",
		opening + say("MAIL FROM:<grüße@example.net>", "501 5.1.7") + say("MAIL FROM:<grüße@example.net> SMTPUTF8", ok), nil},
	{"a client that makes errors only",
		"S: 220 mx.example.org ESMTP\n" + strings.Repeat(say("GET / HTTP/1.1", "500 5.5.1"), maxRefusals) + say(strings.Repeat("x", 5000), "421 4.7.0"), nil},
	{"more recipients than the limit",
		opening + from("ann@example.net") + strings.Repeat(to("bob@example.org"), maxRecipients) + say("RCPT TO:<carol@example.org>", "452 4.5.3"), nil},
	{"a failure of DNS",
		opening + from("ann@broken.example") + say("RCPT TO:<eve@elsewhere.example>", "554 5.7.1") + to("bob@example.org") +
			letter + say(".", "451 4.4.3"), nil},
}

// noop is a command with its CRLF of this length.
func noop(length int) string { return "NOOP " + strings.Repeat("x", length-len("NOOP \r\n")) }
