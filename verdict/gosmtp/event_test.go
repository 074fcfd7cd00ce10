package gosmtp_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/gosmtp"
)

// diary writes down what a guard reports of its replies, a line for each and for
// each recipient of a message.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(_ context.Context, event verdict.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	add := func(who string, v verdict.Verdict) {
		action := "unasked"
		if v.Action != 0 {
			action = v.Action.String()
		}
		line := fmt.Sprint(event.Stage, " ", who, " ", action, " ", event.Reply.Status)
		d.lines = append(d.lines, strings.Join(strings.Fields(line), " "))
	}
	switch event.Stage {
	case envelope.Mail:
		add(event.Envelope.MailFrom, event.Verdict)
	case envelope.Data:
		for _, r := range event.Recipients {
			add(r.To, r.Verdict)
		}
	default:
		add(event.Envelope.RcptTo, event.Verdict)
	}
}

func (d *diary) read() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.lines)
}

// courses is a policy with which a transaction can take every course, by the
// local parts of its sender and recipients.
func courses(rules ...verdict.Rule) verdict.Policy {
	return policyOf(append(rules,
		rejecting("sender", envelope.Mail, func(e *envelope.Envelope) bool { return strings.HasPrefix(e.MailFrom, "bad@") }),
		verdict.AcceptIf(when("welcome", envelope.Mail, func(e *envelope.Envelope) bool { return !strings.HasPrefix(e.MailFrom, "welcome@") })),
		rejecting("nobody", envelope.Rcpt, to("nobody")),
		verdict.AcceptIf(when("exempt", envelope.Rcpt, func(e *envelope.Envelope) bool { return !to("exempt")(e) })),
		rejecting("picky", envelope.Data, to("picky")),
		verdict.TempFailUnless(when("slow", envelope.Data, to("slow"))),
	)...)
}

var full = &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "the mailbox is full"}

// choosy is a backend that refuses some of what the policy lets through.
func choosy() *backend {
	return &backend{
		mail: func(from string) error {
			if strings.HasPrefix(from, "stranger@") {
				return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 8}, Message: "who?"}
			}
			return nil
		},
		rcpt: func(to string) error {
			if strings.HasPrefix(to, "full@") {
				return full
			}
			return nil
		},
		data: func(body []byte) error {
			switch {
			case strings.Contains(string(body), "panic"):
				panic("no such table")
			case strings.Contains(string(body), "broken"):
				return errSecret
			case strings.Contains(string(body), "full"):
				return full
			}
			return nil
		},
	}
}

