package gosmtp_test

import (
	"bufio"
	"io"
	"net"
	"testing"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/gosmtp"
)

// discard is a backend that takes everything.
type discard struct{}

func (discard) NewSession(*smtp.Conn) (smtp.Session, error) { return discard{}, nil }
func (discard) Mail(string, *smtp.MailOptions) error        { return nil }
func (discard) Rcpt(string, *smtp.RcptOptions) error        { return nil }
func (discard) Reset()                                      {}
func (discard) Logout() error                               { return nil }
func (discard) Data(r io.Reader) error                      { _, err := io.Copy(io.Discard, r); return err }

// The first is go-smtp alone, the second with a policy of three rules in front.
func BenchmarkTransaction(b *testing.B) {
	guard := &gosmtp.Guard{Policy: policyOf(
		rejecting("sender", envelope.Mail, func(*envelope.Envelope) bool { return false }),
		rejecting("recipient", envelope.Rcpt, to("nobody")),
		rejecting("message", envelope.Data, holds("spam")),
	)}
	b.Run("alone", func(b *testing.B) { transactions(b, discard{}) })
	b.Run("guarded", func(b *testing.B) { transactions(b, guard.Backend(discard{})) })
}

func transactions(b *testing.B, backend smtp.Backend) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := smtp.NewServer(backend)
	go s.Serve(l)
	defer s.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	replies := bufio.NewReader(conn)
	say := func(command string) {
		io.WriteString(conn, command)
		if _, err := replies.ReadSlice('\n'); err != nil {
			b.Fatal(err)
		}
	}
	say("")
	say("HELO client.example.net\r\n")
	b.ReportAllocs()
	for b.Loop() {
		say("MAIL FROM:<a@a.example>\r\n")
		say("RCPT TO:<b@b.example>\r\n")
		say("DATA\r\n")
		say("Subject: news\r\n\r\nHello.\r\n.\r\n")
	}
}

func BenchmarkError(b *testing.B) {
	v := verdict.Verdict{Action: verdict.Reject, Status: refused, Text: "no such user here", Help: []string{"see https://mx.example.org/why"}}
	b.ReportAllocs()
	for b.Loop() {
		if gosmtp.Error(v) == nil {
			b.Fatal("no error")
		}
	}
}
