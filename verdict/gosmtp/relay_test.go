package gosmtp_test

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/recipient"
	"mxrules.example/verdict"
	"mxrules.example/verdict/gosmtp"
)

// address is a line of the table that the tests of recipient.Ours have: what
// the check says of an address, and the address.
type address struct{ says, rcpt string }

func addresses(t *testing.T) (all []address) {
	t.Helper()
	raw, err := os.ReadFile("../../envelope/recipient/testdata/relay.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		says, quoted, _ := strings.Cut(line, " ")
		rcpt, err := strconv.Unquote(strings.TrimSpace(quoted))
		if err != nil {
			t.Fatalf("relay.txt: %s: %v", line, err)
		}
		all = append(all, address{says, rcpt})
	}
	return all
}

// closedRelay is a policy for the site of the table.
var closedRelay = policyOf(
	verdict.AcceptIf(client.Authenticated),
	verdict.RejectUnless(recipient.Ours("ours.example", ".sub.ours.example", "[192.0.2.25]", "bücher.example")),
)

// endsHere says for an address that a backend was told whether mail for it ends
// at the site of the table. It is not how recipient.Ours finds that out.
func endsHere(heard string) bool {
	at := strings.LastIndexByte(heard, '@')
	local, domain := heard[:max(at, 0)], strings.TrimSuffix(strings.ToLower(heard[at+1:]), ".")
	if strings.ContainsAny(local, "%!@\x00\r\n％﹪！﹗＠﹫") {
		return false
	}
	switch domain {
	case "ours.example", "bücher.example", "xn--bcher-kva.example",
		"[192.0.2.25]", "[192.0.2.025]", "[ipv6:::ffff:192.0.2.25]", "[ipv6:::ffff:c000:219]":
		return local != ""
	}
	below, ok := strings.CutSuffix(domain, ".sub.ours.example")
	return ok && local != "" && below != "" && strings.Trim(below, "ab.") == ""
}

// stranger is a client that nobody knows.
type stranger struct {
	*peer
	heard []string // all lines of replies
}

// ask sends a RCPT as it stands, which may be several lines, and a message
// behind it, to a server with this policy. It returns the recipients that the
// backend was told, and all that the client has heard.
func ask(t *testing.T, policy verdict.Policy, utf8 bool, rcpt string) (told, heard []string) {
	t.Helper()
	b := &backend{}
	server := serve(t, &gosmtp.Guard{Policy: policy}, b, func(s *smtp.Server) { s.EnableSMTPUTF8 = true })
	c := stranger{peer: server.dial(t)}
	mail := "MAIL FROM:<stranger@third.example>"
	if utf8 {
		mail += " SMTPUTF8"
	}
	c.reply("220")
	c.command("EHLO third.example", "250")
	c.command(mail, "250")
	c.send(rcpt + "\r\n")
	for range 1 + strings.Count(rcpt, "\n") {
		c.reply("")
	}
	c.command("VRFY stranger", "252") // no reply too many, and none too few
	if c.command("DATA", "") == "354" {
		c.command("Subject: relayed?\r\n\r\nHello.\r\n.", "250")
	}
	c.command("QUIT", "221")
	server.finish(t)
	for _, event := range b.told() {
		if to, ok := strings.CutPrefix(event, "rcpt "); ok {
			told = append(told, to)
		}
	}
	return told, c.heard
}

// command sends a command and returns the code of the reply.
func (c *stranger) command(line, want string) string {
	c.t.Helper()
	c.send(line + "\r\n")
	return c.reply(want)
}

// reply reads a reply (RFC 5321, section 4.2) and returns its code, which is
// the wanted one unless want is "".
func (c *stranger) reply(want string) (code string) {
	c.t.Helper()
	for more := true; more; {
		line, err := c.in.ReadString('\n')
		if err != nil || !replyLine.MatchString(line) {
			c.t.Fatalf("got %q, %v, want a line of a reply", line, err)
		}
		c.heard = append(c.heard, strings.TrimSuffix(line, "\r\n"))
		code, more = line[:3], line[3] == '-'
	}
	if want != "" && code != want {
		c.t.Fatalf("answered %s, want %s", code, want)
	}
	return code
}

var replyLine = regexp.MustCompile(`^[2345][0-5][0-9][- ].+\r\n$`)

// wires are the ways in which a stranger may write a RCPT. The second is
// against RFC 5321, section 4.1.1.3, and go-smtp takes it.
var wires = []string{"RCPT TO:<%s>", "RCPT TO:%s"}

func TestNoFormOfAddressRelays(t *testing.T) {
	for _, a := range addresses(t) {
		for _, utf8 := range []bool{false, true} {
			for _, wire := range wires {
				rcpt := fmt.Sprintf(wire, a.rcpt)
				t.Run(fmt.Sprintf("%q %t", rcpt, utf8), func(t *testing.T) {
					told, heard := ask(t, closedRelay, utf8, rcpt)
					for _, line := range heard {
						if line != envelope.CleanText(line, utf8) {
							t.Errorf("the client hears %q", line)
						}
					}
					for _, to := range told {
						if !endsHere(to) {
							t.Errorf("the backend is told to send mail on to %q", to)
						}
					}
					switch {
					case a.says != "ours":
						// go-smtp leaves a source route out, and reads what has a
						// line end in it as the commands that it is.
						if len(told) > 0 && a.rcpt[0] != '@' && !strings.ContainsAny(a.rcpt, "\r\n") {
							t.Errorf("the backend is told %q", told)
						}
					case !strings.Contains(a.rcpt, "@"): // go-smtp does not know the bare postmaster
					case !utf8 && strings.IndexFunc(a.rcpt, func(r rune) bool { return r > 0x7f }) >= 0:
					case len(told) != 1:
						t.Errorf("the backend is told %q of an address of its own", told)
					}
				})
			}
		}
	}
}

// Without the policy the same conversations relay: it is what holds them back,
// and not that they fail for a reason of their own.
func TestFormsOfAddressRelayWithoutAPolicy(t *testing.T) {
	relayed := 0
	for _, a := range addresses(t) {
		told, _ := ask(t, verdict.Policy{}, true, fmt.Sprintf(wires[0], a.rcpt))
		for _, to := range told {
			if a.says == "ours" && !endsHere(to) {
				t.Errorf("%q is ours and heard as %q", a.rcpt, to)
			}
			if !endsHere(to) {
				relayed++
			}
		}
	}
	if relayed < 40 {
		t.Errorf("only %d forms of address reach the backend", relayed)
	}
}

// An address that is longer than a command may be ends the conversation, and
// what is behind the limit is no command.
func TestAnEndlessAddressIsNotTold(t *testing.T) {
	for _, rcpt := range []string{
		strings.Repeat("a", 1<<20) + "@ours.example",
		"user@" + strings.Repeat("a.", 1<<19) + "ours.example",
		"@" + strings.Repeat("a,@", 1<<18) + "b:user@ours.example",
		strings.Repeat("RCPT TO:<user@ours.example> ", 1<<12),
	} {
		b := &backend{}
		server := serve(t, &gosmtp.Guard{Policy: closedRelay}, b)
		c := server.talk(t, hello+`
			C: MAIL FROM:<stranger@third.example>
			S: 250 ...
		`)
		// The server may hang up in the midst of it, so that neither writing nor
		// reading to the end need succeed.
		io.WriteString(c.conn, "RCPT TO:<"+rcpt+">\r\nRCPT TO:<user@ours.example>\r\n")
		io.Copy(io.Discard, c.in)
		server.finish(t)
		equal(t, "the backend was told", b.told(), []string{"mail stranger@third.example"})
	}
}
