package gosmtp_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/verdict/gosmtp"
)

// begun is MAIL and RCPT, as a client sends them in one go.
const begun = "MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\n"

// lostInside is the reply to a message in chunks that does not come whole.
const lostInside = "S: 421 4.4.2 the connection broke inside the message, closing it\nS: closed"

// The goroutine that go-smtp has for a message in chunks outlives the message,
// and would hand its result to the next.
func TestAMessageThatWasGivenUpDoesNotAnswerForTheNext(t *testing.T) {
	const rounds = 100
	for _, tc := range []struct {
		name, greeting, givenUp, replies string
		settings                         func(*smtp.Server)
	}{
		{"RSET", hello, "RSET\r\n", "S: 250 ...", func(*smtp.Server) {}},
		{"HELO", hello, "HELO again.example.net\r\n", "S: 250 ...", func(*smtp.Server) {}},
		{"a chunk that is too large", hello, "BDAT 100\r\n" + strings.Repeat("x", 100), "S: 552 ...", func(s *smtp.Server) { s.MaxMessageBytes = 100 }},
		{"RSET in LMTP", lhlo, "RSET\r\n", "S: 250 ...", lmtp},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := &backend{}
			s := serve(t, &gosmtp.Guard{}, b, tc.settings)
			c := s.talk(t, tc.greeting).send("RSET\r\n")
			c.expect("250 ...")
			for n := range rounds {
				whole := fmt.Sprintf("whole %d", n)
				c.send(begun + "BDAT 4\r\nhalf" + tc.givenUp + begun + fmt.Sprintf("BDAT %d LAST\r\n%s", len(whole), whole))
				c.play("S: 250 ...\nS: 250 ...\nS: 250 2.0.0 Continue\n" + tc.replies + "\nS: 250 ...\nS: 250 ...\nS: 250 2.0.0 ...")
			}
			if got := b.messages(); len(got) != rounds {
				t.Errorf("%d messages were delivered, want %d", len(got), rounds)
			}
		})
	}
}

// secure is hello, and then STARTTLS.
func secure(t *testing.T, s *site) *peer {
	t.Helper()
	return s.talk(t, hello+"C: STARTTLS\nS: 220 ...").startTLS().play("C: HELO client.example.net\nS: 250 ...")
}

// go-smtp takes the end of a connection for the end of the chunk.
func TestAChunkThatIsCutIsNoMessage(t *testing.T) {
	halfClose := func(c *peer) { c.conn.(interface{ CloseWrite() error }).CloseWrite() }
	for how, tc := range map[string]struct {
		connect func(t *testing.T, s *site) *peer
		cut     func(c *peer)
	}{
		"plain text":                    {func(t *testing.T, s *site) *peer { return s.talk(t, hello) }, halfClose},
		"TLS that is closed":            {secure, halfClose},
		"TLS on a connection that ends": {secure, func(c *peer) { c.conn.(*tls.Conn).NetConn().(*net.TCPConn).CloseWrite() }},
	} {
		for _, part := range []struct{ name, sent, replies string }{
			{"inside the last chunk", "BDAT 10 LAST\r\nhalf", lostInside},
			{"before the last chunk", "BDAT 10 LAST\r\n", lostInside},
			{"inside the last of several", "BDAT 4\r\nhalfBDAT 10 LAST\r\nwhole", "S: 250 ...\n" + lostInside},
			{"inside a chunk that is not the last", "BDAT 10\r\nhalf", "S: 250 ...\nS: closed"},
			{"between two chunks", "BDAT 4\r\nhalf", "S: 250 ...\nS: closed"},
		} {
			t.Run(part.name+", "+how, func(t *testing.T) {
				b, d := &backend{}, &diary{}
				s := serve(t, &gosmtp.Guard{Report: d.note}, b, func(s *smtp.Server) { s.TLSConfig = certificate(t) })
				c := tc.connect(t, s).play("C: MAIL FROM:<a@a.example>\nS: 250 ...\nC: RCPT TO:<b@b.example>\nS: 250 ...").send(part.sent)
				tc.cut(c)
				c.play(part.replies)
				s.finish(t)
				equal(t, "messages", b.messages(), nil)
				last := "rcpt b@b.example accept 250 2.0.0"
				if strings.Contains(part.replies, "421") {
					last = "data b@b.example accept 421 4.4.2"
				}
				if told := d.read(); told[len(told)-1] != last {
					t.Errorf("told: %q, want %q at the end", told, last)
				}
			})
		}
	}
}

// Its last octet is there, though the client has gone on and left.
func TestAWholeMessageInChunksIsTakenThoughTheClientHasLeft(t *testing.T) {
	b := &backend{}
	s := serve(t, &gosmtp.Guard{}, b)
	c := s.talk(t, hello).send(begun + "BDAT 4\r\nhalfBDAT 6 LAST\r\nwhole\nQUIT\r\n")
	c.conn.(*net.TCPConn).CloseWrite()
	c.play("S: 250 ...\nS: 250 ...\nS: 250 ...\nS: 250 2.0.0 OK: queued\nS: 221 ...\nS: closed")
	equal(t, "messages", b.messages(), []string{"halfwhole\n"})
}

