package gosmtp_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
	"mxrules.example/verdict/gosmtp"
)

// each is a backend whose sessions answer each recipient.
type each struct {
	backend
	deliver func(body string, status smtp.StatusCollector) error
}

func (b *each) NewSession(*smtp.Conn) (smtp.Session, error) {
	return &eachSession{&mailSession{&b.backend}, b}, nil
}

type eachSession struct {
	*mailSession
	each *each
}

func (s *eachSession) LMTPData(r io.Reader, status smtp.StatusCollector) error {
	body, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.note("data")
	return s.each.deliver(string(body), status)
}

func lmtp(s *smtp.Server) { s.LMTP = true }

const lhlo = `
	S: 220 mx.example.org LMTP Service Ready
	C: LHLO client.example.net
	S: 250-Hello ...
	S: 250-PIPELINING
	S: 250-8BITMIME
	S: 250-ENHANCEDSTATUSCODES
	S: 250-CHUNKING
	S: 250 SIZE
	C: MAIL FROM:<a@a.example>
	S: 250 ...
`

// lmtpTo begins a transaction for recipients, up to the message.
func lmtpTo(recipients ...string) string {
	dialogue := lhlo
	for _, to := range recipients {
		dialogue += "C: RCPT TO:<" + to + ">\nS: 250 ...\n"
	}
	return dialogue + "C: DATA\nS: 354 ...\n"
}

var pickyPolicy = policyOf(
	verdict.AcceptIf(when("postmaster", envelope.Rcpt, func(e *envelope.Envelope) bool { return !to("postmaster")(e) })),
	rejecting("picky", envelope.Data, to("picky")).See("ask postmaster"),
	verdict.TempFailUnless(when("slow", envelope.Data, to("slow"))),
)

func TestLMTPAnswersEachRecipient(t *testing.T) {
	b := &backend{}
	serve(t, &gosmtp.Guard{Policy: pickyPolicy}, b, lmtp).talk(t,
		lmtpTo("user@b.example", "picky@b.example", "postmaster@b.example", "slow@b.example", "other@b.example")+`
		C: Subject: news
		C: .
		S: 250 2.0.0 <user@b.example> OK: queued
		S: 550 5.7.1 <picky@b.example> picky says no to picky@b.example ask postmaster
		S: 250 2.0.0 <postmaster@b.example> OK: queued
		S: 450 4.7.1 <slow@b.example> slow says no to slow@b.example
		S: 250 2.0.0 <other@b.example> OK: queued
		C: QUIT
		S: 221 ...
	`)
	equal(t, "the backend was told", b.told(), []string{
		"mail a@a.example", "rcpt user@b.example", "rcpt picky@b.example", "rcpt postmaster@b.example", "rcpt slow@b.example", "rcpt other@b.example",
		// Once more for those that are left.
		"mail a@a.example", "rcpt user@b.example", "rcpt postmaster@b.example", "rcpt other@b.example",
		"verdict user@b.example accept ", "verdict postmaster@b.example accept ", "verdict other@b.example accept ", "data",
	})
}

func TestLMTPRecipientsThatAllPassAreToldOnce(t *testing.T) {
	b := &each{deliver: func(_ string, status smtp.StatusCollector) error {
		status.SetStatus("x@b.example", nil)
		status.SetStatus("y@b.example", &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "full"})
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 2, 1}, Message: "disabled"} // for the rest
	}}
	s := serve(t, &gosmtp.Guard{Policy: pickyPolicy}, b, lmtp)
	s.talk(t, lmtpTo("z@b.example", "x@b.example", "y@b.example")+`
		C: .
		S: 550 5.2.1 <z@b.example> disabled
		S: 250 2.0.0 <x@b.example> OK: queued
		S: 452 4.2.2 <y@b.example> full
	`)
	equal(t, "the backend was told", b.told(), []string{
		"mail a@a.example", "rcpt z@b.example", "rcpt x@b.example", "rcpt y@b.example",
		"verdict z@b.example accept ", "verdict x@b.example accept ", "verdict y@b.example accept ", "data",
	})
}

