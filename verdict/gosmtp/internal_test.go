package gosmtp

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
)

// go-smtp undoes the quotes of a mailbox, and quoted brings it back to the form
// that means the same.
func FuzzQuoted(f *testing.F) {
	for _, path := range []string{
		"user@a.example", `"x@evil.example"@a.example`, `"two words"@a.example`, `"quo\"te\\"@a.example`,
		`"a."@[192.0.2.1]`, `"@"@[IPv6:2001:db8::1]`, "größe@bücher.example", `".."@a.example`,
	} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		sent, err := envelope.ParseMailbox(path, true)
		if err != nil || sent.Route != "" {
			return
		}
		domain := string(sent.Domain) + "."
		if !sent.Literal.IsZero() {
			domain = sent.Literal.String()
		}
		got, err := envelope.ParseMailbox(quoted(sent.Local+"@"+domain), true)
		if err != nil && len(path) < 200 && len(sent.Local) < 32 { // quotes may take it over a limit
			t.Fatalf("%q became %q: %v", path, quoted(sent.Local+"@"+domain), err)
		}
		if err == nil && got != sent {
			t.Errorf("%q became %+v, want %+v", path, got, sent)
		}
	})
}

// Whatever an error of a backend says, what goes out is a refusal of sound
// lines.
func FuzzReplyOf(f *testing.F) {
	f.Add(550, 5, 7, 1, "no such user", false)
	f.Add(450, 5, 7, 1000, "one\r\ntwo\x00\x1b[0m\n\n", true)
	f.Add(250, 2, 0, 0, "fine", false)
	f.Add(-1, -1, -1, -1, "größe\u202e", true)
	f.Add(599, 5, 0, 0, strings.Repeat("ö", 500), true)
	f.Add(550, 5, 7, 1, "5.7.1 5.7.1 twice", false)
	f.Add(477, 4, 7, 0, "\n0\n4.7.0\n", false)
	f.Fuzz(func(t *testing.T, code, class, subject, detail int, message string, smtputf8 bool) {
		err := fmt.Errorf("wrapped: %w", &smtp.SMTPError{
			Code: code, EnhancedCode: smtp.EnhancedCode{class, subject, detail}, Message: message,
		})
		reply, ok := replyOf(err, smtputf8)
		if ok != (code >= 400 && code <= 599) {
			t.Fatalf("the code %d: %t", code, ok)
		}
		if !ok {
			return
		}
		wire, found := strings.CutSuffix(reply.String(), "\r\n")
		if !found {
			t.Fatalf("%q does not end a line", reply.String())
		}
		for i, line := range strings.Split(wire, "\r\n") {
			mark := "-"
			if i == len(reply.Lines)-1 {
				mark = " "
			}
			codes := fmt.Sprintf("%d%s%d.%d.%d ", code, mark, code/100, reply.Status.Subject, reply.Status.Detail)
			switch {
			case !strings.HasPrefix(line, codes):
				t.Errorf("%q does not begin with %q", line, codes)
			case len(line) > 510:
				t.Errorf("%q has %d octets", line, len(line))
			case !utf8.ValidString(line) || strings.ContainsAny(line, "\r\n\x00"):
				t.Errorf("%q is not clean", line)
			case !smtputf8 && strings.ContainsFunc(line, func(r rune) bool { return r >= utf8.RuneSelf }):
				t.Errorf("%q is not ASCII", line)
			}
		}
		var bare *smtp.SMTPError
		if !errors.As(smtpError(reply), &bare) || strings.Contains(bare.Message, "\r") {
			t.Errorf("go-smtp would get %+v", bare)
		}
		again, _ := replyOf(smtpError(reply), smtputf8)
		if again.String() != reply.String() && !strings.Contains(message, reply.Status.Enhanced()) {
			t.Errorf("%q is %q the second time", reply.String(), again.String())
		}
	})
}

type addressed struct {
	net.Conn
	addr net.Addr
}

func (c addressed) RemoteAddr() net.Addr { return c.addr }

func TestTheAddressOfTheClientIsPlain(t *testing.T) {
	for _, tc := range []struct {
		addr net.Addr
		want string
	}{
		{&net.TCPAddr{IP: net.ParseIP("192.0.2.1"), Port: 25}, "192.0.2.1"},
		{&net.TCPAddr{IP: net.ParseIP("::ffff:192.0.2.1"), Port: 25}, "192.0.2.1"},
		{&net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0", Port: 25}, "fe80::1"},
		{&net.UnixAddr{Name: "/run/lmtp", Net: "unix"}, "invalid IP"},
		{nil, "invalid IP"},
	} {
		if got := clientIP(addressed{addr: tc.addr}).String(); got != tc.want {
			t.Errorf("%v is %s, want %s", tc.addr, got, tc.want)
		}
	}
}
