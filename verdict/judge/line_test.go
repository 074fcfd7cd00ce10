package judge

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestParseLineKeepsTheID(t *testing.T) {
	for _, tc := range []struct {
		text, id string
		bad      bool
	}{
		{`{}`, ``, false},
		{`{"id": null}`, `null`, false},
		{`{"id": 12345678901234567890.10}`, `12345678901234567890.10`, false},
		{`{"id": {"a": [1, "<"]}}`, `{"a": [1, "<"]}`, false},
		{`{"tls": 1, "id": "after"}`, `"after"`, true},
		{`{"id": "before", "tls": tru`, `"before"`, true},
		{`{"id": "before"} x`, `"before"`, true},
		{`{"id": "before"`, `"before"`, true},
		{"{\"id\": \"before\", \"helo\": \"\xff\"}", `"before"`, true},
		{"{\"id\": \"\xff\"}", ``, true},
		{`{"ID": 1}`, ``, true},
		{`[{"id": 1}]`, ``, true},
		{`{"id" 1}`, ``, true},
	} {
		l, err := parseLine([]byte(tc.text))
		if string(l.ID) != tc.id || (err != nil) != tc.bad {
			t.Errorf("%s: got the ID %s and the error %v, want %s", tc.text, l.ID, err, tc.id)
		}
	}
}

func TestParseLineReadsEveryField(t *testing.T) {
	l, err := parseLine([]byte(`{"id": 1, "stage": "data", "client_ip": "192.0.2.9", "spoke_early": true,
		"helo": "a", "mail_from": "b", "rcpt_to": ["c", "d"], "login": "e", "tls": true, "smtputf8": true,
		"message_base64": "/w==", "now": "2026-01-02T03:04:05Z", "zone": "", "faults": {"f. A": "timeout"}}`))
	if err != nil {
		t.Fatal(err)
	}
	e, recipients, err := l.read()
	if err != nil {
		t.Fatal(err)
	}
	if e.Stage.String() != "data" || e.ClientIP.String() != "192.0.2.9" || !e.SpokeEarly || e.Helo != "a" ||
		e.MailFrom != "b" || e.RcptTo != "c" || !slices.Equal(recipients, []string{"c", "d"}) || e.Login != "e" ||
		e.TLS == nil || !e.SMTPUTF8 || e.Message.Size() != 1 || e.Now.Year() != 2026 || l.Zone == nil || len(l.Faults) != 1 {
		t.Errorf("got %+v from %+v", e, l)
	}
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 100_000) // more than a buffer holds
	const tooLong = "(too long)"
	for _, tc := range []struct {
		name  string
		input string
		want  []string
		at    []int // their numbers
	}{
		{"nothing", "", nil, nil},
		{"blank lines only", "\n \t\r\n\n", nil, nil},
		{"no line end at the end", "a\nb", []string{"a", "b"}, []int{1, 2}},
		{"blank lines count", "\n\na\r\n\nb\n", []string{"a", "b"}, []int{3, 5}},
		{"longer than the buffer", long + "\nb", []string{long, "b"}, []int{1, 2}},
		{"longer than the limit", "a\n" + long + long + "\nb\n", []string{"a", tooLong, "b"}, []int{1, 2, 3}},
		{"longer than the limit at the end", long + long, []string{tooLong}, []int{1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			input := newLines(strings.NewReader(tc.input))
			input.limit = 150_000
			for i, want := range tc.want {
				text, err := input.next()
				got := string(text)
				if err == errTooLong {
					got = tooLong
				} else if err != nil {
					t.Fatal(err)
				}
				if got != want || input.number != tc.at[i] {
					t.Errorf("got line %d with %d octets, want line %d with %d", input.number, len(got), tc.at[i], len(want))
				}
			}
			for range 2 {
				if text, err := input.next(); err != io.EOF {
					t.Errorf("after the end: got %q, %v", text, err)
				}
			}
		})
	}
}

// A line is not judged if an input error ends it.
func TestLinesBrokenInput(t *testing.T) {
	broken := errors.New("disk error")
	input := newLines(io.MultiReader(strings.NewReader("a\n{}"), iotest.ErrReader(broken)))
	if text, err := input.next(); string(text) != "a" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
	if text, err := input.next(); text != nil || err != broken {
		t.Errorf("got %q, %v; want the error of the input", text, err)
	}
}