func TestLMTPRecipientsThatAreAllRefusedLeaveNothingToDeliver(t *testing.T) {
	b := &each{}
	serve(t, &gosmtp.Guard{Policy: pickyPolicy}, b, lmtp).talk(t, lmtpTo("picky@b.example", "slow@b.example")+`
		C: .
		S: 550 ...
		S: 450 ...
		C: NOOP
		S: 250 ...
	`)
	equal(t, "the backend was told", b.told(), []string{"mail a@a.example", "rcpt picky@b.example", "rcpt slow@b.example"})
}

// A recipient may be named twice, and judged twice: here the second of them is
// one too many.
func TestLMTPARecipientNamedTwiceIsAnsweredTwiceInOrder(t *testing.T) {
	for _, tc := range []struct {
		name    string
		refused int
		replies string
	}{
		{"the second is refused", 1, "S: 452 4.2.2 <x@b.example> full\nS: 550 5.7.1 <x@b.example> ...\nS: 250 ..."},
		{"the first is refused", 0, "S: 550 5.7.1 <x@b.example> ...\nS: 452 4.2.2 <x@b.example> full\nS: 250 ..."},
		{"none is refused", 9, "S: 452 4.2.2 <x@b.example> full\nS: 250 2.0.0 <x@b.example> ...\nS: 250 ..."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := &each{}
			b.deliver = func(_ string, status smtp.StatusCollector) error {
				status.SetStatus("x@b.example", &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "full"})
				status.SetStatus("y@b.example", nil)
				if tc.refused == 9 {
					status.SetStatus("x@b.example", nil)
				}
				return nil
			}
			judged := 0
			serve(t, &gosmtp.Guard{Policy: policyOf(rejecting("nth", envelope.Data, func(e *envelope.Envelope) bool {
				judged++
				return judged-1 == tc.refused
			}))}, b, lmtp).talk(t, lmtpTo("x@b.example", "x@b.example", "y@b.example")+"C: .\n"+tc.replies+"\nC: NOOP\nS: 250 ...")
		})
	}
}

func TestLMTPErrorsOfTheBackendAreCleaned(t *testing.T) {
	b := &each{deliver: func(_ string, status smtp.StatusCollector) error {
		status.SetStatus("x@b.example", errSecret)
		status.SetStatus("y@b.example", &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{5, 2, 2}, Message: "one\r\ntwo"})
		return (*smtp.SMTPError)(nil)
	}}
	s := serve(t, &gosmtp.Guard{}, b, lmtp)
	s.talk(t, lmtpTo("x@b.example", "y@b.example", "z@b.example")+`
		C: .
		S: 451 4.3.0 <x@b.example> the server has an internal error, please try again later
		S: 450 4.2.2 <y@b.example> one two
		S: 451 4.3.0 <z@b.example> ...
	`)
	if log := s.log.String(); strings.Count(log, "DATA of 127.0.0.1:") != 2 || !strings.Contains(log, errSecret.Error()) {
		t.Errorf("the log has %q", log)
	}
}

func TestLMTPALineOfAReplyIsNeverTooLong(t *testing.T) {
	rule := rejecting("picky", envelope.Data, to("picky")).Reply(refused, strings.Repeat("word ", 100)).See(strings.Repeat("x", 400))
	c := serve(t, &gosmtp.Guard{Policy: policyOf(rule)}, &backend{}, lmtp).talk(t, lmtpTo("picky@b.example")).send(".\r\n")
	line, err := c.in.ReadString('\n')
	if err != nil || len(line) > 512 || !strings.HasPrefix(line, "550 5.7.1 <picky@b.example> word") {
		t.Errorf("got %d octets, %q, %v", len(line), line, err)
	}
	c.play("C: NOOP\nS: 250 ...")
}

