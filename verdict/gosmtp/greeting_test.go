package gosmtp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
	"mxrules.example/verdict/gosmtp"
)

func TestAClientThatIsRefusedAtTheGreetingGets554InsteadOfTheBanner(t *testing.T) {
	b := &backend{}
	s := serve(t, &gosmtp.Guard{Policy: policyOf(
		rejecting("network", envelope.Connect, always).See("https://mx.example.org/why?ip={ip}"),
	)}, b)
	s.talk(t, `
		S: 554-5.7.1 network says no to
		S: 554 5.7.1 https://mx.example.org/why?ip=127.0.0.1
		C: EHLO client.example.net
		S: 503 5.5.1 ...
		C: MAIL FROM:<a@a.example>
		S: 503 5.5.1 ...
		C: quit
		S: 221 2.0.0 ...
		S: closed
	`)
	equal(t, "the backend was told", b.all(), nil)
}

func TestAClientThatIsDeferredAtTheGreetingGets421AndIsCutOff(t *testing.T) {
	dns := zone.MustParse("").Failing("* *", zone.SERVFAIL)
	known := envelope.At("known", envelope.Connect, func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		_, err := envelope.LookupPTR(ctx, r, e.Client())
		return envelope.Temporary("", err)
	})
	s := serve(t, &gosmtp.Guard{Policy: policyOf(verdict.RejectUnless(known)), Resolver: dns}, &backend{})
	s.talk(t, "S: 421 4.4.3 the DNS lookup of 1.0.0.127.in-addr.arpa failed, please try again later\nS: closed")
}

func TestARefusedClientThatSaysEverythingButQUITIsCutOff(t *testing.T) {
	s := serve(t, &gosmtp.Guard{Policy: policyOf(rejecting("network", envelope.Connect, always))}, &backend{})
	c := s.talk(t, "S: 554 ...").send(strings.Repeat("NOOP\r\n", 100))
	for range 20 {
		c.expect("503 5.5.1 ...")
	}
	c.play("S: 421 4.7.0 ...\nS: closed")

	c = s.talk(t, "S: 554 ...").send(strings.Repeat("x", 10000))
	c.play("S: 421 4.4.2 ...\nS: closed")
}

func TestAClientThatTalksBeforeTheGreetingIsNoticedAtOnce(t *testing.T) {
	g := &gosmtp.Guard{Policy: policyOf(verdict.RejectUnless(client.Waited)), BannerDelay: time.Hour}
	s := serve(t, g, &backend{})
	s.dial(t).send("EHLO client.example.net\r\nMAIL FROM:<a@a.example>\r\nQUIT\r\n").play(`
		S: 554 5.5.0 the client spoke before the greeting of the server
		S: 503 5.5.1 ...
		S: 503 5.5.1 ...
		S: 221 ...
		S: closed
	`)
}

func TestWhatWasSaidTooEarlyIsNotLost(t *testing.T) {
	f := &facts{}
	s := serve(t, &gosmtp.Guard{Policy: policyOf(f.rule()), BannerDelay: time.Hour}, &backend{})
	s.dial(t).send("HELO client.example.net\r\nMAIL FROM:<a@a.example>\r\n").play(`
		S: 220 mx.example.org ESMTP Service Ready
		S: 250 2.0.0 Hello client.example.net
		S: 250 2.0.0 ...
	`)
	for _, e := range append(f.at(envelope.Connect), f.at(envelope.Mail)...) {
		if !e.SpokeEarly {
			t.Errorf("at %s it is not known that the client spoke early", e.Stage)
		}
	}
}

// pipes is a listener of connections in memory, which a bubble of synctest can
// follow.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "unix"} }

func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.conns <- pipe{theirs}
	return ours
}

// pipe says that it is closed as a connection of the network does.
type pipe struct{ net.Conn }

func (p pipe) SetReadDeadline(t time.Time) error {
	if err := p.Conn.SetReadDeadline(t); err != nil {
		return net.ErrClosed
	}
	return nil
}

// inBubble runs a server and one client in a bubble of synctest, where time
// passes as soon as all wait.
func inBubble(t *testing.T, g *gosmtp.Guard, b smtp.Backend, set func(*smtp.Server), talk func(t *testing.T, c *peer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := newPipes()
		s := serveOn(t, g.Listener(l), g, b, set)
		conn := l.dial()
		defer conn.Close()
		talk(t, newClient(t, conn))
		s.Close()
	})
}

func TestAPatientClientIsGreetedAfterTheDelay(t *testing.T) {
	g := &gosmtp.Guard{Policy: policyOf(verdict.RejectUnless(client.Waited)), BannerDelay: 6 * time.Second}
	inBubble(t, g, &backend{}, func(s *smtp.Server) { s.WriteTimeout = time.Second }, func(t *testing.T, c *peer) {
		began := time.Now()
		c.expect("220 ...")
		if waited := time.Since(began); waited != 6*time.Second {
			t.Errorf("the greeting came after %s, want 6s", waited)
		}
		time.Sleep(5 * time.Second) // the deadlines of the greeting are over
		c.play("C: NOOP\nS: 250 ...")
	})
}

