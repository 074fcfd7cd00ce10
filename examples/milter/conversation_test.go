package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/d--j/go-milter"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// The policy learns from macros what the commands do not say, whether the MTA sends those
// that the milter asks for or its own.
func TestMacros(t *testing.T) {
	for _, tc := range []struct {
		name          string
		connect, mail map[string]string // set before the command
		parameters    string
		want          string
	}{
		{"none", nil, nil, "", "192.0.2.9 false  false ann@example.net"},
		{"a login", nil, map[string]string{"{auth_authen}": "ann", "{auth_type}": "PLAIN"}, "", "192.0.2.9 false ann false ann@example.net"},
		{"TLS", map[string]string{"{tls_version}": "TLSv1.3"}, nil, "", "192.0.2.9 true  false ann@example.net"},
		{"TLS that MAIL tells of", nil, map[string]string{"{tls_version}": "TLSv1.3"}, "", "192.0.2.9 true  false ann@example.net"},
		{"SMTPUTF8", nil, nil, "SIZE=10 smtputf8", "192.0.2.9 false  true ann@example.net"},
		{"what the MTA made of MAIL", nil, map[string]string{"{mail_addr}": "eve@example.net"}, "", "192.0.2.9 false  false ann@example.net"},
		{"a queue ID", nil, map[string]string{"i": "4B7C3987DDE"}, "", "192.0.2.9 false  false ann@example.net"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTestServer(t)
				book := s.keepLog()
				var judged []string
				s.connection.Policy.Rules = verdict.Rules{verdict.RejectUnless(envelope.At("test.mail", envelope.Mail,
					func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
						judged = append(judged, fmt.Sprint(e.ClientIP, " ", e.TLS != nil, " ", e.Login, " ", e.SMTPUTF8, " ", e.MailFrom))
						return envelope.Passed("test.mail")
					}))}
				p, stop := s.start(t)
				defer stop()
				m := &mta{t: t, macros: milter.NewMacroBag()}
				m.ClientSession = must(milter.NewClient("", "", milter.WithDialer(p)).Session(m.macros))
				defer m.Close()
				m.want("", must(m.Conn("[unknown]", milter.FamilyInet, 25, "192.0.2.9")))
				for name, value := range tc.connect {
					m.macros.Set(name, value)
				}
				m.want("", must(m.Helo("mail.example.net")))
				for name, value := range tc.mail {
					m.macros.Set(name, value)
				}
				for range 2 { // an abort removes macros
					m.want("", must(m.Mail("ann@example.net", tc.parameters)))
					if err := m.Abort(nil); err != nil {
						t.Fatal(err)
					}
				}
				m.Close()
				stop()
				if want := []string{tc.want, tc.want}; !slices.Equal(judged, want) {
					t.Errorf("judged %q, want %q", judged, want)
				}
				if got := book.at(t, "mail")[1].Queue; got != tc.mail["i"] {
					t.Errorf("the log has the queue ID %q", got)
				}
			})
		})
	}
}

// The client may have an address of version 6, and none.
func TestClients(t *testing.T) {
	for _, tc := range []struct {
		family        milter.ProtoFamily
		address, want string
	}{
		{milter.FamilyInet, "192.0.2.9", "192.0.2.9"},
		{milter.FamilyInet6, "IPv6:2001:db8::9", "2001:db8::9"},
		{milter.FamilyInet6, "2001:db8::9", "2001:db8::9"},
		{milter.FamilyUnix, "/run/socket", ""},
		{milter.FamilyUnknown, "", ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newTestServer(t)
			book := s.keepLog()
			p, stop := s.start(t)
			defer stop()
			m := must(milter.NewClient("", "", milter.WithDialer(p)).Session(nil))
			defer m.Close()
			must(m.Conn("[unknown]", tc.family, 25, tc.address))
			if got := book.at(t, "connect")[0].Event.Envelope.IP; got != tc.want {
				t.Errorf("%q: got %q", tc.address, got)
			}
		})
	}
}

