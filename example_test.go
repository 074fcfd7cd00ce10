package mxrules_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/zone"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/verdict"
)

func Example() {
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.AcceptIf(client.Authenticated),
		verdict.RejectUnless(recipient.Ours("example.org")),
		verdict.RejectUnless(helo.Syntax),
		verdict.RejectUnless(helo.FQDN),
		verdict.RejectUnless(rdns.Confirmed).See("https://mx.example.org/why?ip={ip}"),
		verdict.TempFailUnless(helo.Resolves),
	}}
	resolver := zone.MustParse(`mail.example.net. A 192.0.2.1`) // or net.DefaultResolver
	env := envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.1"),
		Helo:     "mail.example.net",
		MailFrom: "someone@example.net",
		RcptTo:   "postmaster@example.org",
	}
	v := policy.Judge(context.Background(), resolver, &env)
	fmt.Println(v.Action, "by", v.Rule)
	fmt.Println(v.Err())
	// Output:
	// reject by rdns.confirmed
	// 550 5.7.25 the client 192.0.2.1 has no name: there is no PTR record for its address https://mx.example.org/why?ip=192.0.2.1
}

// A policy is tested like any other code: envelopes and a zone go in, verdicts
// come out. In a test this table would be one of t.Run.
func Example_unitTest() {
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(recipient.Ours("example.org")),
		verdict.RejectUnless(rdns.Confirmed),
	}}
	dns := zone.MustParse(`
		1.2.0.192.in-addr.arpa. PTR mail.example.net.
		mail.example.net.       A   192.0.2.1
		2.2.0.192.in-addr.arpa. PTR mail.example.net.
	`).Failing("3.2.0.192.in-addr.arpa.", zone.SERVFAIL)

	for _, tc := range []struct{ name, ip, to string }{
		{"a good host", "192.0.2.1", "anna@example.org"},
		{"a relay attempt", "192.0.2.1", "anna@example.com"},
		{"a forged name", "192.0.2.2", "anna@example.org"},
		{"an outage of DNS", "192.0.2.3", "anna@example.org"},
	} {
		v := policy.Judge(context.Background(), dns, &envelope.Envelope{
			ClientIP: netip.MustParseAddr(tc.ip), RcptTo: tc.to,
		})
		fmt.Println(tc.name+":", v.Action, v.Status)
	}
	// Output:
	// a good host: accept 250 2.0.0
	// a relay attempt: reject 554 5.7.1
	// a forged name: reject 550 5.7.25
	// an outage of DNS: tempfail 451 4.7.25
}

// A server of one's own judges what it knows so far before each of its
// replies.
func Example_customServer() {
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(recipient.Ours("example.org")),
		verdict.RejectUnless(helo.FQDN),
	}}
	server, conn := net.Pipe()
	go serve(server, policy, nil, netip.MustParseAddr("192.0.2.1"))

	lines := bufio.NewScanner(conn)
	for _, command := range []string{"", "HELO laptop", "HELO mail.example.net", "MAIL FROM:<a@example.net>", "RCPT TO:<b@example.com>", "QUIT"} {
		if command != "" {
			fmt.Println("C:", command)
			fmt.Fprintf(conn, "%s\r\n", command)
		}
		lines.Scan()
		fmt.Println("S:", lines.Text())
	}
	// Output:
	// S: 220 mx.example.org
	// C: HELO laptop
	// S: 504 5.5.4 the HELO name laptop is not fully qualified; users with an account here should log in (port 465 or 587)
	// C: HELO mail.example.net
	// S: 250 2.0.0 OK
	// C: MAIL FROM:<a@example.net>
	// S: 250 2.0.0 OK
	// C: RCPT TO:<b@example.com>
	// S: 554 5.7.1 the recipient b@example.com is in no domain of this site; relay access denied; users with an account here should log in (port 465 or 587)
	// C: QUIT
	// S: 221 2.0.0 bye
}

// serve speaks just enough SMTP to show where the verdicts come in.
func serve(conn net.Conn, policy verdict.Policy, dns envelope.Resolver, ip netip.Addr) {
	defer conn.Close()
	env := envelope.Envelope{Stage: envelope.Connect, ClientIP: ip}
	if v := policy.Judge(context.Background(), dns, &env); v.Err() != nil {
		fmt.Fprint(conn, v.Reply())
		return
	}
	fmt.Fprint(conn, "220 mx.example.org\r\n")
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		verb, argument, _ := strings.Cut(lines.Text(), " ")
		path := strings.Trim(argument[strings.IndexByte(argument, ':')+1:], "<>")
		switch strings.ToUpper(verb) {
		case "HELO", "EHLO":
			env.Stage, env.Helo = envelope.Helo, argument
		case "MAIL":
			env.Stage, env.MailFrom = envelope.Mail, path
		case "RCPT":
			env.Stage, env.RcptTo = envelope.Rcpt, path
		case "QUIT":
			fmt.Fprint(conn, "221 2.0.0 bye\r\n")
			return
		}
		fmt.Fprint(conn, policy.Judge(context.Background(), dns, &env).Reply())
	}
}
