package gosmtp_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/gosmtp"
)

func TestEachStageIsJudgedAndTheBackendHearsOnlyOfWhatPasses(t *testing.T) {
	b := &backend{}
	s := serve(t, &gosmtp.Guard{Policy: policyOf(
		rejecting("sender", envelope.Mail, func(e *envelope.Envelope) bool { return e.MailFrom == "bad@a.example" }),
		rejecting("recipient", envelope.Rcpt, to("nobody")),
		rejecting("message", envelope.Data, holds("spam")),
	)}, b)
	s.talk(t, hello+`
		C: MAIL FROM:<bad@a.example>
		S: 550 5.7.1 sender says no to
		C: MAIL FROM:<good@a.example>
		S: 250 2.0.0 Roger, accepting mail from <good@a.example>
		C: RCPT TO:<nobody@b.example>
		S: 550 5.7.1 recipient says no to nobody@b.example
		C: RCPT TO:<user@b.example>
		S: 250 2.0.0 I'll make sure <user@b.example> gets this
		C: DATA
		S: 354 ...
		C: Subject: spam
		C: .
		S: 550 5.7.1 message says no to user@b.example
		C: MAIL FROM:<>
		S: 250 ...
		C: RCPT TO:<user@b.example>
		S: 250 ...
		C: DATA
		S: 354 ...
		C: Subject: news
		C: .
		S: 250 2.0.0 OK: queued
		C: QUIT
		S: 221 ...
		S: closed
	`)
	equal(t, "the backend was told", b.told(), []string{
		"mail good@a.example", "rcpt user@b.example",
		"mail ", "rcpt user@b.example", "verdict user@b.example accept ", "data",
	})
	equal(t, "messages", b.messages(), []string{"Subject: news\r\n"})
}

func TestAFinalVerdictIsNotAskedAgain(t *testing.T) {
	for _, tc := range []struct {
		stage envelope.Stage
		asked []string
	}{
		{envelope.Connect, []string{"connect"}},
		{envelope.Helo, []string{"helo"}},
		{envelope.Mail, []string{"mail"}},
		{envelope.Rcpt, []string{"rcpt"}},
		{envelope.Data, []string{"data"}},
	} {
		t.Run(tc.stage.String(), func(t *testing.T) {
			var asked []string
			accepts := when("accepts", tc.stage, func(*envelope.Envelope) bool { return false })
			s := serve(t, &gosmtp.Guard{Policy: policyOf(
				verdict.AcceptIf(func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
					if e.Stage != envelope.Start {
						asked = append(asked, e.Stage.String())
					}
					return accepts(ctx, r, e)
				}),
				rejecting("rejects", envelope.Data, always),
			)}, &backend{})
			s.talk(t, toData+`
				C: .
				S: 250 2.0.0 OK: queued
			`)
			equal(t, "asked at", asked, tc.asked)
		})
	}
}

// facts keeps the envelopes that a policy was asked about.
type facts struct {
	mu   sync.Mutex
	seen []envelope.Envelope
}

func (f *facts) add(e *envelope.Envelope) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, *e)
}

// rule writes them down, waits at each stage for the next, and passes at Data.
func (f *facts) rule() verdict.Rule {
	return verdict.RejectUnless(func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if e.Stage != envelope.Start {
			f.add(e)
		}
		if !e.Reached(envelope.Data) {
			return envelope.NotYet("facts", e.Stage+1)
		}
		return envelope.Passed("facts")
	})
}

// at returns the envelopes of one stage.
func (f *facts) at(stage envelope.Stage) []envelope.Envelope {
	return f.which(func(e envelope.Envelope) bool { return e.Stage == stage && !e.Arriving() })
}

func (f *facts) which(is func(envelope.Envelope) bool) []envelope.Envelope {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.seen), func(e envelope.Envelope) bool { return !is(e) })
}

func TestTheEnvelopeHoldsWhatIsKnown(t *testing.T) {
	f := &facts{}
	s := serve(t, &gosmtp.Guard{Policy: policyOf(f.rule())}, &backend{login: "ann"},
		func(s *smtp.Server) { s.EnableSMTPUTF8 = true })
	s.talk(t, hello+`
		C: MAIL FROM:<ann@a.example> SMTPUTF8
		S: 250 ...
		C: RCPT TO:<b@b.example>
		S: 250 ...
		C: RCPT TO:<c@b.example>
		S: 250 ...
		C: DATA
		S: 354 ...
		C: Subject: x
		C:
		C: body
		C: .
		S: 250 ...
	`)
	mail := f.at(envelope.Mail)[0]
	if mail.ClientIP != netip.MustParseAddr("127.0.0.1") || mail.Helo != "client.example.net" ||
		mail.MailFrom != "ann@a.example" || mail.Login != "ann" || !mail.SMTPUTF8 || mail.TLS != nil || mail.Now.IsZero() {
		t.Errorf("at MAIL the envelope is %+v", mail)
	}
	for _, stage := range []envelope.Stage{envelope.Rcpt, envelope.Data} {
		got := f.at(stage)
		if len(got) != 2 || got[0].RcptTo != "b@b.example" || got[0].Recipients != 0 ||
			got[1].RcptTo != "c@b.example" || got[1].Recipients != 1 {
			t.Errorf("at %s the envelopes are %+v", stage, got)
		}
		for _, e := range got {
			if !e.Now.Equal(mail.Now) {
				t.Errorf("the clock of a transaction goes on: %s at MAIL, %s at %s", mail.Now, e.Now, stage)
			}
		}
	}
	arriving := f.which(func(e envelope.Envelope) bool { return e.Arriving() })
	if len(arriving) != 1 || string(arriving[0].Message.Header()) != "Subject: x\r\n\r\n" {
		t.Errorf("while the body arrives: %+v", arriving)
	}
	if got := string(f.at(envelope.Data)[0].Message.Header()); got != "Subject: x\r\n\r\n" {
		t.Errorf("the header is %q", got)
	}
}

