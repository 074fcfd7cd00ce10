package gosmtp_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/gosmtp"
)

func TestErrorIsTheInterfaceNilForWhatIsNoRefusal(t *testing.T) {
	for _, action := range []verdict.Action{verdict.Accept, verdict.Continue} {
		if err := gosmtp.Error(verdict.Verdict{Action: action}); err != nil {
			t.Errorf("%s is the error %v", action, err)
		}
	}
}

func TestErrorIsBareAndBearsItsCodesOnEveryLine(t *testing.T) {
	for _, tc := range []struct {
		name string
		v    verdict.Verdict
		want smtp.SMTPError
	}{
		{"reject", verdict.Verdict{Action: verdict.Reject, Status: envelope.Status{Code: 550, Subject: 7, Detail: 25}, Text: "no name"},
			smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 25}, Message: "no name"}},
		{"tempfail", verdict.Verdict{Action: verdict.TempFail, Status: envelope.Status{Code: 450, Subject: 7, Detail: 25}, Text: "no name"},
			smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 7, 25}, Message: "no name"}},
		{"several lines", verdict.Verdict{Action: verdict.Reject, Status: envelope.Status{Code: 550, Subject: 7, Detail: 1}, Text: "one", Help: []string{"two", "three"}},
			smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "5.7.1 one\n5.7.1 two\nthree"}},
		{"no verdict", verdict.Verdict{},
			smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "internal server error, please try again later"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, ok := gosmtp.Error(tc.v).(*smtp.SMTPError) // as go-smtp looks at it
			if !ok {
				t.Fatal("the error is not a bare *smtp.SMTPError")
			}
			if *got != tc.want {
				t.Errorf("\ngot  %+v\nwant %+v", *got, tc.want)
			}
		})
	}
}

func TestEveryLineOfAReplyBearsBothCodesOnTheWire(t *testing.T) {
	rule := rejecting("sender", envelope.Mail, always).See("https://mx.example.org/why?ip={ip}").See("or ask postmaster@example.org")
	serve(t, &gosmtp.Guard{Policy: policyOf(rule)}, &backend{}).talk(t, hello+`
		C: MAIL FROM:<a@a.example>
		S: 550-5.7.1 sender says no to
		S: 550-5.7.1 https://mx.example.org/why?ip=127.0.0.1
		S: 550 5.7.1 or ask postmaster@example.org
	`)
}

func TestALongReplyIsFoldedAndEachLineBearsBothCodes(t *testing.T) {
	rule := rejecting("sender", envelope.Mail, always).Reply(refused, strings.Repeat("word ", 150))
	serve(t, &gosmtp.Guard{Policy: policyOf(rule)}, &backend{}).talk(t, hello+`
		C: MAIL FROM:<a@a.example>
		S: 550-5.7.1 word word...
		S: 550 5.7.1 word word...
		C: NOOP
		S: 250 ...
	`)
}

var errSecret = errors.New("password of db.internal is 1234")

// The errors of a backend, and what the client may see of them.
var backendErrors = []struct {
	name string
	err  error
	want string
	log  string
}{
	{"plain", errSecret, "451 4.3.0 the server has an internal error, please try again later", "1234"},
	{"typed nil", (*smtp.SMTPError)(nil), "451 4.3.0 the server has an internal error, please try again later", "nil"},
	{"wrapped typed nil", fmt.Errorf("mail: %w", (*smtp.SMTPError)(nil)), "451 4.3.0 ...", "mail"},
	{"bare", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}, "550 5.1.1 no such user", ""},
	{"wrapped", fmt.Errorf("db.internal: %w", &smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 2, 2}, Message: "full"}), "552 5.2.2 full", ""},
	{"joined", errors.Join(errSecret, &smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 2, 2}, Message: "full"}), "552 5.2.2 full", ""},
	{"classes that disagree", &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{5, 7, 25}, Message: "no name"}, "450 4.7.25 no name", ""},
	{"no enhanced code", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.NoEnhancedCode, Message: "no"}, "550 5.0.0 no", ""},
	{"enhanced code not set", &smtp.SMTPError{Code: 450, Message: "no"}, "450 4.0.0 no", ""},
	{"enhanced code out of bounds", &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 1000, 7}, Message: "no"}, "450 4.0.7 no", ""},
	{"a success as an error", &smtp.SMTPError{Code: 250, EnhancedCode: smtp.EnhancedCode{2, 0, 0}, Message: "fine"}, "451 4.3.0 ...", "fine"},
	{"no reply code at all", &smtp.SMTPError{Message: "eh"}, "451 4.3.0 ...", "eh"},
	{"a code beyond all", &smtp.SMTPError{Code: 650, Message: "eh"}, "451 4.3.0 ...", "eh"},
	{"control characters", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "a\r\x00\x1b[2Jb"}, "550 5.7.1 a ??[2Jb", ""},
	{"not ASCII", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "größer"}, "550 5.7.1 gr??er", ""},
	{"line ends", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "one\r\ntwo\r\n"}, "550-5.7.1 one|550 5.7.1 two", ""},
	{"codes on the lines already", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "5.7.1 one\ntwo"}, "550-5.7.1 one|550 5.7.1 two", ""},
	{"the error of a verdict", verdict.Verdict{Action: verdict.Reject, Status: refused, Text: "no", Help: []string{"ask"}}.Err(), "550-5.7.1 no|550 5.7.1 ask", ""},
	{"the error of gosmtp.Error", gosmtp.Error(verdict.Verdict{Action: verdict.Reject, Status: refused, Text: "no", Help: []string{"ask"}}), "550-5.7.1 no|550 5.7.1 ask", ""},
	{"the error of an acceptance", &verdict.Error{Verdict: verdict.Verdict{Action: verdict.Accept}}, "451 4.3.0 ...", "250"},
	{"cancelled", context.Canceled, "451 4.3.0 ...", "canceled"},
}

