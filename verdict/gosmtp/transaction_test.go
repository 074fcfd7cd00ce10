package gosmtp_test

import (
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/gosmtp"
)

func TestASecondMAILWithoutRSETIsOutOfOrder(t *testing.T) {
	b := &backend{}
	serve(t, &gosmtp.Guard{}, b).talk(t, rcptTo("b@b.example")+`
		C: MAIL FROM:<c@c.example>
		S: 503 5.5.1 nested MAIL command, RSET must come first
		C: DATA
		S: 354 ...
		C: .
		S: 250 ...
		C: MAIL FROM:<c@c.example>
		S: 250 ...
		C: RSET
		S: 250 ...
		C: MAIL FROM:<d@d.example>
		S: 250 ...
	`)
	equal(t, "the backend was told", b.told(), []string{
		"mail a@a.example", "rcpt b@b.example", "verdict b@b.example accept ", "data", "mail c@c.example", "mail d@d.example",
	})
}

func TestAMAILThatWasRefusedBeginsNothing(t *testing.T) {
	b := &backend{mail: func(from string) error {
		if from == "c@c.example" {
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 8}, Message: "no"}
		}
		return nil
	}}
	serve(t, &gosmtp.Guard{Policy: policyOf(rejecting("sender", envelope.Mail, func(e *envelope.Envelope) bool { return e.MailFrom == "a@a.example" }))}, b).
		talk(t, hello+`
		C: MAIL FROM:<a@a.example>
		S: 550 5.7.1 ...
		C: MAIL FROM:<c@c.example>
		S: 550 5.1.8 no
		C: RCPT TO:<b@b.example>
		S: 502 5.5.1 ...
		C: MAIL FROM:<d@d.example>
		S: 250 ...
	`)
	equal(t, "the backend was told", b.told(), []string{"mail d@d.example"})
}

func TestRSETWithoutATransactionIsHarmless(t *testing.T) {
	b := &backend{}
	serve(t, &gosmtp.Guard{}, b).talk(t, hello+`
		C: RSET
		S: 250 ...
		C: RSET
		S: 250 ...
		C: MAIL FROM:<a@a.example>
		S: 250 ...
	`)
}

// A recipient who is accepted at RCPT, and one who depends on the message.
var exemptPostmaster = policyOf(
	verdict.AcceptIf(when("postmaster", envelope.Rcpt, func(e *envelope.Envelope) bool { return !to("postmaster")(e) })),
	rejecting("message", envelope.Data, holds("spam")),
)

func TestRecipientsThatWouldClashAtDATAComeInTransactionsOfTheirOwn(t *testing.T) {
	for _, tc := range []struct{ name, first, second string }{
		{"accepted first", "postmaster@b.example", "user@b.example"},
		{"depending first", "user@b.example", "postmaster@b.example"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := &backend{}
			serve(t, &gosmtp.Guard{Policy: exemptPostmaster}, b).talk(t, hello+`
				C: MAIL FROM:<a@a.example>
				S: 250 ...
				C: RCPT TO:<`+tc.first+`>
				S: 250 ...
				C: RCPT TO:<`+tc.second+`>
				S: 452 4.5.3 this recipient needs a transaction of its own, please send the message again
				C: RCPT TO:<`+tc.first+`>
				S: 250 ...
				C: DATA
				S: 354 ...
				C: Subject: news
				C: .
				S: 250 ...
				C: MAIL FROM:<a@a.example>
				S: 250 ...
				C: RCPT TO:<`+tc.second+`>
				S: 250 ...
			`)
			equal(t, "the backend was told", b.told(), []string{
				"mail a@a.example", "rcpt " + tc.first, "rcpt " + tc.first,
				"verdict " + tc.first + " accept ", "verdict " + tc.first + " accept ", "data",
				"mail a@a.example", "rcpt " + tc.second,
			})
		})
	}
}

