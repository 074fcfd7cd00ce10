package main

import "strings"

// opening is the beginning of most conversations.
const opening = `
	S: 220 mx.example.org ESMTP
	C: EHLO mail.example.net
	S: 250-mx.example.org
	S: 250-PIPELINING
	S: 250-SIZE 1000
	S: 250-8BITMIME
	S: 250-SMTPUTF8
	S: 250 ENHANCEDSTATUSCODES`

// letter is a well-formed message.
const letter = `
	C: From: ann@example.net
	C: Date: Thu, 01 Jan 2026 12:00:00 +0000
	C:
	C: Hello`

// conversations are played line by line and pipelined. C is the client, whose lines get
// a CRLF unless they end with \c, and S is the server, whose lines may go on.
var conversations = []struct {
	name   string
	script string
	stored []string // what the stored message contains; nil if there is none
}{
	{"several recipients", opening + `
	C: MAIL FROM:<ann@example.net>
	S: 250 2.0.0 OK
	C: RCPT TO:<bob@example.org>
	S: 250 2.0.0 OK
	C: RCPT TO:<carol@example.org>
	S: 250 2.0.0 OK
	C: DATA
	S: 354` + letter + `
	C: ..
	C: ...dots
	C: .
	S: 250 2.0.0 OK
	C: QUIT
	S: 221 2.0.0`,
		[]string{"Delivered-To: bob@example.org\r\nDelivered-To: carol@example.org\r\nAuthentication-Results: mx.example.org;", "spf=pass", "\r\n\r\nHello\r\n.\r\n..dots\r\n"}},
	{"a refused recipient beside an accepted one", opening + `
	C: MAIL FROM:<ann@example.net>
	S: 250 2.0.0 OK
	C: RCPT TO:<eve@elsewhere.example>
	S: 554 5.7.1
	C: RCPT TO:<bob@example.org>
	S: 250 2.0.0 OK
	C: DATA
	S: 354` + letter + `
	C: .
	S: 250 2.0.0 OK
	C: QUIT
	S: 221 2.0.0`,
		[]string{"Delivered-To: bob@example.org\r\nAuthentication-Results"}},
	{"only refused recipients", opening + `
	C: MAIL FROM:<ann@example.net>
	S: 250 2.0.0 OK
	C: RCPT TO:<eve@elsewhere.example>
	S: 554 5.7.1
	C: DATA
	S: 503 5.5.1
	C: QUIT
	S: 221 2.0.0`, nil},
	{"a recipient that is accepted for good beside one that is not", opening + `
	C: MAIL FROM:<ann@example.net>
	S: 250 2.0.0 OK
	C: RCPT TO:<bob@example.org>
	S: 250 2.0.0 OK
	C: RCPT TO:<postmaster@example.org>
	S: 452 4.5.3
	C: DATA
	S: 354` + letter + `
	C: .
	S: 250 2.0.0 OK
	C: MAIL FROM:<ann@example.net>
	S: 250 2.0.0 OK
	C: RCPT TO:<postmaster@example.org>
	S: 250 2.0.0 OK
	C: RSET
	S: 250 2.0.0 OK
	C: QUIT
	S: 221 2.0.0`,
		[]string{"Delivered-To: bob@example.org\r\nAuthentication-Results"}},
	{"a forged sender, who may write to the postmaster", opening + `
	C: MAIL FROM:<ann@forged.example>
	S: 250 2.0.0 OK
	C: RCPT TO:<bob@example.org>
	S: 550 5.7.23
	C: RCPT TO:<postmaster@example.org>
	S: 250 2.0.0 OK
	C: DATA
	S: 354` + letter + `
	C: .
	S: 250 2.0.0 OK
	C: QUIT
	S: 221 2.0.0`,
		[]string{"Delivered-To: postmaster@example.org\r\nAuthentication-Results: mx.example.org; none\r\n"}},
	{"the null sender", opening + `
	C: MAIL FROM:<>
	S: 250 2.0.0 OK
	C: RCPT TO:<bob@example.org>
	S: 250 2.0.0 OK
	C: DATA
	S: 354` + letter + `
	C: .
	S: 250 2.0.0 OK
	C: QUIT
	S: 221 2.0.0`,
		[]string{"Hello"}},
	{"smuggling after LF . LF", opening + `
	C: MAIL FROM:<ann@example.net>
	S: 250 2.0.0 OK
	C: RCPT TO:<bob@example.org>
	S: 250 2.0.0 OK
	C: DATA
	S: 354` + letter + `
	C: \n.\nMAIL FROM:<admin@example.net>
	C: RCPT TO:<bob@example.org>
	C: DATA
	C: smuggled
	C: .
	S: 550 5.6.0
	C: QUIT
	S: 221 2.0.0`, nil},
	{"smuggling after LF . CRLF, CR . CRLF and CRLF . LF", opening + `
	C: MAIL FROM:<ann@example.net>
	S: 250 2.0.0 OK
	C: RCPT TO:<bob@example.org>
	S: 250 2.0.0 OK
	C: DATA
	S: 354` + letter + `
	C: \n.
	C: MAIL FROM:<admin@example.net>\r.
	C: MAIL FROM:<admin@example.net>
	C: .\nMAIL FROM:<admin@example.net>
	C: .
	S: 550 5.6.0
	C: QUIT
	S: 221 2.0.0`, nil},
	{"commands that do not end with CRLF", opening + `
	C: MAIL FROM:<ann@example.net>\n\c
	S: 500 5.5.2
	C: NOOP\rRSET
	S: 500 5.5.2
	C: NO\0OP
	S: 500 5.5.2
	C: QUIT
	S: 221 2.0.0`, nil},
	{"a message over the limit", opening + `
	C: MAIL FROM:<ann@example.net> SIZE=1001
	S: 552 5.3.4
	C: MAIL FROM:<ann@example.net> SIZE=1000
	S: 250 2.0.0 OK
	C: RCPT TO:<bob@example.org>
	S: 250 2.0.0 OK
	C: DATA
	S: 354` + letter + `
	C: ` + strings.Repeat("x", 1000) + `
	C: .
	S: 552 5.3.4
	C: DATA
	S: 503 5.5.1
	C: QUIT
	S: 221 2.0.0`, nil},
	{"lines at the limit and over it", opening + `
	C: NOOP ` + strings.Repeat("x", maxLine-len("NOOP \r\n")) + `
	S: 250 2.0.0 OK
	C: NOOP ` + strings.Repeat("x", maxLine-len("NOOP \r\n")+1) + `
	S: 500 5.5.2 the line is too long
	C: NOOP ` + strings.Repeat("x", 20_000) + `
	S: 500 5.5.2 the line is too long
	C: QUIT
	S: 221 2.0.0`, nil},
	{"commands out of order", `
	S: 220 mx.example.org ESMTP
	C: NOOP
	S: 250 2.0.0 OK
	C: MAIL FROM:<ann@example.net>
	S: 503 5.5.1
	C: EHLO
	S: 501 5.5.4
	C: HELO mail.example.net
	S: 250 mx.example.org
	C: RCPT TO:<bob@example.org>
	S: 503 5.5.1
	C: DATA
	S: 503 5.5.1
	C: MAIL FROM:<ann@example.net>
	S: 250 2.0.0 OK
	C: DATA
	S: 503 5.5.1
	C: RCPT TO:<bob@example.org>
	S: 250 2.0.0 OK
	C: MAIL FROM:<eve@forged.example>
	S: 503 5.5.1
	C: DATA
	S: 354` + letter + `
	C: .
	S: 250 2.0.0 OK
	C: QUIT
	S: 221 2.0.0`, []string{"spf=pass smtp.mailfrom=example.net"}},
	{"a transaction ends with RSET, and with EHLO", opening + `
	C: MAIL FROM:<ann@example.net>
	S: 250 2.0.0 OK
	C: RCPT TO:<bob@example.org>
	S: 250 2.0.0 OK
	C: RSET
	S: 250 2.0.0 OK
	C: DATA
	S: 503 5.5.1
	C: MAIL FROM:<ann@example.net>
	S: 250 2.0.0 OK
	C: RCPT TO:<bob@example.org>
	S: 250 2.0.0 OK
	C: HELO mail.example.net
	S: 250 mx.example.org
	C: DATA
	S: 503 5.5.1
	C: QUIT
	S: 221 2.0.0`, nil},
	{"letter case, blanks, parameters and other commands", opening + `
	C: mail from: <ann@example.net> body=8bitmime SMTPUTF8 size=1
	S: 250 2.0.0 OK
	C: Rcpt To:<"b>o\\"b"@example.org>
	S: 250 2.0.0 OK
	C: RCPT TO:<bob@example.org> NOTIFY=NEVER
	S: 555 5.5.4
	C: RCPT TO:bob@example.org
	S: 501 5.5.4
	C: RCPT TO:<>
	S: 501 5.1.3
	C: VRFY bob
	S: 252 2.0.0
	C: STARTTLS
	S: 500 5.5.1
	C: 
	S: 500 5.5.1
	C: QUIT
	S: 221 2.0.0`, nil},
	{"an address that needs SMTPUTF8", opening + `
	C: MAIL FROM:<grüße@example.net>
	S: 501 5.1.7
	C: MAIL FROM:<grüße@example.net> SMTPUTF8
	S: 250 2.0.0 OK
	C: QUIT
	S: 221 2.0.0`, nil},
	{"a client that makes errors only", `
	S: 220 mx.example.org ESMTP` + strings.Repeat(`
	C: GET / HTTP/1.1
	S: 500 5.5.1`, maxRefusals) + `
	C: ` + strings.Repeat("x", 5000) + `
	S: 421 4.7.0`, nil},
	{"more recipients than the limit", opening + `
	C: MAIL FROM:<ann@example.net>
	S: 250 2.0.0 OK` + strings.Repeat(`
	C: RCPT TO:<bob@example.org>
	S: 250 2.0.0 OK`, maxRecipients) + `
	C: RCPT TO:<carol@example.org>
	S: 452 4.5.3
	C: QUIT
	S: 221 2.0.0`, nil},
	{"a failure of DNS", opening + `
	C: MAIL FROM:<ann@broken.example>
	S: 250 2.0.0 OK
	C: RCPT TO:<eve@elsewhere.example>
	S: 554 5.7.1
	C: RCPT TO:<bob@example.org>
	S: 250 2.0.0 OK
	C: DATA
	S: 354` + letter + `
	C: .
	S: 451 4.4.3
	C: QUIT
	S: 221 2.0.0`, nil},
}
