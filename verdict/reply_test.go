package verdict_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// finds returns a check that fails with a status and a text.
func finds(status envelope.Status, text string) envelope.Check {
	return answers(envelope.Finding{Check: "finds", Outcome: envelope.Fail, Status: status, Text: text})
}

func status(code, subject, detail uint16) envelope.Status {
	return envelope.Status{Code: code, Subject: subject, Detail: detail}
}

func TestReplyString(t *testing.T) {
	env := envelope.Envelope{ClientIP: mapped, Helo: "a b&c", MailFrom: "x\r\n@y", RcptTo: "t@z"}
	for _, tc := range []struct {
		name string
		rule verdict.Rule
		want string
	}{
		{"a rejection", verdict.RejectUnless(finds(status(550, 7, 25), "no name")), "550 5.7.25 no name\r\n"},
		{"softened 550", verdict.TempFailUnless(finds(status(550, 7, 25), "no name")), "450 4.7.25 no name\r\n"},
		{"softened 554", verdict.TempFailUnless(finds(status(554, 7, 1), "no")), "451 4.7.1 no\r\n"},
		{"504 never becomes 404", verdict.TempFailUnless(finds(status(504, 5, 4), "no")), "451 4.5.4 no\r\n"},
		{"a deferral stays", verdict.TempFailUnless(finds(status(452, 2, 2), "full")), "452 4.2.2 full\r\n"},
		{"a rejection for a deferral", verdict.RejectUnless(finds(status(451, 7, 1), "no")), "550 5.7.1 no\r\n"},
		{"no status", verdict.RejectUnless(finds(status(0, 0, 0), "no")), "550 5.7.1 no\r\n"},
		{"a status that no RFC knows", verdict.RejectUnless(finds(status(599, 7, 9), "no")), "550 5.7.1 no\r\n"},
		{"a success for a rejection", verdict.RejectUnless(finds(status(250, 0, 0), "no")), "550 5.7.1 no\r\n"},
		{"no text", verdict.RejectUnless(finds(status(550, 7, 1), "")), "550 5.7.1 access denied\r\n"},
		{"no text for a tempfail", verdict.TempFailUnless(finds(status(550, 7, 1), "")), "450 4.7.1 temporarily deferred, please try again later\r\n"},
		{"a reply of one's own", verdict.RejectUnless(fail("f")).Reply(status(521, 3, 2), "go away {ip}"), "521 5.3.2 go away 192.0.2.1\r\n"},
		{"a reply of one's own, softened", verdict.TempFailUnless(fail("f")).Reply(status(550, 3, 2), "later"), "450 4.3.2 later\r\n"},
		{"a link", verdict.RejectUnless(fail("f")).See("https://x.example/?ip={ip}&helo={helo}&from={from}&to={to}&r={rule}&c={code}&s={status}"),
			"550-5.7.25 f does not hold\r\n550 5.7.25 https://x.example/?ip=192.0.2.1&helo=a%20b%26c&from=x%20%40y&to=t%40z&r=f&c=550&s=5.7.25\r\n"},
		{"a sentence", verdict.RejectUnless(fail("f")).See("Ask postmaster about {from} from {helo}."),
			"550-5.7.25 f does not hold\r\n550 5.7.25 Ask postmaster about x @y from a b&c.\r\n"},
		{"several lines", verdict.RejectUnless(fail("f")).See("one").See("two"),
			"550-5.7.25 f does not hold\r\n550-5.7.25 one\r\n550 5.7.25 two\r\n"},
		{"an injection", verdict.RejectUnless(finds(status(550, 7, 1), "a\r\n250 OK\x00\u202e\u00e9")), "550 5.7.1 a 250 OK???\r\n"},
		{"accept", verdict.AcceptIf(pass("p")), "250 2.0.0 OK\r\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := judge(t, &env, tc.rule)
			if wire := got.Reply().String(); wire != tc.want {
				t.Errorf("got  %q\nwant %q", wire, tc.want)
			}
			if got.Err() != nil && got.Status != got.Reply().Status {
				t.Errorf("the verdict says %v, its reply %v", got.Status, got.Reply().Status)
			}
		})
	}
}

