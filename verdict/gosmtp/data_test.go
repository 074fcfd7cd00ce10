package gosmtp_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
	"mxrules.example/verdict/gosmtp"
)

// Only CRLF.CRLF ends a message (RFC 5321, section 4.1.1.4). What another
// server took for a part of the message must not become a second one here.
func TestOneMessageInIsOneMessageOut(t *testing.T) {
	const smuggled = "MAIL FROM:<evil@a.example>\r\nRCPT TO:<b@b.example>\r\nDATA\r\nSubject: evil\r\n"
	for _, tc := range []struct{ name, between, want string }{
		{"LF.LF", "\n.\n", "\n.\n"},
		{"LF.CRLF", "\n.\r\n", "\n.\r\n"},
		{"CR.CR", "\r.\r", "\r.\r"},
		{"CR.LF", "\r.\n", "\r.\n"},
		{"CR.CRLF", "\r.\r\n", "\r.\r\n"},
		{"CRLF.LF", "\r\n.\n", "\r\n\n"}, // a dot at the beginning of a line is transparency
		{"CRLF..CRLF", "\r\n..\r\n", "\r\n.\r\n"},
		{"CRLFNUL.CRLF", "\r\n\x00.\r\n", "\r\n\x00.\r\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := &backend{}
			var judged string
			g := &gosmtp.Guard{Policy: policyOf(rejecting("reads", envelope.Data, func(e *envelope.Envelope) bool {
				raw := make([]byte, e.Message.Size())
				e.Message.Open().ReadAt(raw, 0)
				judged = string(raw)
				return false
			}))}
			serve(t, g, b).talk(t, toData).
				send("Subject: x\r\n\r\nbefore" + tc.between + smuggled + ".\r\n").
				play("S: 250 2.0.0 OK: queued\nC: QUIT\nS: 221 ...\nS: closed")
			want := "Subject: x\r\n\r\nbefore" + tc.want + smuggled
			equal(t, "messages", b.messages(), []string{want})
			if judged != want {
				t.Errorf("judged was %q, want %q", judged, want)
			}
		})
	}
}

// The lookups of a message start with its header, so that the reply waits for nothing
// if the body takes longer than they do.
func TestLookupsStartWhileTheBodyArrives(t *testing.T) {
	lookUp := func(ctx context.Context, r envelope.Resolver, _ *envelope.Envelope) envelope.Finding {
		if _, err := envelope.LookupTXT(ctx, r, "key.example"); err != nil {
			return envelope.Temporary("", err)
		}
		return envelope.Passed("")
	}
	signed := func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if e.Arriving() {
			lookUp(ctx, r, e)
		}
		return envelope.At("signed", envelope.Data, lookUp)(ctx, r, e)
	}
	first := "Subject: x\r\n\r\n" + strings.Repeat("x", 200)
	for _, tc := range []struct{ name, begin, end string }{
		{"DATA", "DATA\r\n" + first, "\r\n.\r\n"},
		{"BDAT", fmt.Sprintf("BDAT %d\r\n%s", len(first), first), "BDAT 2 LAST\r\n\r\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := &gosmtp.Guard{
				Policy:   policyOf(verdict.RejectUnless(signed)),
				Resolver: zone.MustParse("key.example. TXT key").Delaying("*.", time.Second),
			}
			inBubble(t, g, &backend{}, func(*smtp.Server) {}, func(t *testing.T, c *peer) {
				c.play(rcptTo("b@b.example")).send(tc.begin)
				c.in.ReadString('\n') // 354, or the reply to the first chunk
				time.Sleep(5 * time.Second)
				began := time.Now()
				c.send(tc.end).expect("250 ...")
				if waited := time.Since(began); waited > 0 {
					t.Errorf("the reply came after %v", waited)
				}
			})
		})
	}
}