func TestLMTPABackendThatAnswersAStrangerFailsTheRest(t *testing.T) {
	for _, stranger := range []string{"stranger@b.example", "x@b.example"} {
		b := &each{deliver: func(_ string, status smtp.StatusCollector) error {
			status.SetStatus("x@b.example", nil)
			status.SetStatus(stranger, nil)
			return nil
		}}
		s := serve(t, &gosmtp.Guard{}, b, lmtp)
		s.talk(t, lmtpTo("x@b.example", "y@b.example")+`
			C: .
			S: 250 2.0.0 <x@b.example> ...
			S: 421 4.3.0 <y@b.example> ...
			S: closed
		`)
		if log := s.log.String(); !strings.Contains(log, `SetStatus for "`+stranger+`"`) {
			t.Errorf("the log has %q", log)
		}
	}
}

func TestLMTPARecipientThatIsNotTakenTheSecondTimeIsRefused(t *testing.T) {
	taken := map[string]bool{}
	b := &backend{}
	b.rcpt = func(to string) error {
		if to == "once@b.example" && taken[to] {
			return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "full"}
		}
		taken[to] = true
		return nil
	}
	serve(t, &gosmtp.Guard{Policy: pickyPolicy}, b, lmtp).talk(t, lmtpTo("once@b.example", "picky@b.example", "user@b.example")+`
		C: .
		S: 452 4.2.2 <once@b.example> full
		S: 550 5.7.1 <picky@b.example> ...
		S: 250 2.0.0 <user@b.example> ...
	`)
	b.mail = func(string) error {
		b.mail = func(string) error {
			return &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "busy"}
		}
		return nil
	}
	serve(t, &gosmtp.Guard{Policy: pickyPolicy}, b, lmtp).talk(t, lmtpTo("user@b.example", "picky@b.example")+`
		C: .
		S: 450 4.3.2 <user@b.example> busy
		S: 550 5.7.1 <picky@b.example> ...
	`)
}

func TestLMTPA421OfOneRecipientClosesBehindTheReplyOfTheLast(t *testing.T) {
	b := &each{deliver: func(_ string, status smtp.StatusCollector) error {
		status.SetStatus("x@b.example", &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "going down"})
		return nil
	}}
	serve(t, &gosmtp.Guard{}, b, lmtp).talk(t, lmtpTo("x@b.example", "y@b.example")+`
		C: .
		S: 421 4.3.2 <x@b.example> going down
		S: 250 2.0.0 <y@b.example> ...
		S: closed
	`)
}

func TestLMTPInChunks(t *testing.T) {
	b := &backend{}
	serve(t, &gosmtp.Guard{Policy: pickyPolicy}, b, lmtp).talk(t, lhlo+`
		C: RCPT TO:<picky@b.example>
		S: 250 ...
		C: RCPT TO:<user@b.example>
		S: 250 ...
	`).send("BDAT 5\r\nhello").expect("250 ...")
	c := serve(t, &gosmtp.Guard{Policy: pickyPolicy}, b, lmtp).talk(t, lhlo+`
		C: RCPT TO:<picky@b.example>
		S: 250 ...
		C: RCPT TO:<user@b.example>
		S: 250 ...
	`)
	c.send("BDAT 5\r\nhello").expect("250 ...")
	c.send("BDAT 6 LAST\r\nworld\n").play(`
		S: 550 5.7.1 <picky@b.example> ...
		S: 250 2.0.0 <user@b.example> ...
	`)
	equal(t, "messages", b.messages(), []string{"helloworld\n"})
}

func TestLMTPAMessageThatBreaksOffClosesTheConnection(t *testing.T) {
	b := &each{}
	s := serve(t, &gosmtp.Guard{}, b, lmtp, func(s *smtp.Server) { s.MaxLineLength = 100 })
	s.talk(t, lmtpTo("x@b.example", "y@b.example")).send(strings.Repeat("x", 200) + "\r\nMAIL FROM:<evil@a.example>\r\n").play(`
		S: 554 5.6.0 ...
		S: closed
	`)
	s.finish(t)
	equal(t, "the backend was told", b.told(), []string{"mail a@a.example", "rcpt x@b.example", "rcpt y@b.example"})
}

