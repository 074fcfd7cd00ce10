package envelope_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode"

	"mxrules.example/envelope"
)

func TestOutcomesAreTheWordsOfRFC8601(t *testing.T) {
	for _, tc := range []struct {
		outcome envelope.Outcome
		word    string
		known   bool
	}{
		{0, "", false},
		{envelope.None, "none", true},
		{envelope.Pending, "pending", false},
		{envelope.Pass, "pass", true},
		{envelope.Fail, "fail", true},
		{envelope.TempError, "temperror", false},
		{envelope.PermError, "permerror", true},
		{7, "outcome(7)", false},
		{255, "outcome(255)", false},
	} {
		if got := tc.outcome.String(); got != tc.word {
			t.Errorf("outcome %d is written %q, want %q", tc.outcome, got, tc.word)
		}
		if got := tc.outcome.Known(); got != tc.known {
			t.Errorf("Known() of %q is %t", tc.word, got)
		}
	}
}

func TestConstructors(t *testing.T) {
	status := envelope.Status{Code: 550, Subject: 7, Detail: 1}
	cause := errors.New("the disk is full")
	for _, tc := range []struct {
		name string
		got  envelope.Finding
		want envelope.Finding
	}{
		{"NotYet", envelope.NotYet("a.b", envelope.Rcpt),
			envelope.Finding{Check: "a.b", Outcome: envelope.Pending, Awaits: envelope.Rcpt}},
		{"NotApplicable", envelope.NotApplicable("a.b"),
			envelope.Finding{Check: "a.b", Outcome: envelope.None}},
		{"Passed", envelope.Passed("a.b"),
			envelope.Finding{Check: "a.b", Outcome: envelope.Pass}},
		{"Failed", envelope.Failed("a.b", status, "%d of %s", 2, "three"),
			envelope.Finding{Check: "a.b", Outcome: envelope.Fail, Status: status, Text: "2 of three"}},
		{"Permanent", envelope.Permanent("a.b", status, "%d of %s", 2, "three"),
			envelope.Finding{Check: "a.b", Outcome: envelope.PermError, Status: status, Text: "2 of three"}},
		{"Temporary", envelope.Temporary("a.b", cause),
			envelope.Finding{Check: "a.b", Outcome: envelope.TempError, Err: cause,
				Status: envelope.Status{Code: 451, Subject: 4, Detail: 3},
				Text:   "temporary lookup failure", Retry: "please try again later"}},
		{"Observed", envelope.Passed("a.b").Observed("%d of %s", 2, "three"),
			envelope.Finding{Check: "a.b", Outcome: envelope.Pass, Text: "2 of three"}},
		{"Advising", envelope.Passed("a.b").Advising("one").Advising("two"),
			envelope.Finding{Check: "a.b", Outcome: envelope.Pass, Advice: "one; two"}},
		{"With", envelope.Passed("a.b").With("detail"),
			envelope.Finding{Check: "a.b", Outcome: envelope.Pass, Detail: "detail"}},
	} {
		if got, want := fmt.Sprintf("%#v", tc.got), fmt.Sprintf("%#v", tc.want); got != want {
			t.Errorf("%s:\n got %s\nwant %s", tc.name, got, want)
		}
	}
}

func TestWithReturnsACopy(t *testing.T) {
	plain := envelope.Passed("a.b")
	if plain.With(1); plain.Detail != nil {
		t.Error("With changed the finding that it was called on")
	}
}

func TestSuggestLoginAddsToTheAdvice(t *testing.T) {
	plain := envelope.Failed("a.b", envelope.Status{Code: 550}, "wrong").Advising("relay access denied")
	f := plain.SuggestLogin()
	if want := "relay access denied; users with an account here should log in (port 465 or 587)"; f.Advice != want || f.Text != "wrong" {
		t.Errorf("text %q, advice %q", f.Text, f.Advice)
	}
	if plain.Advice != "relay access denied" {
		t.Errorf("the advice of the finding before is %q", plain.Advice)
	}
}

func TestUnavailableKeepsTheCausePrivate(t *testing.T) {
	cause := &net.DNSError{Err: "no such host", Name: "ldap.inside.example"}
	f := envelope.Unavailable("a.b", fmt.Errorf("asking: %w", cause))
	if want := "temporary lookup failure"; f.Text != want {
		t.Errorf("text %q, want %q", f.Text, want)
	}
	if f.Outcome != envelope.TempError || f.Status.String() != "451 4.3.0" || !errors.Is(f.Err, cause) {
		t.Errorf("got %v %v %v", f.Outcome, f.Status, f.Err)
	}
	if f := envelope.Unavailable("a.b", nil); f.Err == nil {
		t.Error("there is no cause at all")
	}
}

func TestTemporaryNamesTheQuestionAndKeepsTheCausePrivate(t *testing.T) {
	const failed = " failed"
	for _, tc := range []struct {
		name string
		err  error
		text string
	}{
		{"a DNS error", &net.DNSError{Err: "secret", Name: "mail.example.org.", Server: "10.0.0.1:53"},
			"the DNS lookup of mail.example.org" + failed},
		{"a wrapped one", fmt.Errorf("secret: %w", &net.DNSError{Err: "secret", Name: "mail.example.org"}),
			"the DNS lookup of mail.example.org" + failed},
		{"a hostile name", &net.DNSError{Err: "secret", Name: "a\r\n250 OK\x00" + strings.Repeat("x", 1e6)},
			"the DNS lookup of a 250 OK?" + strings.Repeat("x", 243) + "..." + failed},
		{"no name", &net.DNSError{Err: "secret"}, "temporary lookup failure"},
		{"no DNS error", errors.New("secret"), "temporary lookup failure"},
		{"no error", nil, "temporary lookup failure"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := envelope.Temporary("a.b", tc.err)
			if f.Text != tc.text {
				t.Errorf("text %q, want %q", f.Text, tc.text)
			}
			if f.Err == nil || f.Err.Error() == "" || tc.err != nil && !errors.Is(f.Err, tc.err) {
				t.Errorf("cause %v, want %v", f.Err, tc.err)
			}
		})
	}
}