// go-smtp alone answers 554 with the error, which has the addresses of both ends,
// and a client would return its mail for good.
func TestAClientThatStallsInsideAMessageInChunksIsCutOff(t *testing.T) {
	for name, sent := range map[string]string{
		"before the first octet": "BDAT 100\r\n",
		"inside a chunk":         "BDAT 100\r\nhalf",
		"inside the last chunk":  "BDAT 100 LAST\r\nhalf",
		"between two chunks":     "BDAT 4\r\nhalf",
	} {
		for _, encrypted := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, encrypted %t", name, encrypted), func(t *testing.T) {
				b, d := &backend{}, &diary{}
				var log *logbook
				settings := func(s *smtp.Server) {
					s.ReadTimeout, s.TLSConfig, log = 2*time.Second, certificate(t), s.ErrorLog.(*logbook)
				}
				inBubble(t, &gosmtp.Guard{Report: d.note}, b, settings, func(t *testing.T, c *peer) {
					c.play(hello)
					if encrypted {
						c = c.play("C: STARTTLS\nS: 220 ...").startTLS().play("C: HELO client.example.net\nS: 250 ...")
					}
					c.play("C: MAIL FROM:<a@a.example>\nS: 250 ...\nC: RCPT TO:<b@b.example>\nS: 250 ...").send(sent)
					if name == "between two chunks" {
						c.expect("250 ...")
					}
					c.play(lostInside)
				})
				equal(t, "messages", b.messages(), nil)
				if told := d.read(); told[len(told)-1] != "data b@b.example accept 421 4.4.2" {
					t.Errorf("told: %q", told)
				}
				if log := log.String(); log != "" {
					t.Errorf("the log has %q", log)
				}
			})
		}
	}
}

func TestAClientThatStallsAfterAMessageInChunksIsIdle(t *testing.T) {
	for name, end := range map[string]string{"given up": "RSET\r\n", "whole": "BDAT 0 LAST\r\n"} {
		t.Run(name, func(t *testing.T) {
			timeout := func(s *smtp.Server) { s.ReadTimeout = 2 * time.Second }
			inBubble(t, &gosmtp.Guard{}, &backend{}, timeout, func(t *testing.T, c *peer) {
				c.play(hello + "C: MAIL FROM:<a@a.example>\nS: 250 ...\nC: RCPT TO:<b@b.example>\nS: 250 ...").
					send("BDAT 4\r\nhalf").play("S: 250 ...").send(end).
					play("S: 250 ...\nS: 421 4.4.2 Idle timeout, bye bye\nS: closed")
			})
		})
	}
}

// What a line that begins with a dot and CR loses in go-smtp, before the policy
// sees the message: the CR as well as the dot. The message that is judged is the
// one that is delivered.
func TestWhatGoSMTPTakesFromAMessage(t *testing.T) {
	for _, tc := range []struct{ name, sent, want string }{
		{"dot, CR, text", "\r\n.\rX\r\n", "\r\nX\r\n"},
		{"dot, CR, dot", "\r\n.\r.\r\n", "\r\n.\r\n"},
		{"dot, CR, CR LF", "\r\n.\r\r\n", "\r\n\r\n"},
		{"a dot that is doubled loses nothing else", "\r\n..\rX\r\n", "\r\n.\rX\r\n"},
		{"dot, LF", "\r\n.\nX\r\n", "\r\n\nX\r\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, b := &facts{}, &backend{}
			s := serve(t, &gosmtp.Guard{Policy: policyOf(f.rule())}, b)
			s.talk(t, toData).send("Subject: x" + tc.sent + "end\r\n.\r\n").expect("250 ...")
			want := "Subject: x" + tc.want + "end\r\n"
			equal(t, "messages", b.messages(), []string{want})
			if got := string(f.at(envelope.Data)[0].Message.Header()); !strings.HasPrefix(want, got) {
				t.Errorf("judged was %q, want %q", got, want)
			}
		})
	}
}

// After a CR that does not end a line go-smtp does not see the CRLF that follows
// at once, and not that a dot alone follows that. It waits for another.
func TestWhereGoSMTPDoesNotSeeTheEndOfAMessage(t *testing.T) {
	for _, end := range []string{"\r\r\n.\r\n", "\r\n.\r\r\n.\r\n"} {
		b := &backend{}
		s := serve(t, &gosmtp.Guard{}, b)
		s.talk(t, toData).send("Subject: x" + end + "NOOP\r\n.\r\n").play("S: 250 2.0.0 OK: queued\nC: NOOP\nS: 250 2.0.0 I have...")
		if got := b.messages(); len(got) != 1 || !strings.HasSuffix(got[0], "NOOP\r\n") {
			t.Errorf("%q: the messages are %q", end, got)
		}
	}
}