// Recipients that depend on the message share one judgement, whether or not others
// were accepted between them.
func TestLMTPRecipientsAcceptedAtRCPTDoNotSplitTheJudgement(t *testing.T) {
	const recipients = 200
	dns := zone.MustParse("")
	computed := 0
	asks := envelope.At("asks", envelope.Data, func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		for _, name := range []string{"a.example", "b.example", "c.example", "d.example"} {
			envelope.LookupTXT(ctx, r, name)
		}
		type key struct{}
		envelope.Once(ctx, key{}, func() (int, error) { computed++; return 0, nil })
		return envelope.Passed("")
	})
	var dialogue []string
	for n := range recipients {
		dialogue = append(dialogue, fmt.Sprintf("%s%d@b.example", []string{"exempt", "user"}[n%2], n))
	}
	g := &gosmtp.Guard{Resolver: dns, Policy: courses()}
	g.Policy.Rules = append(g.Policy.Rules, verdict.RejectUnless(asks))
	serve(t, g, &backend{}, lmtp).talk(t, lmtpTo(dialogue...)+"C: .\n"+strings.Repeat("S: 250 ...\n", recipients))
	if asked := dns.Asked(); len(asked) != 4 || computed != 1 {
		t.Errorf("%d questions were asked, and what is shared was computed %d times; want 4 and 1", len(asked), computed)
	}
}

// A recipient has the same place in the transaction at RCPT and at DATA, or what
// was found at RCPT would not hold any more.
func TestARecipientKeepsItsPlaceWhenOneBeforeItIsRefused(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			f := &facts{}
			rules := policyOf(f.rule(), rejecting("user", envelope.Data, to("user")))
			s := serve(t, &gosmtp.Guard{Policy: rules}, &backend{}, way.settings)
			s.talk(t, way.dialogue).send(way.last).expect("550 ...")
			s.Close()
			for _, stage := range []envelope.Stage{envelope.Rcpt, envelope.Data} {
				got := f.at(stage)
				if len(got) != 2 || got[0].Recipients != 0 || got[1].Recipients != 1 {
					t.Errorf("at %s the envelopes are %+v", stage, got)
				}
			}
		})
	}
}

// What go-smtp finds in a session must be what the backend offers.
func TestASessionOffersWhatThatOfTheBackendOffers(t *testing.T) {
	for _, tc := range []struct {
		name string
		b    smtp.Backend
		lmtp bool
		auth bool
	}{
		{"plain", &backend{}, false, false},
		{"plain on LMTP", &backend{}, true, false},
		{"AUTH", &login{}, false, true},
		{"AUTH on LMTP", &login{}, true, true},
		{"each recipient", &each{}, false, false},
		{"each recipient on LMTP", &each{}, true, false},
		{"both", &both{}, false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := &gosmtp.Guard{}
			made := make(chan smtp.Session, 1)
			spy := smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
				session, err := g.Backend(tc.b).NewSession(c)
				made <- session
				return session, err
			})
			word := map[bool]string{false: "EHLO", true: "LHLO"}[tc.lmtp]
			serve(t, g, &backend{}, func(s *smtp.Server) { s.Backend, s.LMTP = spy, tc.lmtp }).
				talk(t, "S: 220 ...\nC: "+word+" client.example.net\nS: 250-Hello ...")
			session := <-made
			if _, ok := session.(smtp.AuthSession); ok != tc.auth {
				t.Errorf("it offers AUTH: %t, want %t", ok, tc.auth)
			}
			if _, ok := session.(smtp.LMTPSession); !ok {
				t.Error("it does not answer each recipient")
			}
		})
	}
}

type both struct{ each }

func (b *both) NewSession(*smtp.Conn) (smtp.Session, error) {
	return struct {
		*eachSession
		*loginSession
		smtp.Session
	}{
		eachSession: &eachSession{&mailSession{&b.backend}, &b.each}, loginSession: &loginSession{}, Session: &mailSession{&b.backend},
	}, nil
}