func TestErrorsOfTheBackend(t *testing.T) {
	for _, tc := range backendErrors {
		for command, dialogue := range map[string]struct {
			b    *backend
			talk string
		}{
			"EHLO": {&backend{newSession: func(*smtp.Conn) error { return tc.err }}, `
				S: 220 ...
				C: EHLO client.example.net
			`},
			"MAIL": {&backend{mail: func(string) error { return tc.err }}, hello + `
				C: MAIL FROM:<a@a.example>
			`},
			"RCPT": {&backend{rcpt: func(string) error { return tc.err }}, hello + `
				C: MAIL FROM:<a@a.example>
				S: 250 ...
				C: RCPT TO:<b@b.example>
			`},
			"DATA": {&backend{data: func([]byte) error { return tc.err }}, toData + `
				C: .
			`},
		} {
			t.Run(tc.name+" at "+command, func(t *testing.T) {
				s := serve(t, &gosmtp.Guard{}, dialogue.b)
				c := s.talk(t, dialogue.talk)
				for line := range strings.SplitSeq(tc.want, "|") {
					c.expect(line)
				}
				c.play("C: NOOP\nS: 250 ...")
				switch log := s.log.String(); {
				case tc.log == "" && log != "":
					t.Errorf("the log has %q", log)
				case !strings.Contains(log, tc.log) || tc.log != "" && !strings.Contains(log, "gosmtp: "+command+" of 127.0.0.1:"):
					t.Errorf("the log has %q, want %q of %s", log, tc.log, command)
				}
			})
		}
	}
}

func TestABackendThatMakesNoSessionIsATempfail(t *testing.T) {
	g := &gosmtp.Guard{}
	s := serve(t, g, smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return nil, nil }))
	s.talk(t, "S: 220 ...\nC: EHLO client.example.net\nS: 451 4.3.0 ...")
}

func TestOnlyOnceSMTPUTF8IsAskedForIsAReplyMoreThanASCII(t *testing.T) {
	rule := rejecting("recipient", envelope.Rcpt, to("größe"))
	b := &backend{rcpt: func(string) error {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "größer"}
	}}
	s := serve(t, &gosmtp.Guard{Policy: policyOf(rule)}, b, func(s *smtp.Server) { s.EnableSMTPUTF8 = true })
	s.talk(t, hello+`
		C: MAIL FROM:<a@a.example>
		S: 250 ...
		C: RCPT TO:<größe@b.example>
		S: 550 5.7.1 recipient says no to gr??e@b.example
		C: RCPT TO:<b@b.example>
		S: 550 5.1.1 gr??er
		C: RSET
		S: 250 ...
		C: MAIL FROM:<a@a.example> SMTPUTF8
		S: 250 ...
		C: RCPT TO:<größe@b.example>
		S: 550 5.7.1 recipient says no to größe@b.example
		C: RCPT TO:<b@b.example>
		S: 550 5.1.1 größer
	`)
}

func TestAPanicOfTheBackendEndsTheConnectionAndNothingElse(t *testing.T) {
	for _, tc := range []struct {
		name string
		b    *backend
	}{
		{"MAIL", &backend{mail: func(string) error { panic("mail") }}},
		{"RCPT", &backend{rcpt: func(string) error { panic("rcpt") }}},
		{"DATA", &backend{data: func([]byte) error { panic("data") }}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := serve(t, &gosmtp.Guard{}, tc.b)
			c := s.talk(t, hello+"C: MAIL FROM:<a@a.example>")
			if tc.name != "MAIL" {
				c.play("S: 250 ...\nC: RCPT TO:<b@b.example>")
			}
			if tc.name == "DATA" {
				c.play("S: 250 ...\nC: DATA\nS: 354 ...\nC: .")
			}
			c.play("S: 421 4.0.0 Internal server error\nS: closed")
			if n := strings.Count(strings.Join(tc.b.all(), " "), "logout"); n != 1 {
				t.Errorf("the session was logged out %d times", n)
			}
			tc.b.mail, tc.b.rcpt, tc.b.data = nil, nil, nil
			s.talk(t, hello+"C: MAIL FROM:<a@a.example>\nS: 250 ...")
		})
	}
}
