package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/d--j/go-milter"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// A transaction ends with RSET, with the connection of the client, and with that of the
// MTA, at any command. Nothing of it is left: synctest finds goroutines.
func TestTransactionsThatEnd(t *testing.T) {
	steps := []func(*mta){
		func(m *mta) { m.want("", must(m.Mail("ann@example.net", ""))) },
		func(m *mta) { m.want("", must(m.Rcpt("bob@example.org", ""))) },
		func(m *mta) { must(m.DataStart()) },
		func(m *mta) { must(m.HeaderField("Subject", " half", nil)) },
		func(m *mta) { must(m.HeaderEnd()) },
		func(m *mta) { must(m.BodyChunk([]byte("hel"))) },
	}
	for n := range steps {
		for name, end := range map[string]func(*mta){
			"RSET":           func(m *mta) { m.Abort(nil) },
			"another client": func(m *mta) { m.Reset(nil) },
			"the MTA closes": func(m *mta) { m.Close() },
		} {
			t.Run(fmt.Sprintf("%s/%d", name, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newTestServer(t)
					book := s.keepLog()
					p, stop := s.start(t)
					defer stop()
					m := p.connect(t, "192.0.2.9")
					for _, step := range steps[:n+1] {
						step(m)
					}
					end(m)
					switch name {
					case "the MTA closes":
						m = p.connect(t, "192.0.2.9")
					case "another client":
						m.want("", must(m.Conn("[unknown]", milter.FamilyInet, 25, "192.0.2.77")))
						m.want("", must(m.Helo("mail.example.net")))
						m.want("", must(m.Mail("ann@example.net", "")))
						m.want("550 5.7.25 ", must(m.Rcpt("bob@example.org", "")))
						m.Close()
						return
					}
					defer m.Close()
					m.begin("ann@example.net", "bob@example.org")
					m.end("", wellFormed, "hello\r\n")
					if lines := book.at(t, "data"); len(lines) != 1 || lines[0].Size != len(strings.Join(wellFormed, "\r\n")+"\r\n\r\nhello\r\n") {
						t.Errorf("the messages are %+v", lines)
					}
				})
			})
		}
	}
}

// When the server stops, a transaction that has begun has a time to end, and a new one is
// refused. Then the connections are closed.
func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := newTestServer(t).start(t)
		begun, idle := p.connect(t, "192.0.2.9"), p.connect(t, "192.0.2.9")
		defer begun.Close()
		defer idle.Close()
		begun.begin("ann@example.net", "bob@example.org")
		began := time.Now()
		stopped := make(chan struct{})
		go func() {
			stop()
			close(stopped)
		}()
		time.Sleep(grace / 2)
		idle.want("421 4.3.2 the server is shutting down", must(idle.Mail("ann@example.net", "")))
		begun.end("", wellFormed, "hello\r\n")
		<-stopped
		if took := time.Since(began); took != grace+time.Second {
			t.Errorf("it stopped after %v, want a second more than %v", took, grace)
		}
	})
}

// slowly is a writer that takes its time.
type slowly struct {
	io.Writer
	time.Duration
}

// Write implements [io.Writer].
func (w slowly) Write(p []byte) (int, error) {
	time.Sleep(w.Duration)
	return w.Writer.Write(p)
}