func TestAFindingCanHaveItsOwnDeferral(t *testing.T) {
	check := answers(envelope.Finding{Check: "relay", Outcome: envelope.Fail, Status: status(554, 7, 1), Deferral: status(454, 7, 1), Text: "no"})
	for _, tc := range []struct {
		rule verdict.Rule
		want string
	}{
		{verdict.TempFailUnless(check), "454 4.7.1 no\r\n"},
		{verdict.RejectUnless(check), "554 5.7.1 no\r\n"},
		{verdict.TempFailUnless(check).Reply(status(550, 7, 1), "own"), "450 4.7.1 own\r\n"},
	} {
		if got := judge(t, &envelope.Envelope{}, tc.rule).Reply().String(); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}

func TestRepliesInPlaceOfTheGreeting(t *testing.T) {
	for code, want := range map[uint16]string{550: "554 5.7.9", 504: "554 5.7.9", 521: "521 5.7.9", 450: "421 4.7.9", 451: "421 4.7.9"} {
		rule := verdict.RejectUnless(finds(status(code, 7, 9), "no"))
		if code < 500 {
			rule = verdict.TempFailUnless(finds(status(code, 7, 9), "no"))
		}
		if got := judge(t, atConnect(), rule).Reply().Status.String(); got != want {
			t.Errorf("%d: got %s, want %s", code, got, want)
		}
	}
}

func TestRepliesHaveUTF8OnlyWithSMTPUTF8(t *testing.T) {
	rule := verdict.RejectUnless(finds(status(550, 1, 1), "there is no jürgen@example.org"))
	for utf8OK, want := range map[bool]string{
		true:  "550 5.1.1 there is no jürgen@example.org\r\n",
		false: "550 5.1.1 there is no j?rgen@example.org\r\n",
	} {
		if got := judge(t, &envelope.Envelope{SMTPUTF8: utf8OK}, rule).Reply().String(); got != want {
			t.Errorf("SMTPUTF8 %v: got %q, want %q", utf8OK, got, want)
		}
	}
}

func TestReplyLinesHaveAtMost512Octets(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("word ", 1000),
		strings.Repeat("x", 5000),
		strings.Repeat("ü", 5000),
		strings.Repeat("x", 480) + " " + strings.Repeat("y", 480),
	} {
		v := judge(t, &envelope.Envelope{SMTPUTF8: true}, verdict.RejectUnless(finds(status(550, 999, 999), text)).See(text))
		checkWire(t, v.Reply())
		if n := len(v.Reply().Lines); n > 5 {
			t.Errorf("%d lines", n)
		}
	}
}

// checkWire fails the test unless a reply follows RFC 5321, section 4.2 and RFC 2034, section 4.
func checkWire(t *testing.T, r verdict.Reply) {
	t.Helper()
	wire := r.String()
	lines := strings.SplitAfter(wire, "\r\n")
	if lines[len(lines)-1] != "" || len(lines) < 2 {
		t.Fatalf("%q does not end in CRLF", wire)
	}
	for i, line := range lines[:len(lines)-1] {
		separator := "-"
		if i == len(lines)-2 {
			separator = " "
		}
		prefix := fmt.Sprintf("%d%s%s ", r.Status.Code, separator, r.Status.Enhanced())
		if !strings.HasPrefix(line, prefix) {
			t.Errorf("%q does not begin with %q", line, prefix)
		}
		text := strings.TrimSuffix(line, "\r\n")
		if len(line) > 512 || !utf8.ValidString(text) || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			t.Errorf("a line of %d octets: %q", len(line), line)
		}
	}
}

func FuzzReply(f *testing.F) {
	f.Add("there is no such user", "see https://x.example/?from={from}", "a@b", "mail.example.org", false)
	f.Add("a\r\n250 OK", "{helo}", "\r\nDATA\r\n", "\x00\xff\u2028", true)
	f.Add(strings.Repeat("ü ", 300), "{", "{from}", "{helo}", true)
	f.Fuzz(func(t *testing.T, text, line, from, helo string, smtputf8 bool) {
		env := envelope.Envelope{MailFrom: from, Helo: helo, SMTPUTF8: smtputf8}
		for _, rule := range []verdict.Rule{
			verdict.RejectUnless(finds(status(550, 7, 1), text)).See(line),
			verdict.TempFailUnless(finds(status(554, 7, 1), text)).See(line).Reply(status(554, 7, 1), line),
		} {
			v := verdict.Policy{Rules: verdict.Rules{rule}}.Judge(t.Context(), nil, &env)
			checkWire(t, v.Reply())
			if v.Err() == nil {
				t.Errorf("%v has no error", v.Action)
			}
			if !smtputf8 && strings.ContainsFunc(v.Reply().String(), func(c rune) bool { return c > '~' }) {
				t.Errorf("not ASCII: %q", v.Reply())
			}
		}
	})
}
