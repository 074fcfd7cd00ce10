package gosmtp_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/gosmtp"
)

// Server.Close calls Logout while MAIL, RCPT or DATA is being judged.
func TestClosingTheServerCancelsTheJudgement(t *testing.T) {
	for stage, dialogue := range map[envelope.Stage]string{
		envelope.Mail: hello + "C: MAIL FROM:<a@a.example>",
		envelope.Rcpt: hello + "C: MAIL FROM:<a@a.example>\nS: 250 ...\nC: RCPT TO:<b@b.example>",
		envelope.Data: toData + "C: .",
	} {
		t.Run(stage.String(), func(t *testing.T) {
			began := make(chan struct{})
			b := &backend{}
			s := serve(t, &gosmtp.Guard{Policy: policyOf(verdict.RejectUnless(envelope.At("slow", stage,
				func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
					close(began)
					return waitForTheEnd(ctx, r, e)
				})))}, b)
			loggedOut := make(chan struct{})
			b.logout = func() error { close(loggedOut); return nil }
			c := s.talk(t, dialogue)
			<-began
			s.Close()
			<-loggedOut
			if _, err := io.ReadAll(c.in); err != nil {
				t.Errorf("the connection ended with %v", err)
			}
			if n := strings.Count(strings.Join(b.all(), " "), "logout"); n != 1 {
				t.Errorf("the backend was logged out %d times", n)
			}
		})
	}
}

// ways are the ways in which a message comes, as dialogues up to its last octet
// for two recipients, of which a policy may refuse picky@b.example.
var ways = []struct {
	name, dialogue, last string
	settings             func(*smtp.Server)
}{
	{"DATA", dataTo("user@b.example", "picky@b.example"), "Subject: x\r\n.\r\n", func(*smtp.Server) {}},
	{"BDAT", rcptTo("user@b.example", "picky@b.example"), "BDAT 12 LAST\r\nSubject: x\r\n", func(*smtp.Server) {}},
	{"LMTP DATA", lmtpTo("user@b.example", "picky@b.example"), "Subject: x\r\n.\r\n", lmtp},
	{"LMTP BDAT", lhlo + "C: RCPT TO:<user@b.example>\nS: 250 ...\nC: RCPT TO:<picky@b.example>\nS: 250 ...", "BDAT 12 LAST\r\nSubject: x\r\n", lmtp},
}

// slow is a rule whose check waits for the end of its context, and whose failure
// does not matter. began is closed as soon as it waits.
func slow(stage envelope.Stage) (rule verdict.Rule, began chan struct{}) {
	began = make(chan struct{})
	var once sync.Once
	return verdict.RejectUnless(envelope.At("slow", stage,
		func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			once.Do(func() { close(began) })
			return waitForTheEnd(ctx, r, e)
		})).Ignoring(envelope.TempError), began
}

func TestNothingIsDeliveredAfterTheEndOfTheSession(t *testing.T) {
	refusing := rejecting("picky", envelope.Data, to("picky"))
	for _, way := range ways {
		for name, policy := range map[string]func(slow verdict.Rule) verdict.Policy{
			"for all":  func(slow verdict.Rule) verdict.Policy { return policyOf(slow) },
			"for some": func(slow verdict.Rule) verdict.Policy { return policyOf(refusing, slow) },
		} {
			t.Run(way.name+" "+name, func(t *testing.T) {
				rule, began := slow(envelope.Data)
				loggedOut := make(chan struct{})
				b := &backend{logout: func() error { close(loggedOut); return nil }}
				s := serve(t, &gosmtp.Guard{Policy: policy(rule)}, b, way.settings)
				c := s.talk(t, way.dialogue).send(way.last)
				told := len(b.told())
				<-began
				s.Close()
				<-loggedOut
				equal(t, "the backend was told", b.told()[told:], nil)
				replies, err := io.ReadAll(c.in)
				for reply := range strings.Lines(string(replies)) {
					if !strings.HasPrefix(reply, "421 ") {
						t.Errorf("the client got %q", reply)
					}
				}
				if err != nil {
					t.Errorf("the connection ended with %v", err)
				}
			})
		}
	}
}

func TestTheBackendHearsOfNoCommandAfterTheEndOfTheSession(t *testing.T) {
	for stage, dialogue := range map[envelope.Stage]string{
		envelope.Mail: hello + "C: MAIL FROM:<a@a.example>",
		envelope.Rcpt: hello + "C: MAIL FROM:<a@a.example>\nS: 250 ...\nC: RCPT TO:<b@b.example>",
	} {
		t.Run(stage.String(), func(t *testing.T) {
			rule, began := slow(stage)
			loggedOut := make(chan struct{})
			b := &backend{logout: func() error { close(loggedOut); return nil }}
			s := serve(t, &gosmtp.Guard{Policy: policyOf(rule)}, b)
			s.talk(t, dialogue)
			<-began
			told := len(b.told())
			s.Close()
			<-loggedOut
			equal(t, "the backend was told", b.told()[told:], nil)
		})
	}
}