func TestEachReplyIsToldWithWhatItIsAbout(t *testing.T) {
	for _, tc := range []struct {
		name, dialogue string
		settings       func(*smtp.Server)
		told           []string
	}{
		{name: "one recipient that waits for the message", dialogue: toData + "C: .\nS: 250 ...", told: []string{
			"connect continue 220 2.0.0", "mail a@a.example continue 250 2.0.0", "rcpt b@b.example continue 250 2.0.0", "data b@b.example accept 250 2.0.0",
		}},
		{name: "a sender that is refused", dialogue: hello + "C: MAIL FROM:<bad@a.example>\nS: 550 ...", told: []string{
			"connect continue 220 2.0.0", "mail bad@a.example reject 550 5.7.1",
		}},
		{name: "a sender that the backend refuses", dialogue: hello + "C: MAIL FROM:<stranger@a.example>\nS: 550 ...", told: []string{
			"connect continue 220 2.0.0", "mail stranger@a.example continue 550 5.1.8",
		}},
		{name: "MAIL twice", dialogue: hello + "C: MAIL FROM:<a@a.example>\nS: 250 ...\nC: MAIL FROM:<bad@a.example>\nS: 503 ...", told: []string{
			"connect continue 220 2.0.0", "mail a@a.example continue 250 2.0.0", "mail bad@a.example unasked 503 5.5.1",
		}},
		{
			name: "a sender that is accepted with all recipients",
			dialogue: hello +
				say("MAIL FROM:<welcome@a.example>", "250 ...") +
				say("RCPT TO:<nobody@b.example>", "250 ...") +
				say("DATA", "354 ...") +
				say(".", "250 ..."),
			told: []string{
				"connect continue 220 2.0.0", "mail welcome@a.example accept 250 2.0.0", "rcpt nobody@b.example accept 250 2.0.0",
				"data nobody@b.example accept 250 2.0.0",
			},
		},
		{
			name: "one recipient that is refused for the sake of another",
			dialogue: hello +
				say("MAIL FROM:<a@a.example>", "250 ...") +
				say("RCPT TO:<nobody@b.example>", "550 ...") +
				say("RCPT TO:<user@b.example>", "250 ...") +
				say("RCPT TO:<full@b.example>", "452 4.2.2 ...") +
				say("RCPT TO:<exempt@b.example>", "452 4.5.3 ...") +
				say("RCPT TO:<picky@b.example>", "250 ...") +
				say("DATA", "354 ...") +
				say(".", "550 5.7.1 picky says no to picky@b.example"),
			told: []string{
				"connect continue 220 2.0.0", "mail a@a.example continue 250 2.0.0", "rcpt nobody@b.example reject 550 5.7.1",
				"rcpt user@b.example continue 250 2.0.0", "rcpt full@b.example continue 452 4.2.2", "rcpt exempt@b.example accept 452 4.5.3",
				"rcpt picky@b.example continue 250 2.0.0", "data user@b.example accept 550 5.7.1", "data picky@b.example reject 550 5.7.1",
			},
		},
		{
			name: "each recipient of LMTP",
			dialogue: lmtpTo("user@b.example", "picky@b.example", "exempt@b.example", "slow@b.example") + `
				C: .
				S: 250 ...
				S: 550 ...
				S: 250 ...
				S: 450 ...`,
			settings: lmtp,
			told: []string{
				"connect continue 220 2.0.0", "mail a@a.example continue 250 2.0.0", "rcpt user@b.example continue 250 2.0.0",
				"rcpt picky@b.example continue 250 2.0.0", "rcpt exempt@b.example accept 250 2.0.0", "rcpt slow@b.example continue 250 2.0.0",
				"data user@b.example accept 250 2.0.0", "data picky@b.example reject 550 5.7.1", "data exempt@b.example accept 250 2.0.0", "data slow@b.example tempfail 450 4.7.1",
			},
		},
		{
			name: "a message that the backend cannot take", dialogue: toData + "C: broken\nC: .\nS: 451 4.3.0 ...",
			told: []string{
				"connect continue 220 2.0.0", "mail a@a.example continue 250 2.0.0", "rcpt b@b.example continue 250 2.0.0", "data b@b.example accept 451 4.3.0",
			},
		},
		{
			name: "a backend that panics", dialogue: toData + "C: panic\nC: .\nS: 421 ...\nS: closed",
			told: []string{
				"connect continue 220 2.0.0", "mail a@a.example continue 250 2.0.0", "rcpt b@b.example continue 250 2.0.0", "data b@b.example accept 421 4.0.0",
			},
		},
		{
			name: "a message that is too large", dialogue: toData + "C: " + strings.Repeat("x", 200) + "\nC: .\nS: 552 ...\nS: closed",
			settings: func(s *smtp.Server) { s.MaxMessageBytes = 100 },
			told: []string{
				"connect continue 220 2.0.0", "mail a@a.example continue 250 2.0.0", "rcpt b@b.example continue 250 2.0.0", "data b@b.example continue 552 5.3.4",
			},
		},
		{
			name: "a message with a line that is too long", dialogue: toData + "C: " + strings.Repeat("x", 200) + "\nC: .\nS: 554 ...\nS: closed",
			settings: func(s *smtp.Server) { s.MaxLineLength = 100 },
			told: []string{
				"connect continue 220 2.0.0", "mail a@a.example continue 250 2.0.0", "rcpt b@b.example continue 250 2.0.0", "data b@b.example continue 554 5.6.0",
			},
		},
		{
			name: "commands that go-smtp answers alone", dialogue: hello + "C: MAIL FROM:<user>\nS: 501 ...\nC: NOOP\nS: 250 ...\nC: DATA\nS: 502 ...",
			told: []string{"connect continue 220 2.0.0"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := &diary{}
			settings := []func(*smtp.Server){func(*smtp.Server) {}}
			if tc.settings != nil {
				settings = append(settings, tc.settings)
			}
			s := serve(t, &gosmtp.Guard{Policy: courses(), Report: d.note}, choosy(), settings...)
			s.talk(t, tc.dialogue).conn.Close()
			s.finish(t)
			equal(t, "told", d.read(), tc.told)
		})
	}
}

