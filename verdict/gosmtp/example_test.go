package gosmtp_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"slices"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/zone"
	"mxrules.example/helo"
	"mxrules.example/verdict"
	"mxrules.example/verdict/gosmtp"
)

// inbox is a go-smtp backend as there may be one already. It knows nothing of
// policies, but it has Verdict to see the marks of its messages.
type inbox struct{ folder string }

func (b *inbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &inbox{"inbox"}, nil }
func (b *inbox) Mail(string, *smtp.MailOptions) error        { return nil }
func (b *inbox) Rcpt(string, *smtp.RcptOptions) error        { return nil }
func (b *inbox) Reset()                                      { b.folder = "inbox" }
func (b *inbox) Logout() error                               { return nil }

func (b *inbox) Verdict(to string, v verdict.Verdict) {
	if slices.Contains(v.Marks, "junk") {
		b.folder = "junk"
	}
}

func (b *inbox) Data(r io.Reader) error {
	message, err := io.ReadAll(r)
	if err == nil {
		fmt.Printf("to the folder %s: %q\n", b.folder, message)
	}
	return err
}

// The policy, the guard, and its two calls are all that a server on go-smtp
// needs.
func Example() {
	resolver := zone.MustParse(`mail.example.net. A 192.0.2.1`) // or net.DefaultResolver
	backend := &inbox{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}

	guard := &gosmtp.Guard{Resolver: resolver, Policy: verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(recipient.Ours("example.org")),
		verdict.RejectUnless(helo.FQDN),
		verdict.MarkUnless(helo.Resolves, "junk"),
	}}}
	server := smtp.NewServer(guard.Backend(backend))
	go server.Serve(guard.Listener(listener))
	defer server.Close()

	send(listener.Addr(), "mail.example.net", "anna@example.org")
	send(listener.Addr(), "nowhere.example.net", "anna@example.org")
	send(listener.Addr(), "mail.example.net", "anna@example.com")
	// Output:
	// to the folder inbox: "Hello.\r\n"
	// to the folder junk: "Hello.\r\n"
	// 554 5.7.1 the recipient anna@example.com is in no domain of this site; relay access denied; users with an account here should log in (port 465 or 587)
}

// send sends a message over TCP and prints the refusal, if there is one.
func send(server net.Addr, helo, to string) {
	client, err := smtp.Dial(server.String())
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	err = client.Hello(helo)
	if err == nil {
		err = client.Mail("someone@example.net", nil)
	}
	if err == nil {
		err = client.Rcpt(to, nil)
	}
	if err == nil {
		var message io.WriteCloser
		if message, err = client.Data(); err == nil {
			fmt.Fprint(message, "Hello.\r\n")
			err = message.Close()
		}
	}
	if refusal, ok := err.(*smtp.SMTPError); ok {
		enhanced := refusal.EnhancedCode
		fmt.Printf("%d %d.%d.%d %s\n", refusal.Code, enhanced[0], enhanced[1], enhanced[2], refusal.Message)
	}
}

// A session that judges by itself returns Error.
func ExampleError() {
	policy := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(recipient.Ours("example.org"))}}
	rcpt := func(to string, _ *smtp.RcptOptions) error {
		v := policy.Judge(context.Background(), nil, &envelope.Envelope{Stage: envelope.Rcpt, RcptTo: to})
		return gosmtp.Error(v)
	}
	fmt.Println(rcpt("anna@example.org", nil))
	fmt.Println(rcpt("anna@example.com", nil).(*smtp.SMTPError).Code)
	// Output:
	// <nil>
	// 554
}
