package gosmtp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/gosmtp"
	"mxrules.example/verdict/headers"
)

// spfResult is a Detail that belongs into Authentication-Results.
type spfResult string

func (r spfResult) AuthenticationResults() []envelope.AuthenticationResult {
	return []envelope.AuthenticationResult{{Method: "spf", Result: string(r)}}
}

var askingSPF = verdict.RejectUnless(envelope.At("spf", envelope.Mail, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
	return envelope.Passed("").With(spfResult("pass"))
}))

// stamped is a guard whose messages are stamped by mx.example.org.
func stamped(t *testing.T, rules ...verdict.Rule) *gosmtp.Guard {
	t.Helper()
	stamp, err := headers.For("mx.example.org")
	if err != nil {
		t.Fatal(err)
	}
	return &gosmtp.Guard{Policy: policyOf(rules...), Deliver: stamp.Deliver}
}

const ourField = "Authentication-Results: mx.example.org;\r\n\tspf=pass\r\n"

const ourFields = ourField + "Received-SPF: pass (mx.example.org: 127.0.0.1 may use the domain)\r\n" +
	"\tclient-ip=127.0.0.1; envelope-from=\"a@a.example\";\r\n\thelo=client.example.net; identity=mailfrom; receiver=mx.example.org\r\n"

func TestTheBackendGetsTheMessageWithItsHeader(t *testing.T) {
	for _, tc := range []struct{ name, message, want string }{
		{"fields on top", "Subject: x\r\n\r\nbody\r\n", ourFields + "Subject: x\r\n\r\nbody\r\n"},
		{"forged", "Authentication-Results: mx.example.org;\r\n dkim=pass\r\nSubject: x\r\n\r\nbody\r\n", ourFields + "Subject: x\r\n\r\nbody\r\n"},
		{"not a header", "\tdkim=pass\r\nSubject: x\r\n\r\nbody\r\n", ourFields + "Subject: x\r\n\r\nbody\r\n"},
		{"odd line ends", "Subject: x\n\nbody\n.\nmore\r.\r\r\nend\r\n", ourFields + "Subject: x\r\n\r\nbody\n.\nmore\r.\r\r\nend\r\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := &backend{}
			serve(t, stamped(t, askingSPF), b).talk(t, toData).send(tc.message + ".\r\n").expect("250 ...")
			equal(t, "messages", b.messages(), []string{tc.want})
		})
	}
}

func TestTheHeaderIsThatOfTheVerdictsOfTheRecipients(t *testing.T) {
	var recipients []string
	g := stamped(t, askingSPF, rejecting("picky", envelope.Data, to("picky")))
	deliver := g.Deliver
	g.Deliver = func(m *envelope.Message, e *envelope.Envelope, verdicts ...verdict.Verdict) (io.Reader, error) {
		for _, v := range verdicts {
			recipients = append(recipients, v.Action.String())
		}
		if e.RcptTo != "" || e.Message != m || e.MailFrom != "a@a.example" || !e.Reached(envelope.Data) {
			t.Errorf("the envelope is %+v", e)
		}
		return deliver(m, e, verdicts...)
	}
	b := &backend{}
	serve(t, g, b, lmtp).talk(t, lmtpTo("user@b.example", "picky@b.example", "other@b.example")+`
		C: Subject: news
		C: .
		S: 250 2.0.0 <user@b.example> OK: queued
		S: 550 5.7.1 <picky@b.example> picky says no to picky@b.example
		S: 250 2.0.0 <other@b.example> OK: queued
		C: QUIT
		S: 221 ...
		S: closed
	`)
	equal(t, "verdicts", recipients, []string{"accept", "accept"})
	if messages := b.messages(); len(messages) != 1 || !strings.HasPrefix(messages[0], ourField) {
		t.Errorf("%q", messages)
	}
}

func TestAMessageThatCannotBeStampedIsRefused(t *testing.T) {
	refusal := &verdict.Error{Verdict: verdict.Verdict{
		Action: verdict.Reject, Status: envelope.Status{Code: 554, Subject: 6}, Text: "the message is malformed",
	}}
	for name, tc := range map[string]struct {
		err  error
		want string
	}{
		"an error with a reply": {refusal, "554 5.6.0 the message is malformed"},
		"another error":         {errors.New("secret"), "451 4.3.0 the server has an internal error, please try again later"},
	} {
		t.Run(name, func(t *testing.T) {
			b := &backend{}
			g := &gosmtp.Guard{Deliver: func(*envelope.Message, *envelope.Envelope, ...verdict.Verdict) (io.Reader, error) { return nil, tc.err }}
			serve(t, g, b).talk(t, toData).send("Subject: x\r\n.\r\n").expect(tc.want)
			serve(t, g, b, lmtp).talk(t, lmtpTo("b@b.example")).send("Subject: x\r\n.\r\n").
				expect(strings.Replace(tc.want, ".0 ", ".0 <b@b.example> ", 1))
			equal(t, "messages", b.messages(), nil)
		})
	}
}

func TestALongHeaderIsRefusedOverTheWire(t *testing.T) {
	b := &backend{}
	field := fmt.Sprintf("X: %s\r\n", strings.Repeat("a", 900))
	serve(t, stamped(t, askingSPF), b).talk(t, toData).send(strings.Repeat(field, 1200) + "\r\n.\r\n").
		expect("554 5.6.0 the header of the message is longer than 1 MiB")
	equal(t, "messages", b.messages(), nil)
}