// A message is changed by places: those of forged fields, from the last, then the results.
func TestChanges(t *testing.T) {
	for _, tc := range []struct {
		name       string
		client, to string
		fields     []string
		want       []string // without the values of fields that are inserted
	}{
		{"nothing is forged", "192.0.2.9", "bob@example.org", nil, []string{"InsertHeader 0 Received-SPF", "InsertHeader 0 Authentication-Results"}},
		{"marked", "192.0.2.11", "bob@example.org", nil, []string{"InsertHeader 0 Received-SPF", "InsertHeader 0 Authentication-Results", `Quarantine "marked generic"`}},
		{"forged fields", "192.0.2.9", "postmaster@example.org", []string{
			"Authentication-Results: mx.example.org; spf=pass",
			"X: y",
			"X: y\rAuthentication-Results: mx.example.org; spf=pass",
			"Authentication-Results: mx.example.com; spf=pass",
			"AUTHENTICATION-results:\n\tmx.example.org; spf=pass",
			"Received-SPF: pass (mx.example.org: forged)",
			"Subject: Authentication-Results: mx.example.org; spf=pass",
		}, []string{
			`ChangeHeader 1 "Received-SPF" ""`, `ChangeHeader 3 "AUTHENTICATION-results" ""`, `ChangeHeader 2 "X" ""`, `ChangeHeader 1 "Authentication-Results" ""`,
			"InsertHeader 0 Authentication-Results"}}, // SPF is not evaluated
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, stop := newTestServer(t).start(t)
				defer stop()
				m := p.connect(t, tc.client)
				defer m.Close()
				for range 2 { // the places of a message are not those of the one before
					m.begin("ann@mail.example.net", tc.to)
					var got []string
					for _, c := range m.end("", slices.Concat(tc.fields, wellFormed), "hello\r\n") {
						if c.Type == milter.ActionInsertHeader {
							got = append(got, fmt.Sprint("InsertHeader ", c.HeaderIndex, " ", c.HeaderName))
						} else {
							got = append(got, c.String())
						}
					}
					if !slices.Equal(got, tc.want) {
						t.Errorf("got %q, want %q", got, tc.want)
					}
				}
			})
		})
	}
}

// The message that is judged is the one that the client sent, of any size: with the blanks
// after the colons, CRLF in the header, and the octets of the body.
func TestMessageInChunks(t *testing.T) {
	fields := []string{"From: ann@example.net", "Subject:no blank", "To:  two,\n\tlines", "X:"}
	const header = "From: ann@example.net\r\nSubject:no blank\r\nTo:  two,\r\n\tlines\r\nX:\r\n\r\n"
	chunk := strings.Repeat("0123456789\n\r\x00\xff\r\n", 4000)
	for _, chunks := range []int{0, 1, 50} { // of 64,000 octets; a message over 1 MiB is in a file
		synctest.Test(t, func(t *testing.T) {
			s := newTestServer(t)
			var judged string
			s.connection.Policy.Rules = verdict.Rules{verdict.RejectUnless(envelope.At("test.message", envelope.Data,
				func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
					judged = string(must(io.ReadAll(e.Message.Open())))
					return envelope.Passed("test.message")
				}))}
			p, stop := s.start(t)
			defer stop()
			m := p.connect(t, "192.0.2.9")
			defer m.Close()
			m.begin("ann@example.net", "bob@example.org")
			m.end("", fields, slices.Repeat([]string{chunk}, chunks)...)
			if judged != header+strings.Repeat(chunk, chunks) {
				t.Errorf("%d chunks: judged %d octets that begin with %q", chunks, len(judged), judged[:min(len(judged), len(header)+20)])
			}
		})
	}
}

// What the policy or the server refuses has its codes and all lines, and the next message
// is judged as if it were the first.
func TestRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer(t)
		s.size = 1 << 20
		p, stop := s.start(t)
		defer stop()
		m := p.connect(t, "192.0.2.9")
		defer m.Close()

		m.want("501 5.1.7 ", must(m.Mail("a b@example.net", "")))
		m.Abort(nil)
		m.want("", must(m.Mail("ann@example.net", "")))
		m.want("550 5.1.1 there is no mailbox nobody@example.org here", must(m.Rcpt("nobody@example.org", "")))
		m.want("", must(m.Rcpt("bob@example.org", "")))
		m.want("452 4.5.3 this recipient needs a transaction of its own", must(m.Rcpt("postmaster@example.org", "")))
		m.want("", must(m.DataStart()))
		m.end("550 5.6.0 the message has 2 From fields", append([]string{"From: eve@example.net"}, wellFormed...))

		chunk := strings.Repeat(strings.Repeat("x", 62)+"\r\n", 1000)
		for i, want := range []string{"", "552 5.3.4 the message is too large", ""} {
			m.begin("ann@example.net", "bob@example.org")
			m.end(want, wellFormed, slices.Repeat([]string{chunk}, []int{16, 17, 1}[i])...)
		}
	})
}

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
					if lines := book.at(t, "data"); len(lines) != 1 || lines[0].Event.Envelope.Size != len(strings.Join(wellFormed, "\r\n")+"\r\n\r\nhello\r\n") {
						t.Errorf("the messages are %+v", lines)
					}
				})
			})
		}
	}
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
		if took := time.Since(began); took != grace {
			t.Errorf("it stopped after %v, want %v", took, grace)
		}
	})
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
