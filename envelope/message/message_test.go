package message_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/message"
)

const (
	from = "From: ann@example.org\r\n"
	date = "Date: Mon, 2 Feb 2026 10:00:00 +0000\r\n"
)

var (
	malformed = envelope.Status{Code: 550, Subject: 6, Detail: 0}
	looping   = envelope.Status{Code: 554, Subject: 4, Detail: 6}
)

// parts are the checks that WellFormed combines.
var parts = map[string]envelope.Check{
	"linesended":   message.LinesEnded,
	"singlefields": message.SingleFields,
	"dated":        message.Dated,
	"asciiheader":  message.ASCIIHeader,
	"linelength":   message.LineLength,
}

func TestWellFormed(t *testing.T) {
	long := strings.Repeat("x", 998)
	for _, tc := range []struct {
		name, raw string
		by, fault string // the parts that fail, and what the first of them says; "" passes
	}{
		{"as it should be", from + date + "\r\nbody\r\n", "", ""},
		{"no body", from + date + "\r\n", "", ""},
		{"no empty line", from + date, "", ""},
		{"the last line has no end", from + date + "\r\nbody", "", ""},
		{"names in other case, blanks before the colon", "FROM : a@example.org\r\ndate\t: x\r\n\r\n", "", ""},
		{"the fields of a message inside are not its own", from + date + "\r\n" + from + from + date, "", ""},

		{"no From", date + "\r\n", "", ""},
		{"no Date", from + "\r\n", "dated", "has no Date field"},
		{"nothing at all", "", "dated", "has no Date field"},
		{"Date in the body only", from + "\r\n" + date, "dated", "has no Date field"},
		{"two From", from + date + from + "\r\n", "singlefields", "has 2 From fields, only one is allowed"},
		{"two From, one with a blank", from + date + "From : b@example.org\r\n\r\n", "singlefields", "has 2 From fields, only one is allowed"},
		{"two Date", from + date + date + "\r\n", "singlefields", "has 2 Date fields, only one is allowed"},
		{"three Date", from + date + date + date + "\r\n", "singlefields", "has 3 Date fields, only one is allowed"},
		{"Date that continues another field", "X: y\r\n " + date + from + "\r\n", "dated", "has no Date field"},
		{"Date on a first line that begins with a blank", " " + date + from + "\r\n", "dated", "has no Date field"},
		{"similar names are not Date", "X-Date: a\r\nDate-X: b\r\n" + from + "\r\n", "dated", "has no Date field"},

		{"NUL in the header", from + date + "X: \x00\r\n\r\n", "linesended", "has a NUL, in line 3"},
		{"NUL in the body", from + date + "\r\na\r\nb\x00\r\n", "linesended", "has a NUL, in line 5"},
		{"LF alone in the header", from + "X: y\n" + date + "\r\n", "linesended", "has an LF without CR, in line 2"},
		{"LF alone in the body", from + date + "\r\na\nb\r\n", "linesended", "has an LF without CR, in line 4"},
		{"LF alone, first of all", "\n" + from + date, "dated linesended", "has no Date field"},
		{"LF only", strings.ReplaceAll(from+date+"\r\nbody\r\n", "\r", ""), "linesended", "has an LF without CR, in line 1"},
		{"CR alone in the header", from + "X: y\rz\r\n" + date + "\r\n", "linesended", "has a CR without LF, in line 2"},
		{"CR alone in the body", from + date + "\r\na\rb\r\n", "linesended", "has a CR without LF, in line 4"},
		{"CR CR LF", from + date + "\r\na\r\r\n", "linesended", "has a CR without LF, in line 4"},
		{"CR at the very end", from + date + "\r\na\r", "linesended", "has a CR without LF, in line 4"},
		{"CR at the very end, after CRLF", from + date + "\r\na\r\n\r", "linesended", "has a CR without LF, in line 5"},
		{"the end of DATA as smugglers write it", from + date + "\r\na\n.\n", "linesended", "has an LF without CR, in line 4"},
		{"LF . CRLF", from + date + "\r\na\n.\r\n", "linesended", "has an LF without CR, in line 4"},
		{"CR . CRLF", from + date + "\r\na\r.\r\n", "linesended", "has a CR without LF, in line 4"},

		{"a line of 998 octets", from + date + long + "\r\n\r\n", "", ""},
		{"a line of 999 octets", from + date + long + "y\r\n\r\n", "linelength", "has a line of 999 octets in its header (line 3), at most 998 are allowed"},
		{"a folded line of 999 octets", from + date + "X:\r\n " + long + "\r\n\r\n", "linelength", "has a line of 999 octets in its header (line 4), at most 998 are allowed"},
		{"a field of many lines", from + date + "X: y\r\n" + strings.Repeat(" "+long[1:]+"\r\n", 100) + "\r\n", "", ""},
		{"lines of blanks in the header", "From:\r\n \r\n ann@example.org\r\n\t\r\n" + date + "X: y;\r\n      \r\n z\r\n\r\n", "", ""},
		{"a long line in the body", from + date + "\r\n" + long + long, "", ""},
		{"8-bit in the body", from + date + "\r\nä\xff\r\n", "", ""},
		{"8-bit in the header", from + date + "Subject: ä\r\n\r\n", "asciiheader", "has characters beyond ASCII in its header, line 3, which requires SMTPUTF8"},
		{"a no-break space behind From", "From\u00a0: a@example.org\r\n" + date + "\r\n", "singlefields asciiheader", "has a header field whose name is not printable ASCII"},
		{"a control character before From", from + date + "\vFrom: a@example.org\r\n\r\n", "singlefields", "has a header field whose name is not printable ASCII"},
		{"DEL in a name", from + date + "X\x7f: y\r\n\r\n", "singlefields", "has a header field whose name is not printable ASCII"},
		{"control characters in a value", from + date + "X: \v\x7f\r\n\r\n", "", ""},
		{"blanks in a name", from + date + "X Y\t Z : y\r\n\r\n", "", ""},
		{"the line of a mailbox file", "From ann@example.org Mon Feb  2 10:00:00 2026\r\n" + from + date + "\r\n", "", ""},
		{"a line that is no field", from + date + "grumble\x01\r\n\r\n", "", ""},
		{"header of more than 1 MiB", from + date + strings.Repeat("X: y\r\n", 1<<20/6) + "\r\n", "singlefields", "has a header of more than 1 MiB"},
	} {
		e := holding(tc.raw)
		try(t, message.WellFormed, malformed, tc.name, tc.fault, e)
		for name, check := range parts {
			if f := check(t.Context(), nil, &e); (f.Outcome == envelope.Fail) != strings.Contains(tc.by, name) {
				t.Errorf("%s: %s is %v, and %q should fail", tc.name, name, f.Outcome, tc.by)
			}
		}
	}
}