func TestTheExemptGetWhatTheOthersDoNot(t *testing.T) {
	b := &backend{}
	s := serve(t, &gosmtp.Guard{Policy: exemptPostmaster}, b)
	for recipient, reply := range map[string]string{"postmaster@b.example": "250", "user@b.example": "550"} {
		s.talk(t, hello+`
			C: MAIL FROM:<a@a.example>
			S: 250 ...
			C: RCPT TO:<`+recipient+`>
			S: 250 ...
			C: DATA
			S: 354 ...
			C: Subject: spam
			C: .
			S: `+reply+` ...
		`)
	}
}

func TestOfSeveralRecipientsATempfailIsTheReplyForAll(t *testing.T) {
	b := &backend{}
	serve(t, &gosmtp.Guard{Policy: policyOf(
		rejecting("picky", envelope.Data, to("picky")),
		verdict.TempFailUnless(when("slow", envelope.Data, to("slow"))),
	)}, b).talk(t, dataTo("user@b.example", "picky@b.example", "slow@b.example")+`
		C: .
		S: 450 4.7.1 slow says no to slow@b.example
	`)
	if n := len(b.messages()); n != 0 {
		t.Errorf("%d messages were delivered", n)
	}
}

// go-smtp undoes quotes. The envelope has them again, so that no @ can be
// taken for another; the backend gets what go-smtp gives.
func TestAddressesAreInTheFormOfTheRFC(t *testing.T) {
	for _, tc := range []struct{ sent, want, backend string }{
		{`<>`, ``, ``},
		{`<user@a.example>`, `user@a.example`, `user@a.example`},
		{`<"x@evil.example"@a.example>`, `"x@evil.example"@a.example`, `x@evil.example@a.example`},
		{`<"two words"@a.example>`, `"two words"@a.example`, `two words@a.example`},
		{`<"quo\"te\\"@a.example>`, `"quo\"te\\"@a.example`, `quo"te\@a.example`},
		{`<"plain"@a.example>`, `plain@a.example`, `plain@a.example`},
		{`<"a."@a.example>`, `"a."@a.example`, `a.@a.example`},
		{`<"@"@a.example>`, `"@"@a.example`, `@@a.example`},
		{`<user@[192.0.2.1]>`, `user@[192.0.2.1]`, `user@[192.0.2.1]`},
		{`<user@[IPv6:2001:db8::1]>`, `user@[IPv6:2001:db8::1]`, `user@[IPv6:2001:db8::1]`},
		{`<größe@a.example>`, `größe@a.example`, `größe@a.example`},
		// What is malformed: the domain is what stands behind the last @.
		{`<a@b@victim.example>`, `"a@b"@victim.example`, `a@b@victim.example`},
		{`<user@a..bad>`, `user@a..bad`, `user@a..bad`},
		// What go-smtp takes away or lets through before anyone sees it.
		{`<@relay.example,@other.example:user@a.example>`, `user@a.example`, `user@a.example`},
		{`user@a.example`, `user@a.example`, `user@a.example`},
	} {
		t.Run(tc.sent, func(t *testing.T) {
			f, b := &facts{}, &backend{}
			s := serve(t, &gosmtp.Guard{Policy: policyOf(f.rule())}, b)
			c := s.talk(t, hello+"C: MAIL FROM:"+tc.sent+"\nS: 250 ...")
			if got := f.at(envelope.Mail)[0].MailFrom; got != tc.want {
				t.Errorf("at MAIL the envelope has %q, want %q", got, tc.want)
			}
			if tc.sent == "<>" {
				return
			}
			c.play("C: RCPT TO:" + tc.sent + "\nS: 250 ...")
			if got := f.at(envelope.Rcpt)[0].RcptTo; got != tc.want {
				t.Errorf("at RCPT the envelope has %q, want %q", got, tc.want)
			}
			equal(t, "the backend was told", b.told(), []string{"mail " + tc.backend, "rcpt " + tc.backend})
		})
	}
}