func TestALargeMessageComesFromTheSpoolWhole(t *testing.T) {
	b := &backend{}
	g := &gosmtp.Guard{Spool: envelope.Spool{Memory: 100, Dir: t.TempDir()}, Policy: policyOf(rejecting("message", envelope.Data, holds("spam")))}
	body := "Subject: large\r\n\r\n" + strings.Repeat("0123456789abcdef\r\n", 10000)
	serve(t, g, b).talk(t, toData).send(body + ".\r\n").expect("250 ...")
	equal(t, "messages", b.messages(), []string{body})
}

func TestASpoolThatFailsIsATempfailAndLogged(t *testing.T) {
	b := &backend{}
	g := &gosmtp.Guard{Spool: envelope.Spool{Memory: 100, Dir: t.TempDir() + "/gone"}}
	s := serve(t, g, b)
	s.talk(t, toData).send(strings.Repeat("0123456789abcdef\r\n", 10000) + ".\r\n").play(`
		S: 451 4.3.0 the server has an internal error, please try again later
		C: MAIL FROM:<a@a.example>
		S: 250 ...
	`)
	if log := s.log.String(); !strings.Contains(log, "DATA of 127.0.0.1:") || !strings.Contains(log, "message spool") {
		t.Errorf("the log has %q", log)
	}
}

func TestATooLargeMessageIsRefusedAndItsRestIsNoCommand(t *testing.T) {
	b := &backend{}
	s := serve(t, &gosmtp.Guard{}, b, func(s *smtp.Server) { s.MaxMessageBytes = 100 })
	s.talk(t, toData).send(strings.Repeat("MAIL FROM:<evil@a.example>\r\n", 1000) + ".\r\n").play(`
		S: 552 5.3.4 Maximum message size exceeded
		S: closed
	`)
	s.finish(t)
	equal(t, "the backend was told", b.told(), []string{"mail a@a.example", "rcpt b@b.example"})
}

func TestATooLongLineIsRefusedForGood(t *testing.T) {
	b := &backend{}
	s := serve(t, &gosmtp.Guard{}, b, func(s *smtp.Server) { s.MaxLineLength = 100 })
	s.talk(t, toData).send("Subject: x\r\n" + strings.Repeat("x", 200) + "\r\nMAIL FROM:<evil@a.example>\r\n.\r\n").play(`
		S: 554 5.6.0 the message has a line that is too long
		S: closed
	`)
	s.finish(t)
	equal(t, "the backend was told", b.told(), []string{"mail a@a.example", "rcpt b@b.example"})
}

func TestAClientThatLeavesInsideTheMessageDeliversNothing(t *testing.T) {
	b := &backend{}
	s := serve(t, &gosmtp.Guard{}, b)
	c := s.talk(t, toData).send("Subject: half a mess")
	c.conn.(*net.TCPConn).CloseWrite()
	c.play("S: 421 4.4.2 the connection broke inside the message, closing it\nS: closed")
	s.finish(t)
	if n := len(b.messages()); n != 0 {
		t.Errorf("%d messages were delivered", n)
	}
	if log := s.log.String(); log != "" {
		t.Errorf("the log has %q", log)
	}
}

// trickle plays the end of a dialogue while it sends lines slowly, until the
// server has had enough.
func trickle(c *peer, line, dialogue string) {
	c.t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			time.Sleep(500 * time.Millisecond)
			if _, err := io.WriteString(c.conn, line); err != nil {
				return
			}
		}
	}()
	c.play(dialogue)
	<-done
}

// The deadline of go-smtp holds for the whole message, and when it is over
// go-smtp would read the rest of it as commands.
func TestATimeoutInsideTheMessageClosesTheConnection(t *testing.T) {
	b := &backend{}
	timeout := func(s *smtp.Server) { s.ReadTimeout = 2 * time.Second }
	inBubble(t, &gosmtp.Guard{}, b, timeout, func(t *testing.T, c *peer) {
		c.play(toData)
		trickle(c, "MAIL FROM:<evil@a.example>\r\n", "S: 421 4.4.2 the connection broke inside the message, closing it\nS: closed")
	})
	equal(t, "the backend was told", b.told(), []string{"mail a@a.example", "rcpt b@b.example"})
}

