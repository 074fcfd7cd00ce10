package envelope_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"

	"mxrules.example/envelope"
)

// A check is a function. At calls it from the stage at which its question can be
// answered.
func Example() {
	subjects := envelope.At("site.nosweepstakes", envelope.Data,
		func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			if strings.Contains(string(e.Message.Header()), "Subject: You have won") {
				return envelope.Failed("", envelope.Status{Code: 550, Subject: 7, Detail: 1},
					"the message claims that its recipient has won a prize")
			}
			return envelope.Passed("")
		})

	e := envelope.Envelope{Stage: envelope.Rcpt, MailFrom: "luck@example.org"}
	f := subjects(context.Background(), nil, &e)
	fmt.Println(f.Check, f.Outcome, "until", f.Awaits)

	e.Stage = envelope.Data
	e.Message = envelope.NewMessage([]byte("Subject: You have won\r\n\r\nCongratulations!\r\n"))
	f = subjects(context.Background(), nil, &e)
	fmt.Println(f.Check, f.Outcome)
	fmt.Println(f.Status, f.Text)
	// Output:
	// site.nosweepstakes pending until data
	// site.nosweepstakes fail
	// 550 5.7.1 the message claims that its recipient has won a prize
}

// A check that asks DNS handles three cases: found, not found, and a temporary
// failure.
func ExampleAt_resolver() {
	postmaster := envelope.At("site.sendertakesmail", envelope.Mail,
		func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			sender, err := envelope.ParseMailbox(e.MailFrom, e.SMTPUTF8)
			if err != nil || sender.Domain == "" {
				return envelope.NotApplicable("")
			}
			switch _, err := envelope.LookupMX(ctx, r, string(sender.Domain)); {
			case err == nil:
				return envelope.Passed("")
			case envelope.NotFound(err):
				return envelope.Failed("", envelope.Status{Code: 550, Subject: 1, Detail: 8},
					"the sender's domain %s has no MX record", sender.Domain)
			default:
				return envelope.Temporary("", err)
			}
		})

	e := envelope.Envelope{MailFrom: "someone@example.org"}
	for _, answer := range []error{
		nil,
		&net.DNSError{Err: "no such host", Name: "example.org.", IsNotFound: true},
		&net.DNSError{Err: "server misbehaving", Name: "example.org.", IsTemporary: true},
	} {
		f := postmaster(context.Background(), mailExchanger{answer}, &e)
		fmt.Printf("%s %q\n", f.Outcome, f.Text)
	}
	// Output:
	// pass ""
	// fail "the sender's domain example.org has no MX record"
	// temperror "the DNS lookup of example.org failed"
}

// mailExchanger is a Resolver with one MX record, or none because of err.
type mailExchanger struct{ err error }

func (m mailExchanger) LookupMX(context.Context, string) ([]*net.MX, error) {
	if m.err != nil {
		return nil, m.err
	}
	return []*net.MX{{Host: "mx.example.org.", Pref: 10}}, nil
}

func (m mailExchanger) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, m.err
}
func (m mailExchanger) LookupAddr(context.Context, string) ([]string, error) { return nil, m.err }
func (m mailExchanger) LookupTXT(context.Context, string) ([]string, error)  { return nil, m.err }
func (m mailExchanger) LookupCNAME(context.Context, string) (string, error)  { return "", m.err }

// Of combined checks only those are asked that the answer needs, and what is
// not known matters only if it could change the answer.
func ExampleAll() {
	answers := func(name string, outcome envelope.Outcome) envelope.Check {
		return envelope.At(name, envelope.Rcpt, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
			return envelope.Finding{Outcome: outcome}
		})
	}
	trusted := answers("trusted", envelope.Pass)
	listed := answers("listed", envelope.Fail)
	slow := answers("slow", envelope.TempError)

	for _, check := range []envelope.Check{
		envelope.All(trusted, slow),
		envelope.All(listed, slow),
		envelope.Any(trusted, slow),
		envelope.Any(listed, slow),
		envelope.All(trusted, envelope.Not(listed)),
	} {
		f := check(context.Background(), nil, &envelope.Envelope{})
		fmt.Println(f.Check, f.Outcome, "asked:", len(f.Detail.([]envelope.Finding)))
	}
	// Output:
	// all(trusted, slow) temperror asked: 2
	// all(listed, slow) fail asked: 1
	// any(trusted, slow) pass asked: 1
	// any(listed, slow) temperror asked: 2
	// all(trusted, not(listed)) pass asked: 2
}

// Where the local part ends is decided by its grammar, not by counting @.
func ExampleParseMailbox() {
	for _, path := range []string{
		`info@Example.ORG`,
		`"a@b"@c.example`,
		`a@b@c.example`,
		`jürgen@bücher.example`,
		`someone@[IPv6:2001:db8::1]`,
		`@relay.example:someone@example.org`,
	} {
		m, err := envelope.ParseMailbox(path, true)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("%s at %s%s, written %s\n", m.Local, m.Domain, m.Literal, m)
	}
	// Output:
	// info at example.org, written info@example.org
	// a@b at c.example, written "a@b"@c.example
	// mailbox "a@b@c.example" has a domain that has an invalid character
	// jürgen at xn--bcher-kva.example, written jürgen@xn--bcher-kva.example
	// someone at [IPv6:2001:db8::1], written someone@[IPv6:2001:db8::1]
	// someone at example.org, written someone@example.org
}