// try tests one row of a table: the message passes, or has this fault.
func try(t *testing.T, check envelope.Check, failure envelope.Status, name, fault string, e envelope.Envelope) {
	t.Helper()
	outcome, text := envelope.Pass, ""
	if fault != "" {
		outcome, text = envelope.Fail, "the message "+fault
	}
	envelopetest.Case{
		Name: name, Envelope: &e, Outcome: outcome, Status: failure,
		Also: func(t *testing.T, f envelope.Finding) { envelopetest.Says(t, f, text) },
	}.Run(t, check, nil)
}

// holding returns an envelope with a message.
func holding(raw string) envelope.Envelope {
	return envelope.Envelope{Message: envelope.NewMessage([]byte(raw))}
}

func TestWellFormedWithSMTPUTF8(t *testing.T) {
	for _, tc := range []struct{ name, subject, fault string }{
		{"UTF-8", "grüße", ""},
		{"Latin-1", "gr\xfc\xdfe", "has invalid UTF-8 in its header (line 3)"},
		{"a character cut in half", "gr\xc3", "has invalid UTF-8 in its header (line 3)"},
	} {
		e := holding(from + date + "Subject: " + tc.subject + "\r\n\r\n")
		e.SMTPUTF8 = true
		try(t, message.WellFormed, malformed, tc.name, tc.fault, e)
	}
}

// SMTPUTF8 is for values: the name of a field is ASCII all the same (RFC 6532,
// section 3). One with a no-break space behind it is From to some programs.
func TestWellFormedWithSMTPUTF8Names(t *testing.T) {
	for _, name := range []string{"From\u00a0", "\ufeffFrom", "Fr\u00adom", "Grüße"} {
		raw := from + date + name + ": b@example.net\r\n\r\n"
		e := envelope.Envelope{SMTPUTF8: true, Message: envelope.NewMessage([]byte(raw))}
		f := message.WellFormed(t.Context(), nil, &e)
		envelopetest.Expect(t, f, envelope.Fail, malformed)
		envelopetest.Says(t, f, "the message has a header field whose name is not printable ASCII")
	}
}

