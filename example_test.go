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
	// 550 5.7.25 the client 192.0.2.1 has no PTR record https://mx.example.org/why?ip=192.0.2.1
}

// A server without go-smtp makes a verdict.Session for each connection, and sends the
// reply that the session returns for each command.
func Example_customServer() {
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(recipient.Ours("example.org")),
		verdict.RejectUnless(helo.FQDN),
	}}
	server, conn := net.Pipe()
	go converse(server, policy, netip.MustParseAddr("192.0.2.1"))

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

// converse implements the part of SMTP that the example needs.
func converse(conn net.Conn, policy verdict.Policy, ip netip.Addr) {
	defer conn.Close()
	session := verdict.NewSession(context.Background(), verdict.Connection{Policy: policy})
	defer session.Close()
	env := envelope.Envelope{ClientIP: ip}
	reply := session.Connect(env)
	if reply.Status.Class() != 2 {
		fmt.Fprint(conn, reply)
		return
	}
	fmt.Fprint(conn, "220 mx.example.org\r\n")
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		verb, argument, _ := strings.Cut(lines.Text(), " ")
		path := strings.Trim(argument[strings.IndexByte(argument, ':')+1:], "<>")
		switch verb {
		case "HELO":
			env.Helo = argument
			reply = session.Helo(env)
		case "MAIL":
			env.MailFrom = path
			reply = session.Mail(env, nil)
		case "RCPT":
			env.RcptTo = path
			reply = session.Rcpt(env, nil)
		case "QUIT":
			fmt.Fprint(conn, "221 2.0.0 bye\r\n")
			return
		}
		fmt.Fprint(conn, reply)
	}
}