func TestARefusedClientThatSaysNothingIsCutOff(t *testing.T) {
	g := &gosmtp.Guard{Policy: policyOf(rejecting("network", envelope.Connect, always))}
	inBubble(t, g, &backend{}, func(*smtp.Server) {}, func(t *testing.T, c *peer) {
		c.expect("554 ...")
		began := time.Now()
		c.play("S: 421 4.4.2 ...\nS: closed")
		if waited := time.Since(began); waited != 10*time.Second {
			t.Errorf("it was cut off after %s, want 10s", waited)
		}
	})
}

func TestAClientThatLeavesBeforeTheGreetingIsNotJudged(t *testing.T) {
	judged := make(chan struct{}, 1)
	g := &gosmtp.Guard{BannerDelay: time.Hour, Report: func(context.Context, verdict.Event) { judged <- struct{}{} }}
	inBubble(t, g, &backend{}, func(*smtp.Server) {}, func(t *testing.T, c *peer) {
		c.conn.Close()
		synctest.Wait()
		select {
		case <-judged:
			t.Error("it was judged")
		default:
		}
	})
}

func TestASlowJudgementAtTheGreetingKeepsNobodyElseWaiting(t *testing.T) {
	first, ended := make(chan struct{}), make(chan struct{})
	var once sync.Once
	g := &gosmtp.Guard{Policy: policyOf(verdict.RejectUnless(envelope.At("slow", envelope.Connect,
		func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			slow := false
			once.Do(func() { slow = true })
			if !slow {
				return envelope.Passed("")
			}
			close(first)
			defer close(ended)
			return waitForTheEnd(ctx, r, e)
		})))}
	s := serve(t, g, &backend{})
	stuck := s.dial(t)
	<-first
	s.talk(t, hello+"C: QUIT\nS: 221 ...\nS: closed")
	s.Close()
	<-ended
	if _, err := io.ReadAll(stuck.in); err != nil {
		t.Errorf("the connection of the slow client ended with %v", err)
	}
}

func TestCloseOfTheListenerEndsAccept(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := (&gosmtp.Guard{}).Listener(inner)
	done := make(chan error)
	go func() {
		_, err := l.Accept()
		done <- err
	}()
	l.Close()
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept ended with %v", err)
	}
}

func TestAPanicAtTheGreetingEndsThatConnectionAndIsLogged(t *testing.T) {
	for _, timeout := range []time.Duration{0, time.Minute} {
		g := &gosmtp.Guard{Fill: func(net.Conn, *envelope.Envelope) { panic("no such table") }}
		s := serve(t, g, &backend{}, func(s *smtp.Server) { s.ReadTimeout = timeout })
		s.talk(t, "S: 421 ...\nS: closed")
		s.finish(t)
		if log := s.log.String(); !strings.Contains(log, "panic at the banner: no such table") {
			t.Errorf("the log has %q", log)
		}
	}
}

func TestAClientAcceptedAtTheGreetingIsNotJudgedAgain(t *testing.T) {
	f := &facts{}
	g := &gosmtp.Guard{Policy: policyOf(
		verdict.AcceptIf(when("ours", envelope.Connect, func(*envelope.Envelope) bool { return false })), f.rule())}
	b := &backend{}
	s := serve(t, g, b)
	s.talk(t, toData+`
		C: .
		S: 250 ...
	`)
	if len(f.seen) != 0 || len(b.messages()) != 1 {
		t.Errorf("%d more judgements, %d messages; want 0 and 1", len(f.seen), len(b.messages()))
	}
}

func TestTheVerdictOfAnotherGuardAtTheGreetingDoesNotCount(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	lax := &gosmtp.Guard{} // accepts whoever comes
	strict := &gosmtp.Guard{Policy: policyOf(rejecting("network", envelope.Connect, always))}
	serveOn(t, lax.Listener(l), strict, &backend{}).talk(t, hello+"C: MAIL FROM:<a@a.example>\nS: 550 ...")
}

func TestWithoutTheListenerTheGreetingIsJudgedAtMAIL(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gosmtp.Guard{Policy: policyOf(rejecting("network", envelope.Connect, always))}
	serveOn(t, l, g, &backend{}).talk(t, hello+`
		C: MAIL FROM:<a@a.example>
		S: 550 5.7.1 network says no to
	`)
}

func TestUnderATLSListenerNothingIsSaidInPlainText(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &facts{}
	g := &gosmtp.Guard{
		Policy:      policyOf(f.rule(), rejecting("network", envelope.Connect, always)),
		BannerDelay: time.Hour,
	}
	s := serveOn(t, tls.NewListener(g.Listener(l), certificate(t)), g, &backend{})
	conn, err := tls.Dial("tcp", s.addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	newClient(t, conn).play(hello + `
		C: MAIL FROM:<a@a.example>
		S: 550 5.7.1 network says no to
	`)
	if got := f.at(envelope.Mail); len(got) != 1 || got[0].TLS == nil || got[0].SpokeEarly {
		t.Errorf("at MAIL the envelopes are %+v", got)
	}
}