func TestWhatTheBackendRefusesIsToldWithItsError(t *testing.T) {
	for _, tc := range []struct {
		name, dialogue string
		settings       func(*smtp.Server)
		want           []error // of the last replies
	}{
		{"RCPT", hello + "C: MAIL FROM:<a@a.example>\nS: 250 ...\nC: RCPT TO:<full@b.example>\nS: 452 ...", func(*smtp.Server) {}, []error{nil, full}},
		{"DATA", toData + "C: broken\nC: .\nS: 451 ...", func(*smtp.Server) {}, []error{nil, errSecret}},
		{"the policy refuses", toData + "C: .\nS: 250 ...\nC: MAIL FROM:<bad@a.example>\nS: 550 ...", func(*smtp.Server) {}, []error{nil, nil}},
		{"LMTP", lmtpTo("user@b.example", "picky@b.example") + "C: broken\nC: .\nS: 451 ...\nS: 550 ...", lmtp, []error{errSecret, nil}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []error
			g := &gosmtp.Guard{Policy: courses(), Report: func(_ context.Context, event verdict.Event) { got = append(got, event.Err) }}
			s := serve(t, g, choosy(), tc.settings)
			s.talk(t, tc.dialogue).conn.Close()
			s.finish(t)
			if got = got[len(got)-len(tc.want):]; !slices.Equal(got, tc.want) {
				t.Errorf("the errors are %v, want %v", got, tc.want)
			}
		})
	}
}

func TestTheReplyInsteadOfTheGreetingIsTold(t *testing.T) {
	for reply, rule := range map[string]verdict.Rule{
		"connect reject 554 5.7.1":   rejecting("network", envelope.Connect, always),
		"connect tempfail 421 4.7.1": verdict.TempFailUnless(when("network", envelope.Connect, always)),
		"connect accept 220 2.0.0":   verdict.AcceptIf(when("network", envelope.Connect, func(*envelope.Envelope) bool { return false })),
	} {
		d := &diary{}
		s := serve(t, &gosmtp.Guard{Policy: policyOf(rule), Report: d.note}, &backend{})
		c := s.dial(t).send("QUIT\r\n")
		io.Copy(io.Discard, c.in)
		c.conn.Close()
		s.finish(t)
		equal(t, "told", d.read(), []string{reply})
	}
}

func TestARefusalTooManyIsToldAsWhatWasSent(t *testing.T) {
	d := &diary{}
	s := serve(t, &gosmtp.Guard{Policy: courses(), Report: d.note, MaxRejections: 1}, &backend{})
	s.dial(t).send("HELO c.example\r\n" + strings.Repeat("MAIL FROM:<bad@a.example>\r\n", 4)).play(`
		S: 220 ...
		S: 250 ...
		S: 550 ...
		S: 421 4.7.0 ...
		S: closed
	`)
	s.finish(t)
	equal(t, "told", d.read(), []string{"connect continue 220 2.0.0", "mail bad@a.example reject 550 5.7.1", "mail bad@a.example reject 421 4.7.0"})
}

func TestAMessageThatIsGivenUpHasNoReply(t *testing.T) {
	d := &diary{}
	s := serve(t, &gosmtp.Guard{Policy: courses(), Report: d.note}, &backend{})
	s.talk(t, rcptTo("user@b.example", "picky@b.example")).send("BDAT 4\r\nhalf").play("S: 250 ...\nC: RSET\nS: 250 ...\nC: QUIT\nS: 221 ...\nS: closed")
	s.finish(t)
	if told := d.read(); len(told) != 4 {
		t.Errorf("told: %q, want the greeting, MAIL and two RCPT", told)
	}
}

func TestNothingIsToldAfterTheEndOfTheSession(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			d := &diary{}
			rule, began := slow(envelope.Data)
			loggedOut := make(chan struct{})
			b := &backend{logout: func() error { close(loggedOut); return nil }}
			s := serve(t, &gosmtp.Guard{Policy: policyOf(rule), Report: d.note}, b, way.settings)
			s.talk(t, way.dialogue).send(way.last)
			<-began
			s.Close()
			<-loggedOut
			if told := d.read(); len(told) != 4 {
				t.Errorf("told: %q, want the greeting, MAIL and two RCPT", told)
			}
		})
	}
}