func TestRecipientsThatWereRefusedDoNotCount(t *testing.T) {
	f := &facts{}
	b := &backend{rcpt: func(to string) error {
		if to == "full@b.example" {
			return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "the mailbox is full"}
		}
		return nil
	}}
	s := serve(t, &gosmtp.Guard{Policy: policyOf(rejecting("recipient", envelope.Rcpt, to("nobody")), f.rule())}, b)
	s.talk(t, hello+`
		C: MAIL FROM:<a@a.example>
		S: 250 ...
		C: RCPT TO:<nobody@b.example>
		S: 550 ...
		C: RCPT TO:<full@b.example>
		S: 452 4.2.2 the mailbox is full
		C: RCPT TO:<user@b.example>
		S: 250 ...
	`)
	got := f.at(envelope.Rcpt)
	if last := got[len(got)-1]; last.RcptTo != "user@b.example" || last.Recipients != 0 {
		t.Errorf("%s is judged behind %d recipients, want 0", last.RcptTo, last.Recipients)
	}
}

func TestASecondEHLOIsReadAgainAtMAIL(t *testing.T) {
	f := &facts{}
	s := serve(t, &gosmtp.Guard{Policy: policyOf(f.rule())}, &backend{})
	s.talk(t, hello+`
		C: MAIL FROM:<a@a.example>
		S: 250 ...
		C: HELO other.example.net
		S: 250 ...
		C: MAIL FROM:<a@a.example>
		S: 250 ...
	`)
	got := f.at(envelope.Mail)
	if len(got) != 2 || got[0].Helo != "client.example.net" || got[1].Helo != "other.example.net" {
		t.Errorf("the names at MAIL are wrong: %+v", got)
	}
}

func TestFillSaysWhoTheClientIsAndCanNotChangeTheStage(t *testing.T) {
	f := &facts{}
	var conns []net.Conn
	g := &gosmtp.Guard{
		Policy: policyOf(
			rejecting("network", envelope.Connect, func(e *envelope.Envelope) bool { return !e.ClientIP.Is6() }),
			f.rule()),
		Fill: func(conn net.Conn, e *envelope.Envelope) {
			conns = append(conns, conn)
			e.ClientIP = netip.MustParseAddr("2001:db8::25")
			e.Now = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
			e.Stage = envelope.Whole
		},
	}
	s := serve(t, g, &backend{})
	s.talk(t, rcptTo("b@b.example"))
	for _, stage := range []envelope.Stage{envelope.Connect, envelope.Mail, envelope.Rcpt} {
		got := f.at(stage)
		if len(got) != 1 || got[0].ClientIP.String() != "2001:db8::25" || got[0].Now.Year() != 2030 {
			t.Errorf("at %s the envelopes are %+v", stage, got)
		}
	}
	if len(conns) != 2 {
		t.Fatalf("Fill was called %d times, want once for the greeting and once for MAIL", len(conns))
	}
	for _, conn := range conns {
		if _, ok := conn.(*net.TCPConn); !ok {
			t.Errorf("Fill got a %T, want what the listener accepted", conn)
		}
	}
}

func TestMarksReachTheBackendBeforeTheMessage(t *testing.T) {
	b := &backend{}
	s := serve(t, &gosmtp.Guard{Policy: policyOf(
		verdict.MarkUnless(when("suspect", envelope.Data, holds("odd")), "quarantine"),
		verdict.MarkUnless(when("sales", envelope.Rcpt, to("sales")), "crm"),
	)}, b)
	s.talk(t, dataTo("b@b.example", "sales@b.example")+`
		C: Subject: odd
		C: .
		S: 250 ...
	`)
	equal(t, "the backend was told", b.told(), []string{
		"mail a@a.example", "rcpt b@b.example", "rcpt sales@b.example",
		"verdict b@b.example accept quarantine", "verdict sales@b.example accept quarantine,crm", "data",
	})
}

func TestABackendNeedsNoneOfTheOptionalMethods(t *testing.T) {
	serve(t, &gosmtp.Guard{}, discard{}).talk(t, toData+"C: .\nS: 250 ...")
}

func TestASlowCheckEndsWithTheTimeoutOfThePolicy(t *testing.T) {
	policy := policyOf(verdict.RejectUnless(envelope.At("slow", envelope.Mail, waitForTheEnd)))
	policy.Timeout = time.Millisecond
	serve(t, &gosmtp.Guard{Policy: policy}, &backend{}).talk(t, hello+`
		C: MAIL FROM:<a@a.example>
		S: 451 4.4.3 checks timed out, please try again later
	`)
}

// waitForTheEnd is a check that comes back with its context.
func waitForTheEnd(ctx context.Context, _ envelope.Resolver, _ *envelope.Envelope) envelope.Finding {
	<-ctx.Done()
	return envelope.Temporary("", context.Cause(ctx))
}

func TestAPolicyThatIsNotSettledNeverAcceptsAMessage(t *testing.T) {
	b := &backend{}
	pending := verdict.RejectUnless(func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
		return envelope.NotYet("forever", envelope.Data)
	})
	broken := verdict.RejectUnless(envelope.At("broken", envelope.Data, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
		return envelope.Temporary("", errors.New("the disk is gone"))
	}))
	for _, rule := range []verdict.Rule{pending, broken} {
		serve(t, &gosmtp.Guard{Policy: policyOf(rule)}, b).talk(t, toData+`
			C: .
			S: 451 4...
		`)
	}
	if n := len(b.messages()); n != 0 {
		t.Errorf("%d messages were delivered", n)
	}
}