// A judgement that takes longer than a stop is broken off. Its reply is logged before the
// server has ended, even if its connection ended earlier.
func TestStopDuringAJudgement(t *testing.T) {
	for _, logging := range []time.Duration{time.Second / 2, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			s := newTestServer(t)
			s.connection.Policy.Timeout = 0
			s.connection.Policy.Rules = verdict.Rules{verdict.RejectUnless(envelope.At("test.slow", envelope.Mail,
				func(ctx context.Context, _ envelope.Resolver, _ *envelope.Envelope) envelope.Finding {
					<-ctx.Done()
					return envelope.Temporary("test.slow", ctx.Err())
				}))}
			p, stop := s.start(t)
			m := p.connect(t, "192.0.2.9", milter.WithReadTimeout(time.Hour))
			book := new(logbook)
			s.log = slog.New(slog.NewJSONHandler(slowly{book, logging}, nil))
			go func() {
				defer m.Close()
				action, err := m.Mail("ann@example.net", "")
				if (err == nil) != (logging < time.Second) {
					t.Errorf("logging for %v: %v", logging, err)
				} else if err == nil {
					m.want("421 4.3.2 the server is shutting down", action)
				}
			}()
			synctest.Wait()
			stop()
			if lines := book.at(t, "mail"); len(lines) != 1 || lines[0].Event.Reply != "421 4.3.2 the server is shutting down" {
				t.Errorf("the log has %+v", lines)
			}
		})
	}
}

// An MTA that says nothing for an hour is gone.
func TestIdleConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := newTestServer(t).start(t)
		defer stop()
		m := p.connect(t, "192.0.2.9")
		defer m.Close()
		time.Sleep(idle + time.Second)
		if _, err := m.Mail("ann@example.net", ""); err == nil {
			t.Error("the connection is open")
		}
	})
}

// Connections do not share what they know, and the server serves many at once.
func TestManyConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := newTestServer(t).start(t)
		defer stop()
		var group sync.WaitGroup
		for i := range 300 {
			group.Go(func() {
				m := p.connect(t, []string{"192.0.2.9", "192.0.2.11", "192.0.2.77"}[i%3])
				defer m.Close()
				m.want("", must(m.Mail("ann@mail.example.net", "")))
				m.want([]string{"", "", "550 5.7.25 the client 192.0.2.77 has no PTR record"}[i%3], must(m.Rcpt("bob@example.org", "")))
				if i%3 == 2 {
					return
				}
				must(m.DataStart())
				if changes := m.end("", wellFormed, "hello\r\n"); len(changes) != 2+i%3 { // one is held
					t.Errorf("the changes are %v", changes)
				}
			})
		}
		group.Wait()
	})
}

// A connection over the bound waits until another one ends.
func TestMostConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := newTestServer(t).start(t)
		defer stop()
		client := milter.NewClient("", "", milter.WithDialer(p))
		for range maxConnections - 1 {
			defer must(client.Session(nil)).Close()
		}
		last := must(client.Session(nil))
		served := false
		go func() {
			defer must(client.Session(nil)).Close()
			served = true
		}()
		if synctest.Wait(); served {
			t.Error("the server serves one connection too many")
		}
		last.Close()
		if synctest.Wait(); !served {
			t.Error("the server does not serve the connection that waited")
		}
	})
}

// A second MAIL without RSET comes if the MTA has refused what the policy let through.
func TestSecondMAIL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer(t)
		book := s.keepLog()
		p, stop := s.start(t)
		defer stop()
		conn := must(p.Dial("", ""))
		defer conn.Close()
		go io.Copy(io.Discard, conn)
		for _, text := range [][]byte{
			negotiation, packet('C', "mail.example.net\x004\x00\x19192.0.2.9\x00"), packet('H', "mail.example.net\x00"),
			packet('M', "<ann@example.net>\x00"), packet('M', "<eve@example.net>\x00"), packet('Q', ""),
		} {
			conn.Write(text)
		}
		synctest.Wait()
		if lines := book.at(t, "mail"); len(lines) != 2 || lines[1].Event.Reply != "250 2.0.0 OK" {
			t.Errorf("the replies are %+v", lines)
		}
	})
}

// An MTA that offers no change of the message cannot use the milter: forged results would
// stay.
func TestMTAWithoutActions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := newTestServer(t).start(t)
		defer stop()
		if _, err := milter.NewClient("", "", milter.WithDialer(p), milter.WithActions(milter.OptAddHeader)).Session(nil); err == nil {
			t.Error("the milter serves it")
		}
	})
}