func TestFailedCleansEveryValue(t *testing.T) {
	long := strings.Repeat("x", 64<<10)
	cut := strings.Repeat("x", 253) + "..."
	var nilError *net.DNSError
	_, syntax := envelope.ParseMailbox(long+"@example.org", false)
	for _, tc := range []struct {
		name  string
		value any
		want  string // %v
	}{
		{"CR LF", "a\r\n250 OK", "a 250 OK"},
		{"NUL", "a\x00b", "a?b"},
		{"bidi override", "a\u202eb", "a?b"},
		{"invalid UTF-8", "a\xffb", "a?b"},
		{"UTF-8", "bücher", "bücher"},
		{"64 KB", long, cut},
		{"64 KB of octets", []byte(long), "[" + strings.Repeat("120 ", 63) + "..."},
		{"a list", []string{"a\r\nb", long}, "[a b " + strings.Repeat("x", 247) + "..."},
		{"a host", envelope.Host("mail.example.org"), "mail.example.org"},
		{"a type of text", hostile("a\r\nb"), "a b"},
		{"an error", errors.New("a\r\n" + long), "a " + strings.Repeat("x", 250) + "..."},
		{"an error with its reason at the end", syntax, `mailbox "` + cut + `" has more than 254 octets`},
		{"a Stringer", stringer("a\r\n" + long), "a " + strings.Repeat("x", 250) + "..."},
		{"an address", netip.MustParseAddr("2001:db8::1"), "2001:db8::1"},
		{"a duration", 90 * time.Second, "1m30s"},
		{"a number", -5, "-5"},
		{"nothing", nil, "<nil>"},
		{"an error that is a nil pointer", nilError, "<nil>"},
		{"a Stringer that panics", panicking{}, "%!v(PANIC=String method: boom)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status := envelope.Status{Code: 550, Subject: 7, Detail: 1}
			f := envelope.Failed("a.b", status, "the value %v is wrong", tc.value)
			if want := "the value " + tc.want + " is wrong"; f.Text != want {
				t.Errorf("Failed: text %q, want %q", f.Text, want)
			}
			if p := envelope.Permanent("a.b", status, "the value %v is wrong", tc.value); p.Text != f.Text {
				t.Errorf("Permanent has another text: %q", p.Text)
			}
			if p := envelope.Passed("a.b").Observed("the value %v is wrong", tc.value); p.Text != f.Text {
				t.Errorf("Observed gives another text: %q", p.Text)
			}
			if strings.ContainsFunc(f.Text, unicode.IsControl) {
				t.Errorf("text %q has a control character", f.Text)
			}
		})
	}
}

func TestFailedKeepsVerbs(t *testing.T) {
	f := envelope.Failed("a.b", envelope.Status{}, "%q %d %x %.2f %s %03d %t %[1]s",
		`say "x"`, 7, 255, 1.0/3, []byte("octets"), 5, true)
	if want := `"say \"x\"" 7 ff 0.33 octets 005 true say "x"`; f.Text != want {
		t.Errorf("text %q, want %q", f.Text, want)
	}
	f = envelope.Failed("a.b", envelope.Status{}, "%q", strings.Repeat("x", 300))
	if want := `"` + strings.Repeat("x", 253) + `..."`; f.Text != want {
		t.Errorf("text %q, want %q", f.Text, want)
	}
}

func TestFailedFormatsAsFmt(t *testing.T) {
	for _, tc := range []struct {
		format string
		args   []any
	}{
		{"plain", nil},
		{"%s", []any{"a"}},
		{"%s of %v and %d, %v", []any{"a", "b", 1, 2}},
		{"%s%s", []any{envelope.Host("a.example"), netip.MustParseAddr("192.0.2.1")}},
		{"%q is %x, %05d", []any{"a", 255, 3}},
		{"%d %s", []any{"a", 1}},
		{"100%% of %s", []any{"a"}},
		{"100%", nil},
		{"%s and %s", []any{"a"}},
		{"%s", []any{"a", "b"}},
		{"nothing", []any{"a"}},
		{"%[2]s %[1]s", []any{"a", "b"}},
	} {
		want := envelope.CleanText(fmt.Sprintf(tc.format, tc.args...), true)
		f := envelope.Failed("a.b", envelope.Status{}, tc.format, tc.args...)
		if got := strings.ReplaceAll(f.Text, "EXTRA envelope.argument=", "EXTRA string="); got != want {
			t.Errorf("%q: got %q, want %q", tc.format, got, want)
		}
	}
}

func TestFailedCleansItsFormat(t *testing.T) {
	const format = "one\r\ntwo" // a constant with a mistake
	if f := envelope.Failed("a.b", envelope.Status{}, format); f.Text != "one two" {
		t.Errorf("text %q", f.Text)
	}
}

type hostile string

type stringer string

func (s stringer) String() string { return string(s) }

type panicking struct{}

func (panicking) String() string { panic("boom") }

// constant is a check that always finds f and counts how often it is asked.
func constant(f envelope.Finding, asked *int) envelope.Check {
	return func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
		if asked != nil {
			*asked++
		}
		return f
	}
}