// What never reaches a policy, because go-smtp answers by itself.
func TestWhatGoSMTPDecidesAlone(t *testing.T) {
	for _, tc := range []struct{ name, before, command, reply string }{
		{"the bare postmaster", "MAIL FROM:<a@a.example>", "RCPT TO:<postmaster>", "501 5.5.2 ..."},
		{"a path without @", "", "MAIL FROM:<user>", "501 5.5.2 ..."},
		{"an empty local part", "", "MAIL FROM:<@a.example>", "501 5.5.2 ..."},
		{"an empty quoted local part", "", `MAIL FROM:<""@a.example>`, "501 5.5.2 ..."},
		{"an empty domain", "", "MAIL FROM:<user@>", "501 5.5.2 ..."},
		{"a bracket that does not close", "", "MAIL FROM:<user@a.example", "501 5.5.2 ..."},
		{"the null path as recipient", "MAIL FROM:<a@a.example>", "RCPT TO:<>", "501 5.5.2 ..."},
		{"a parameter that can't be read", "", "MAIL FROM:<user@a.example> SIZE=big", "501 5.5.4 ..."},
		{"an unknown parameter", "", "MAIL FROM:<user@a.example> COLOUR=red", "500 5.5.4 ..."},
		{"SMTPUTF8 that is not offered", "", "MAIL FROM:<user@a.example> SMTPUTF8", "504 5.5.4 ..."},
		{"a message announced too large", "", "MAIL FROM:<user@a.example> SIZE=2000", "552 5.3.4 ..."},
		{"RCPT before MAIL", "", "RCPT TO:<b@b.example>", "502 5.5.1 ..."},
		{"DATA before RCPT", "MAIL FROM:<a@a.example>", "DATA", "502 5.5.1 ..."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := &facts{}
			s := serve(t, &gosmtp.Guard{Policy: policyOf(f.rule())}, &backend{},
				func(s *smtp.Server) { s.MaxMessageBytes = 1000 })
			c := s.talk(t, hello)
			if tc.before != "" {
				c.play("C: " + tc.before + "\nS: 250 ...")
			}
			judged := len(f.seen)
			c.play("C: " + tc.command + "\nS: " + tc.reply)
			if n := len(f.seen) - judged; n != 0 {
				t.Errorf("it was judged %d times", n)
			}
		})
	}
	t.Run("MAIL before HELO", func(t *testing.T) {
		serve(t, &gosmtp.Guard{}, &backend{}).talk(t, "S: 220 ...\nC: MAIL FROM:<a@a.example>\nS: 502 5.5.1 ...")
	})
	t.Run("recipients over the limit", func(t *testing.T) {
		s := serve(t, &gosmtp.Guard{}, &backend{}, func(s *smtp.Server) { s.MaxRecipients = 1 })
		s.talk(t, hello+"C: MAIL FROM:<a@a.example>\nS: 250 ...\nC: RCPT TO:<b@b.example>\nS: 250 ...\nC: RCPT TO:<c@b.example>\nS: 452 4.5.3 ...")
	})
}

func TestHarvestingEndsTheConnection(t *testing.T) {
	g := &gosmtp.Guard{Policy: policyOf(rejecting("recipient", envelope.Rcpt, to("nobody"))), MaxRejections: 3}
	b := &backend{}
	serve(t, g, b).talk(t, hello+
		say("MAIL FROM:<a@a.example>", "250 ...")+
		say("RCPT TO:<nobody@b.example>", "550 ...")+
		say("RSET", "250 ...")+
		say("HELO other.example.net", "250 ...")+
		say("MAIL FROM:<a@a.example>", "250 ...")+
		say("RCPT TO:<nobody@b.example>", "550 ...")+
		say("RCPT TO:<nobody@b.example>", "550 ...")+
		say("RCPT TO:<user@b.example>", "250 ...")+
		say("RCPT TO:<nobody@b.example>", "421 4.7.0 too many commands were refused, closing the connection")+"S: closed")
}