// However a name is written, there is one Host for it.
func ExampleParseHost() {
	for _, name := range []string{"mail.example.org", "MAIL.Example.ORG.", "Bücher.example", "xn--bcher-kva.example", "192.0.2.1", "a..b"} {
		host, err := envelope.ParseHost(name)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(host)
	}
	// Output:
	// mail.example.org
	// mail.example.org
	// xn--bcher-kva.example
	// xn--bcher-kva.example
	// host name "192.0.2.1" is a number or an address, not a name
	// host name "a..b" has an empty label
}

// A pattern is a name, or all names below one.
func ExampleParseHostSet() {
	ours, err := envelope.ParseHostSet("example.org", ".example.org", "mail.example.net")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, host := range []envelope.Host{"example.org", "a.b.example.org", "example.net", "notexample.org"} {
		fmt.Println(host, ours.Contains(host))
	}
	// Output:
	// example.org true
	// a.b.example.org true
	// example.net false
	// notexample.org false
}

// The tags of JSON are its schema.
func ExampleJSON() {
	var line envelope.JSON
	err := json.Unmarshal([]byte(`{
		"stage": "rcpt",
		"client_ip": "192.0.2.1",
		"helo": "mail.example.org",
		"mail_from": "a@example.org",
		"rcpt_to": ["b@example.net", "c@example.net"]
	}`), &line)
	if err != nil {
		fmt.Println(err)
		return
	}
	e, recipients, err := line.Envelope()
	fmt.Println(e.Stage, e.Client(), e.MailFrom, recipients, err)

	line.ClientIP = "192.0.2.256"
	_, _, err = line.Envelope()
	fmt.Println(err)
	// Output:
	// rcpt 192.0.2.1 a@example.org [b@example.net c@example.net] <nil>
	// client_ip "192.0.2.256" is not an IP address
}

// The class of the enhanced code is the first digit of the code, so that the
// two cannot disagree.
func ExampleStatus() {
	refused := envelope.Status{Code: 550, Subject: 7, Detail: 25}
	fmt.Println(refused)
	fmt.Println(refused.Deferral())
	fmt.Println(envelope.Status{Code: 504, Subject: 5, Detail: 4}.Deferral())
	// Output:
	// 550 5.7.25
	// 450 4.7.25
	// 451 4.5.4
}

// Two checks that need the same result share it within a judgement.
func ExampleOnce() {
	type key struct{ domain string }
	evaluate := func(ctx context.Context) (string, error) {
		return envelope.Once(ctx, key{"example.org"}, func() (string, error) {
			fmt.Println("evaluating")
			return "pass", nil
		})
	}
	ctx := envelope.WithJudgement(context.Background())
	fmt.Println(evaluate(ctx))
	fmt.Println(evaluate(ctx))
	// Output:
	// evaluating
	// pass <nil>
	// pass <nil>
}

// A server written from scratch reads the message after DATA with a limit.
func ExampleNewDataReader() {
	conn := bufio.NewReader(strings.NewReader("Subject: Hello\r\n\r\n..signature\r\n.\r\nQUIT\r\n"))
	m, err := envelope.Spool{}.ReadMessage(envelope.NewDataReader(conn, 35<<20))
	switch {
	case errors.Is(err, envelope.ErrTooLarge):
		fmt.Println("552 5.3.4 message exceeds fixed maximum message size")
		return
	case err != nil:
		fmt.Println(err)
		return
	}
	defer m.Close()
	body, _ := io.ReadAll(m.Body())
	next, _ := conn.ReadString('\n')
	fmt.Printf("%q\n%q\n", body, next)
	// Output:
	// ".signature\r\n"
	// "QUIT\r\n"
}

// A message can be read many times.
func ExampleSpool_ReadMessage() {
	mail := "Subject: Hello\r\n\r\nGood morning!\r\n"
	m, err := envelope.Spool{}.ReadMessage(strings.NewReader(mail))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close()
	body := make([]byte, m.Body().Size())
	if _, err := m.Body().ReadAt(body, 0); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%q\n%q\n", m.Header(), body)
	// Output:
	// "Subject: Hello\r\n\r\n"
	// "Good morning!\r\n"
}

// An envelope logs what is known at its stage.
func ExampleEnvelope_LogValue() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{} // or the output would differ each time
		}
		return a
	}}))
	e := envelope.Envelope{
		Stage: envelope.Rcpt, ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "mail.example.org",
		MailFrom: "a@example.org", RcptTo: "b@example.net",
	}
	logger.Info("judged", "mail", e)
	// Output:
	// level=INFO msg=judged mail.stage=rcpt mail.client_ip=192.0.2.1 mail.helo=mail.example.org mail.mail_from=a@example.org mail.rcpt_to=b@example.net
}
