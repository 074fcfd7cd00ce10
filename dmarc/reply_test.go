package dmarc_test

import (
	"bufio"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"mxrules.example/dmarc"
	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
	"mxrules.example/verdict/gosmtp"
)

// fourLines is the rule whose reply has the well-known form of four lines.
func fourLines() verdict.Rule {
	return verdict.RejectUnless(dmarc.NotReject).
		See("Please ask the administrator of that domain if this mail was legitimate.").
		See("To learn about DMARC, and what senders can do, visit").
		See("https://mx.example.org/dmarc?ip={ip}&from={from}")
}

// TestRepliesOnTheWire tests the replies that a client receives from a real server.
func TestRepliesOnTheWire(t *testing.T) {
	for _, tc := range []struct {
		name    string
		rule    verdict.Rule
		dns     *zone.Zone
		from    string
		message string
		want    string
	}{
		{"reject", verdict.RejectUnless(dmarc.NotReject), mail(), "someone@evil.example", "From: Bank <a@bank.example>\r\n\r\n",
			"550 5.7.26 mail from bank.example is not authenticated, and the DMARC policy of bank.example asks to reject it: " +
				"SPF passes for evil.example and there is no DKIM signature; if it is genuine, please tell the administrator of bank.example\r\n"},
		{"four lines", fourLines(), mail(), "someone@evil.example", "From: a@bank.example\r\n\r\n",
			"550-5.7.26 mail from bank.example is not authenticated, and the DMARC policy of bank.example asks to reject it: " +
				"SPF passes for evil.example and there is no DKIM signature; if it is genuine, please tell the administrator of bank.example\r\n" +
				"550-5.7.26 Please ask the administrator of that domain if this mail was legitimate.\r\n" +
				"550-5.7.26 To learn about DMARC, and what senders can do, visit\r\n" +
				"550 5.7.26 https://mx.example.org/dmarc?ip=192.0.2.66&from=someone%40evil.example\r\n"},
		{"deferred", verdict.TempFailUnless(dmarc.NotQuarantine), mail(), "someone@bank.example", "From: a@shop.example\r\n\r\n",
			"450 4.7.26 mail from shop.example is not authenticated, and the DMARC policy of shop.example asks to quarantine it: " +
				"the result of SPF is fail for bank.example and there is no DKIM signature; if it is genuine, please tell the administrator of shop.example\r\n"},
		{"aligned for", verdict.RejectUnless(dmarc.AlignedFor("quiet.example")), mail(), "", "From: a@quiet.example\r\n\r\n",
			"550 5.7.26 mail from quiet.example is not authenticated: SPF proves nothing and there is no DKIM signature; " +
				"if it is genuine, please tell the administrator of quiet.example\r\n"},
		{"not published", verdict.RejectUnless(dmarc.Published), mail(), "someone@evil.example", "From: a@quiet.example\r\n\r\n",
			"550 5.7.26 the domain quiet.example in From is not protected by DMARC: no DMARC record is published for the author domain\r\n"},
		{"no author", verdict.RejectUnless(dmarc.SingleAuthor), mail(), "someone@evil.example", "Subject: a\r\n\r\n",
			"550 5.7.1 the author of the message cannot be identified: the message has no From field\r\n"},
		{"no author, and no pass", verdict.RejectUnless(dmarc.Pass), mail(), "someone@evil.example", "Subject: a\r\n\r\n",
			"550 5.7.26 the author of the message cannot be identified: the message has no From field\r\n"},
		{"two domains", verdict.RejectUnless(dmarc.SingleAuthor), mail(), "someone@evil.example", "From: a@bank.example, b@evil.example\r\n\r\n",
			"550 5.7.1 the From field has addresses of 2 domains, among them bank.example and evil.example\r\n"},
		{"DNS failed", verdict.RejectUnless(dmarc.NotReject), mail(), "someone@evil.example", "From: a@broken.example\r\n\r\n",
			"451 4.4.3 the DNS lookup of _dmarc.broken.example failed, please try again later\r\n"},
		{"bytes that a peer chose", verdict.RejectUnless(dmarc.SingleAuthor), mail(), "someone@evil.example", "From: \x1b[2J\xff a@\x07b\r\n\r\n",
			"550 5.7.1 the author of the message cannot be identified: From field \"?[2J? a@?b\" has a control character\r\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := onTheWire(t, verdict.Policy{Rules: verdict.Rules{tc.rule}}, tc.dns, tc.from, tc.message)
			if got != tc.want {
				t.Errorf("\n got %q\nwant %q", got, tc.want)
			}
		})
	}
}

// TestLongestReplyFits has names of the maximum length.
func TestLongestReplyFits(t *testing.T) {
	label := strings.Repeat("x", 61) + "."
	author := strings.Repeat("a."+label, 3) + strings.Repeat("y", 40) + ".example"
	sender := strings.Repeat("b."+label, 3) + strings.Repeat("z", 40) + ".example"
	org := strings.Repeat("y", 40) + ".example"
	dns := zone.MustParse("_dmarc." + org + `. TXT "v=DMARC1; p=reject"` + "\n" + sender + `. TXT "v=spf1 +all"`)
	reply := onTheWire(t, verdict.Policy{Rules: verdict.Rules{fourLines()}}, dns, "a@"+sender, "From: a@"+author+"\r\n\r\n")
	for line := range strings.SplitAfterSeq(reply, "\r\n") {
		if len(line) > 512 || line != "" && !strings.HasPrefix(line[3:], "-5.7.26 ") && !strings.HasPrefix(line[3:], " 5.7.26 ") {
			t.Errorf("line of %d octets: %q", len(line), line)
		}
	}
	if !strings.Contains(reply, author) || !strings.Contains(reply, sender) || !strings.Contains(reply, "https://") {
		t.Errorf("%q", reply)
	}
}

// onTheWire delivers a message from 192.0.2.66 to a server with the policy, and
// returns the reply to its last line.
func onTheWire(t *testing.T, policy verdict.Policy, dns *zone.Zone, from, message string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	guard := &gosmtp.Guard{Policy: policy, Resolver: dns, Fill: func(_ net.Conn, e *envelope.Envelope) {
		e.ClientIP = netip.MustParseAddr(bad)
	}}
	server := smtp.NewServer(guard.Backend(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return sink{}, nil })))
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	defer func() {
		server.Close()
		<-done
	}()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	var reply string
	for _, command := range []string{"", "EHLO mail.example.net\r\n", "MAIL FROM:<" + from + ">\r\n", "RCPT TO:<you@example.org>\r\n", "DATA\r\n", message + ".\r\n"} {
		if _, err := io.WriteString(conn, command); err != nil {
			t.Fatal(err)
		}
		reply = ""
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatalf("%q: %v", command, err)
			}
			if reply += line; line[3] == ' ' {
				break
			}
		}
	}
	return reply
}

// sink accepts mail and discards it.
type sink struct{}

func (sink) Mail(string, *smtp.MailOptions) error { return nil }
func (sink) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (sink) Data(r io.Reader) error               { _, err := io.Copy(io.Discard, r); return err }
func (sink) Reset()                               {}
func (sink) Logout() error                        { return nil }