// A backend that has begun to read the message must not take the part that it
// has for the whole.
func TestTheMessageEndsWithTheSession(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			s, b := (*site)(nil), &hasty{read: make(chan error, 1)}
			b.inside = func() { s.Close() }
			s = serve(t, &gosmtp.Guard{}, b, way.settings)
			s.talk(t, way.dialogue).send(way.last)
			if err := <-b.read; err == nil {
				t.Error("the backend could read the message to its end")
			}
		})
	}
}

// hasty is a backend that does something between the first octet of a message
// and the others, and says how reading them ended.
type hasty struct {
	discard
	inside func()
	read   chan error
}

func (b *hasty) NewSession(*smtp.Conn) (smtp.Session, error) { return b, nil }

func (b *hasty) Data(r io.Reader) error {
	if _, err := r.Read(make([]byte, 1)); err != nil {
		return err
	}
	b.inside()
	_, err := io.Copy(io.Discard, r)
	b.read <- err
	return err
}

// The backend never sees Logout in the middle of another call, and Close waits
// for none of them.
func TestLogoutWaitsForTheCallThatIsRunning(t *testing.T) {
	for _, call := range []string{"MAIL", "RCPT", "DATA"} {
		t.Run(call, func(t *testing.T) {
			began, goOn, loggedOut := make(chan struct{}), make(chan struct{}), make(chan struct{})
			var inside atomic.Bool
			block := func() error {
				inside.Store(true)
				close(began)
				<-goOn
				inside.Store(false)
				return nil
			}
			b := &backend{logout: func() error {
				if inside.Load() {
					t.Error("Logout came in the middle of another call")
				}
				close(loggedOut)
				return nil
			}}
			dialogue := hello + "C: MAIL FROM:<a@a.example>"
			switch call {
			case "MAIL":
				b.mail = func(string) error { return block() }
			case "RCPT":
				b.rcpt = func(string) error { return block() }
				dialogue += "\nS: 250 ...\nC: RCPT TO:<b@b.example>"
			case "DATA":
				b.data = func([]byte) error { return block() }
				dialogue = toData + "C: ."
			}
			s := serve(t, &gosmtp.Guard{}, b)
			s.talk(t, dialogue)
			<-began
			s.Close() // comes back though the call has not
			close(goOn)
			<-loggedOut // and closed only once
		})
	}
}

func TestClosingTheServerInsideTheMessageDeliversNothing(t *testing.T) {
	loggedOut := make(chan struct{})
	b := &backend{logout: func() error { close(loggedOut); return nil }}
	s := serve(t, &gosmtp.Guard{}, b)
	s.talk(t, toData).send("half a mess")
	s.Close()
	<-loggedOut
	if n := len(b.messages()); n != 0 {
		t.Errorf("%d messages were delivered", n)
	}
}

// sessionOf returns the session that a guard makes for a client, which a test may
// call beside go-smtp, and the client.
func sessionOf(t *testing.T, g *gosmtp.Guard, b smtp.Backend) (smtp.Session, *peer) {
	t.Helper()
	made := make(chan smtp.Session, 1)
	spy := smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		session, err := g.Backend(b).NewSession(c)
		made <- session
		return session, err
	})
	s := serve(t, g, &backend{}, func(s *smtp.Server) { s.Backend = spy })
	c := s.talk(t, hello)
	return <-made, c
}

// Logout comes before the connection is closed, which may take a while.
func TestLogoutAloneCancelsTheJudgement(t *testing.T) {
	rule, began := slow(envelope.Mail)
	b := &backend{}
	session, c := sessionOf(t, &gosmtp.Guard{Policy: policyOf(rule)}, b)
	ended := make(chan error)
	go func() { ended <- session.Mail("a@a.example", &smtp.MailOptions{}) }()
	<-began
	session.Logout()
	if refusal, ok := (<-ended).(*smtp.SMTPError); !ok || refusal.Code != 421 {
		t.Errorf("MAIL was answered with %v", refusal)
	}
	equal(t, "the backend was told", b.all(), []string{"session", "logout"})
	c.play("C: NOOP\nS: 250 ...")
}