// What is read in pieces may be cut anywhere, between CR and LF too.
func TestWellFormedWhereverThePiecesEnd(t *testing.T) {
	const piece = 64 << 10
	head := from + date + "\r\n"
	fill := func(length int) string { return strings.Repeat("x", length-len(head)) }
	for _, tc := range []struct{ name, raw, fault string }{
		{"CR and LF in different pieces", head + fill(piece-1) + "\r\nmore\r\n", ""},
		{"CR ends a piece and is alone", head + fill(piece-1) + "\rmore\r\n", "has a CR without LF, in line 4"},
		{"CR ends a piece, CRLF follows", head + fill(piece-1) + "\r\r\n", "has a CR without LF, in line 4"},
		{"LF begins a piece and is alone", head + fill(piece) + "\nmore\r\n", "has an LF without CR, in line 4"},
		{"NUL begins a piece", head + fill(piece) + "\x00", "has a NUL, in line 4"},
		{"CR is the last octet of all", head + fill(piece-1) + "\r", "has a CR without LF, in line 4"},
		{"in the third piece", head + fill(piece-2) + "\r\n" + strings.Repeat("\r\n", piece/2) + "\n", fmt.Sprintf("has an LF without CR, in line %d", 5+piece/2)},
	} {
		try(t, message.WellFormed, malformed, tc.name, tc.fault, holding(tc.raw))
	}
}

func TestAMessageThatCanNotBeReadDefers(t *testing.T) {
	m, err := envelope.Spool{Memory: 1, Dir: t.TempDir()}.ReadMessage(strings.NewReader(from + date + "\r\nbody"))
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	f := message.WellFormed(t.Context(), nil, &envelope.Envelope{Message: m})
	if f.Outcome != envelope.TempError || f.Status.String() != "451 4.3.0" || f.Err == nil {
		t.Errorf("%v %s %v", f.Outcome, f.Status, f.Err)
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	f = message.WellFormed(ended, nil, &envelope.Envelope{Message: envelope.NewMessage([]byte(from + date))})
	if f.Outcome != envelope.TempError {
		t.Errorf("without time: %v", f.Outcome)
	}
}

func TestNoLoop(t *testing.T) {
	received := func(n int, name string) string {
		return strings.Repeat(name+": from a.example by b.example;\r\n date\r\n", n)
	}
	for _, tc := range []struct{ name, raw, fault string }{
		{"none", from + date + "\r\n", ""},
		{"50", received(50, "Received") + from + date + "\r\n", ""},
		{"51", received(51, "Received") + from, "is in a mail loop (51 Received fields, at most 50 are allowed)"},
		{"in any case, with blanks", received(20, "RECEIVED") + received(31, "received \t"), "is in a mail loop (51 Received fields, at most 50 are allowed)"},
		{"similar names do not count", received(60, "X-Received") + received(60, "Received-SPF"), ""},
		{"in the body they do not count", from + "\r\n" + received(60, "Received"), ""},
		{"no message to speak of", "", ""},
	} {
		try(t, message.NoLoop, looping, tc.name, tc.fault, holding(tc.raw))
	}
}

func TestChecksKeepTheContract(t *testing.T) {
	var envelopes []*envelope.Envelope
	for _, raw := range []string{
		from + date + "\r\nbody\r\n",
		from + "\r\n",
		from + date + "Subject: ä\r\n\r\n",
		from + date + "\r\n\x00",
		strings.Repeat("Received: x\r\n", 51) + from + date + "\r\n",
		from + from + strings.Repeat("x", 999),
		"List-Id: <a.lists.example.org>\r\nList-Unsubscribe: <https://example.org/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
		"",
	} {
		envelopes = append(envelopes, &envelope.Envelope{Message: envelope.NewMessage([]byte(raw))})
	}
	checks := map[string]envelope.Check{
		"wellformed": message.WellFormed, "noloop": message.NoLoop,
		"bulk": message.Bulk, "oneclick": message.OneClick, "list": message.List(".example.org"),
	}
	maps.Copy(checks, parts)
	for name, check := range checks {
		t.Run(name, func(t *testing.T) { envelopetest.TestCheck(t, check, nil, envelopes...) })
	}
}

// FuzzWellFormed holds the answer for octets to a plain reading of the rule,
// for messages in memory and in a file.
func FuzzWellFormed(f *testing.F) {
	for _, body := range []string{"", "a\r\nb", "a\nb", "a\rb", "\r", "\r\r\n", "\x00", "\xff"} {
		f.Add([]byte(body))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, body []byte) {
		raw := from + date + "\r\n" + string(body)
		plain := strings.ReplaceAll(raw, "\r\n", "")
		want := !strings.ContainsAny(plain, "\x00\r\n")
		spooled, err := envelope.Spool{Memory: 1, Dir: dir}.ReadMessage(strings.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		defer spooled.Close()
		for _, m := range []*envelope.Message{envelope.NewMessage([]byte(raw)), spooled} {
			got := message.WellFormed(t.Context(), nil, &envelope.Envelope{Message: m})
			if (got.Outcome == envelope.Pass) != want {
				t.Errorf("%q: %v %s", body, got.Outcome, got.Text)
			}
		}
		if entries, _ := os.ReadDir(dir); len(entries) > 0 {
			t.Error("a file is left behind")
		}
	})
}
