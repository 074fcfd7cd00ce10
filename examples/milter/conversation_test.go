package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/d--j/go-milter"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
)

// judging replaces the policy by one that accepts, and calls do for each envelope that

// The policy learns from macros what the commands do not say, whether the MTA sends those

// What a client said before TLS is forgotten (RFC 3207, section 4.2), and what is known of

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

// The message that is judged is the one that the client sent, of any size: with the blanks
// after the colons, CRLF in the header, and the octets of the body.
func TestMessageInChunks(t *testing.T) {
	fields := []string{"From: ann@example.net", "Subject:no blank", "To:  two,\n\tlines", "X:"}
	const header = "From: ann@example.net\r\nSubject:no blank\r\nTo:  two,\r\n\tlines\r\nX:\r\n\r\n"
	chunk := strings.Repeat("0123456789\n\r\x00\xff\r\n", 4000)
	for _, chunks := range []int{0, 1, 50} { // of 64,000 octets; a message over 1 MiB is in a file
		synctest.Test(t, func(t *testing.T) {
			s := newTestServer(t)
			var message *envelope.Message
			var judged string
			s.judging(envelope.Data, func(e *envelope.Envelope) {
				message, judged = e.Message, string(must(io.ReadAll(e.Message.Open())))
			})
			p, stop := s.start(t)
			defer stop()
			m := p.connect(t, "192.0.2.9")
			defer m.Close()
			m.begin("ann@example.net", "bob@example.org")
			m.end("", fields, slices.Repeat([]string{chunk}, chunks)...)
			if _, err := io.ReadAll(message.Open()); chunks == 50 && err == nil {
				t.Error("the file of the message is open after it")
			}
			if judged != header+strings.Repeat(chunk, chunks) {
				t.Errorf("%d chunks: judged %d octets that begin with %q", chunks, len(judged), judged[:min(len(judged), len(header)+20)])
			}
		})
	}
}

// Lookups that need the header of a message begin before its body is there.
func TestLookupsBeginWithTheHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer(t)
		s.connection.Resolver = zone.MustParse(world).Delaying("*.", time.Second)
		p, stop := s.start(t)
		defer stop()
		m := p.connect(t, "192.0.2.9")
		defer m.Close()
		m.begin("ann@example.net", "bob@example.org")
		for _, field := range wellFormed {
			name, value, _ := strings.Cut(field, ":")
			must(m.HeaderField(name, value, nil))
		}
		must(m.HeaderEnd())
		time.Sleep(time.Minute)
		must(m.BodyChunk([]byte("hello\r\n")))
		began := time.Now()
		_, action, err := m.End()
		if err != nil {
			t.Fatal(err)
		}
		m.want("", action)
		if took := time.Since(began); took > 0 {
			t.Errorf("the message waits %v for DNS", took)
		}
	})
}

// What the policy or the server refuses has its codes and all lines, and the next message

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

// An MTA that offers no change of the message cannot use the milter: forged results would

// When the server stops, a transaction that has begun has a time to end, and a new one is

// The client gets each line of a reply with both codes. The protocol doubles a percent sign.
func TestResponses(t *testing.T) {
	status := envelope.Status{Code: 550, Subject: 7, Detail: 1}
	for _, reply := range []verdict.Reply{
		{Status: status, Lines: []string{"access denied"}},
		{Status: status, Lines: []string{"100% refused", "https://mx.example.org/why?ip=192.0.2.9", "5.7.1 again"}},
		{Status: status, Lines: slices.Repeat([]string{strings.Repeat("é", 240)}, 6)},
		{Status: envelope.Status{Code: 421, Subject: 3, Detail: 2}, Lines: []string{"the server is shutting down"}},
		{Status: envelope.Status{Code: 451, Subject: 4, Detail: 3}, Lines: []string{"one", "two"}},
	} {
		r := must(response(reply))
		got := strings.TrimSuffix(string(r.Response().Data), "\x00")
		if want := strings.TrimSuffix(strings.ReplaceAll(reply.String(), "%", "%%"), "\r\n"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if r := must(response(verdict.Reply{Status: envelope.Status{Code: 220}, Lines: []string{"OK"}})); r != milter.RespContinue {
		t.Errorf("a success is %v", r)
	}
}

// The reply to a message is the least favourable of those of its recipients, and an
// accepted message has the marks of all.
func TestSeveralRecipients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer(t)
		other := func(mailbox string) envelope.Check { // answers when the message is known
			return envelope.At("test.other", envelope.Data, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
				if e.RcptTo != mailbox {
					return envelope.Passed("test.other")
				}
				return envelope.Failed("test.other", envelope.Status{Code: 550, Subject: 7, Detail: 1}, "not for %s", mailbox)
			})
		}
		s.connection.Policy.Rules = verdict.Rules{
			verdict.RejectUnless(other("no@example.org")),
			verdict.TempFailUnless(other("later@example.org")),
			verdict.MarkUnless(other("marked@example.org"), "generic"),
		}
		p, stop := s.start(t)
		defer stop()
		m := p.connect(t, "192.0.2.9")
		defer m.Close()
		for _, tc := range []struct {
			recipients []string
			reply      string
			changes    int
		}{
			{[]string{"bob@example.org"}, "", 1},
			{[]string{"bob@example.org", "marked@example.org"}, "", 2},
			{[]string{"bob@example.org", "no@example.org"}, "550 5.7.1 not for no@example.org", 0},
			{[]string{"no@example.org", "bob@example.org", "later@example.org"}, "450 4.7.1 not for later@example.org", 0},
		} {
			m.begin("ann@example.net", tc.recipients...)
			if changes := m.end(tc.reply, wellFormed, "hello\r\n"); len(changes) != tc.changes {
				t.Errorf("%v: the changes are %v", tc.recipients, changes)
			}
		}
	})
}