func TestASessionThatIsOverReachesNobody(t *testing.T) {
	b := &login{backend: backend{logout: func() error { return errSecret }}, auth: func(_, _ string) error { return nil }}
	made, _ := sessionOf(t, &gosmtp.Guard{}, b)
	session := made.(smtp.AuthSession)
	exchange, err := session.Auth("PLAIN")
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Logout(); err != errSecret {
		t.Errorf("Logout said %v", err)
	}
	if err := session.Logout(); err != nil {
		t.Errorf("the second Logout said %v", err)
	}
	session.Reset()
	_, _, nextErr := exchange.Next([]byte("\x00ann\x00right"))
	_, authErr := session.Auth("PLAIN")
	for name, err := range map[string]error{
		"Mail": session.Mail("a@a.example", &smtp.MailOptions{}),
		"Rcpt": session.Rcpt("b@b.example", &smtp.RcptOptions{}),
		"Data": session.Data(strings.NewReader("x")),
		"Auth": authErr,
		"Next": nextErr,
	} {
		if refusal, ok := err.(*smtp.SMTPError); !ok || refusal.Code != 421 {
			t.Errorf("%s said %v", name, err)
		}
	}
	if mechanisms := session.AuthMechanisms(); len(mechanisms) != 0 {
		t.Errorf("it offers %q", mechanisms)
	}
	equal(t, "the backend was told", b.all(), []string{"logout"})
}

// go-smtp sees to the order of commands. Should it not, the backend still
// hears of nothing out of order.
func TestCommandsOutOfOrderReachNobody(t *testing.T) {
	b := &each{}
	made, _ := sessionOf(t, &gosmtp.Guard{}, b)
	session := made.(smtp.LMTPSession)
	for name, err := range map[string]error{
		"Rcpt":     session.Rcpt("b@b.example", nil),
		"Data":     session.Data(strings.NewReader("x")),
		"LMTPData": session.LMTPData(strings.NewReader("x"), nil),
	} {
		if refusal, ok := err.(*smtp.SMTPError); !ok || refusal.Code != 503 {
			t.Errorf("%s said %v", name, err)
		}
	}
	equal(t, "the backend was told", b.told(), nil)
}

// Several sessions at once, while Reset and Logout come whenever they like.
func TestManyClientsAtOnce(t *testing.T) {
	const clients, mails = 20, 10
	b := &backend{}
	var replies atomic.Int64
	g := &gosmtp.Guard{
		Policy: policyOf(
			rejecting("recipient", envelope.Rcpt, to("nobody")),
			rejecting("message", envelope.Data, holds("spam")),
		),
		MaxRejections: 2 * mails,
		Fill:          func(_ net.Conn, e *envelope.Envelope) { e.Login = "" },
		Report:        func(context.Context, verdict.Event) { replies.Add(1) },
	}
	s := serve(t, g, b)
	var wg sync.WaitGroup
	for i := range clients {
		c := s.dial(t)
		wg.Go(func() {
			c.play(hello)
			for n := range mails {
				subject := "news"
				reply := "250 ..."
				if n%2 == 1 {
					subject, reply = "spam", "550 ..."
				}
				c.play(fmt.Sprintf(`
					C: MAIL FROM:<a%d@a.example>
					S: 250 ...
					C: RCPT TO:<nobody@b.example>
					S: 550 ...
					C: RCPT TO:<b%d@b.example>
					S: 250 ...
					C: DATA
					S: 354 ...
					C: Subject: %s %d %d
					C: .
					S: %s
				`, i, n, subject, i, n, reply))
			}
			c.play("C: QUIT\nS: 221 ...\nS: closed")
		})
	}
	wg.Wait()
	s.finish(t)
	if got := len(b.messages()); got != clients*mails/2 {
		t.Errorf("%d messages were delivered, want %d", got, clients*mails/2)
	}
	// The greeting, and of each mail MAIL, two RCPT and DATA.
	if got, want := replies.Load(), int64(clients*(1+4*mails)); got != want {
		t.Errorf("%d replies were told, want %d", got, want)
	}
}

func TestClosingTheServerUnderManyClients(t *testing.T) {
	b := &backend{}
	s := serve(t, &gosmtp.Guard{Policy: policyOf(rejecting("message", envelope.Data, holds("spam")))}, b)
	peers := make([]*peer, 10)
	for i := range peers {
		peers[i] = s.talk(t, toData+"C: .\nS: 250 ...") // go-smtp closes only those that it has begun to serve
	}
	var wg sync.WaitGroup
	for _, c := range peers {
		wg.Go(func() {
			go io.Copy(io.Discard, c.conn)
			for {
				if _, err := io.WriteString(c.conn, "MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\nDATA\r\nx\r\n.\r\n"); err != nil {
					return
				}
			}
		})
	}
	s.Close()
	wg.Wait()
}