func TestHarvestingInOneGoGetsNoFurther(t *testing.T) {
	g := &gosmtp.Guard{Policy: policyOf(rejecting("recipient", envelope.Rcpt, to("nobody"))), MaxRejections: 3}
	b := &backend{}
	s := serve(t, g, b)
	s.dial(t).send("HELO c.example\r\nMAIL FROM:<a@a.example>\r\n" + strings.Repeat("RCPT TO:<nobody@b.example>\r\n", 50) + "RCPT TO:<user@b.example>\r\nDATA\r\n.\r\nNOOP\r\n").play(`
		S: 220 ...
		S: 250 ...
		S: 250 ...
		S: 550 ...
		S: 550 ...
		S: 550 ...
		S: 421 4.7.0 ...
		S: closed
	`)
	s.finish(t)
	equal(t, "the backend was told", b.told(), []string{"mail a@a.example"})
	if log := s.log.String(); log != "" {
		t.Errorf("the log has %q", log)
	}
}

func TestDeferralsAreNotCounted(t *testing.T) {
	g := &gosmtp.Guard{Policy: policyOf(verdict.TempFailUnless(when("grey", envelope.Mail, always))), MaxRejections: 1}
	c := serve(t, g, &backend{}).talk(t, hello)
	for range 10 {
		c.play("C: MAIL FROM:<a@a.example>\nS: 450 4.7.1 ...")
	}
}

func TestRefusedSessionsAreCounted(t *testing.T) {
	b := &backend{newSession: func(*smtp.Conn) error {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "not you"}
	}}
	serve(t, &gosmtp.Guard{MaxRejections: 2}, b).talk(t, `
		S: 220 ...
		C: EHLO a.example
		S: 550 5.7.1 not you
		C: EHLO b.example
		S: 550 5.7.1 not you
		C: EHLO c.example
		S: 421 4.7.0 ...
		S: closed
	`)
}

func TestA421ClosesTheConnection(t *testing.T) {
	closing := &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "going down"}
	says := func(string) error { return closing }
	rule := func(stage envelope.Stage) verdict.Policy {
		return policyOf(verdict.TempFailUnless(when("down", stage, always)).
			Reply(envelope.Status{Code: 421, Subject: 3, Detail: 2}, "going down"))
	}
	for _, tc := range []struct {
		name    string
		policy  verdict.Policy
		b       *backend
		replies int // before the 421
	}{
		{"of the backend at EHLO", verdict.Policy{}, &backend{newSession: func(*smtp.Conn) error { return closing }}, 0},
		{"of the backend at MAIL", verdict.Policy{}, &backend{mail: says}, 1},
		{"of the backend at RCPT", verdict.Policy{}, &backend{rcpt: says}, 2},
		{"of the backend at DATA", verdict.Policy{}, &backend{data: func([]byte) error { return closing }}, 4},
		{"of the policy at MAIL", rule(envelope.Mail), &backend{}, 1},
		{"of the policy at RCPT", rule(envelope.Rcpt), &backend{}, 2},
		{"of the policy at DATA", rule(envelope.Data), &backend{}, 4},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := serve(t, &gosmtp.Guard{Policy: tc.policy}, tc.b)
			// All at once: what go-smtp has read already must not be acted on.
			c := s.dial(t).send("HELO c.example\r\nMAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\nDATA\r\nx\r\n.\r\n" +
				"MAIL FROM:<again@a.example>\r\nRCPT TO:<again@b.example>\r\nDATA\r\nagain\r\n.\r\nEHLO again.example\r\nRSET\r\n")
			c.expect("220 ...")
			for i := range tc.replies {
				c.expect([]string{"250 ...", "250 ...", "250 ...", "354 ..."}[i])
			}
			c.play("S: 421 4.3.2 going down\nS: closed")
			s.finish(t)
			if told := strings.Join(tc.b.all(), " "); strings.Contains(told, "again") {
				t.Errorf("the backend was told %q", told)
			}
			if log := s.log.String(); log != "" {
				t.Errorf("the log has %q", log)
			}
		})
	}
}