func TestATimeoutBehindTheLimitOfSizeClosesTheConnection(t *testing.T) {
	b := &backend{}
	limits := func(s *smtp.Server) { s.ReadTimeout, s.MaxMessageBytes = 2*time.Second, 50 }
	inBubble(t, &gosmtp.Guard{}, b, limits, func(t *testing.T, c *peer) {
		c.play(toData)
		trickle(c, "MAIL FROM:<evil@a.example>\r\n", "S: 552 5.3.4 Maximum message size exceeded\nS: closed")
	})
	equal(t, "the backend was told", b.told(), []string{"mail a@a.example", "rcpt b@b.example"})
}

func TestATimeoutInsideABDATChunkClosesTheConnection(t *testing.T) {
	b := &backend{}
	timeout := func(s *smtp.Server) { s.ReadTimeout = 2 * time.Second }
	inBubble(t, &gosmtp.Guard{}, b, timeout, func(t *testing.T, c *peer) {
		c.play(rcptTo("b@b.example") + `
			C: BDAT 100000
		`)
		trickle(c, "RSET\r\nMAIL FROM:<evil@a.example>\r\n", lostInside)
	})
	equal(t, "the backend was told", b.told(), []string{"mail a@a.example", "rcpt b@b.example"})
}

func TestAMessageInChunksIsJudgedAsOne(t *testing.T) {
	b := &backend{}
	s := serve(t, &gosmtp.Guard{Policy: policyOf(rejecting("message", envelope.Data, holds("spam")))}, b)
	c := s.talk(t, hello)
	for _, tc := range []struct{ word, reply string }{{"news", "250 ..."}, {"spam", "550 5.7.1 ..."}} {
		c.play("C: MAIL FROM:<a@a.example>\nS: 250 ...\nC: RCPT TO:<b@b.example>\nS: 250 ...")
		c.send("BDAT 9\r\nSubject: ").expect("250 ...")
		c.send("BDAT 6 LAST\r\n" + tc.word + "\r\n").expect(tc.reply)
	}
	equal(t, "messages", b.messages(), []string{"Subject: news\r\n"})
}

func TestRSETBetweenChunksGivesTheMessageUp(t *testing.T) {
	b := &backend{}
	s := serve(t, &gosmtp.Guard{}, b)
	s.talk(t, hello+"C: MAIL FROM:<a@a.example>\nS: 250 ...\nC: RCPT TO:<b@b.example>\nS: 250 ...").
		send("BDAT 4\r\nhalf").play(`
		S: 250 ...
		C: RSET
		S: 250 ...
		C: MAIL FROM:<c@c.example>
		S: 250 ...
		C: RCPT TO:<d@d.example>
		S: 250 ...
		C: DATA
		S: 354 ...
		C: whole
		C: .
		S: 250 ...
	`)
	equal(t, "messages", b.messages(), []string{"whole\r\n"})
}

// AUTH is the one command that go-smtp passes on between two chunks. It is out
// of order there, and its answer does not wait for the message.
func TestAUTHBetweenChunksDoesNotWaitForTheMessage(t *testing.T) {
	b := &login{auth: func(_, _ string) error { return nil }}
	s := authServer(t, &gosmtp.Guard{}, b)
	s.talk(t, hello+"C: MAIL FROM:<a@a.example>\nS: 250 ...\nC: RCPT TO:<b@b.example>\nS: 250 ...").
		send("BDAT 4\r\nhalf").play("S: 250 ...\nC: " + plain["right"] + "\nS: 503 5.5.1 ...").
		send("BDAT 6 LAST\r\nwhole\n").expect("250 ...")
	equal(t, "messages", b.messages(), []string{"halfwhole\n"})
}
