package mxrules_test

import (
	"net"
	"time"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/recipient"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/verdict"
	"mxrules.example/verdict/gosmtp"
)

var policy = verdict.Policy{Timeout: 30 * time.Second, Rules: verdict.Rules{
	verdict.AcceptIf(client.Authenticated),
	verdict.RejectUnless(recipient.Ours("example.org")),
	verdict.RejectUnless(helo.FQDN),
	verdict.RejectUnless(rdns.Confirmed).See("https://mx.example.org/why?ip={ip}"),
	verdict.MarkUnless(helo.Resolves, "junk"),
}}

// serve judges MAIL, RCPT and the message before the backend sees them.
func serve(l net.Listener, backend smtp.Backend, dns envelope.Resolver) error {
	if err := policy.Validate(); err != nil {
		return err
	}
	guard := &gosmtp.Guard{Policy: policy, Resolver: dns}
	server := smtp.NewServer(guard.Backend(backend))
	server.Domain = "mx.example.org"
	return server.Serve(guard.Listener(l))
}
