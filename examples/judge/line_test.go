package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"mxrules.example/envelope"
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
	var stdout, stderr bytes.Buffer
	status := run(nil, io.MultiReader(strings.NewReader("{}\n{}"), iotest.ErrReader(broken)), &stdout, &stderr)
	if status != notAll || !strings.Contains(stderr.String(), "stdin: disk error") {
		t.Errorf("got status %d and the errors %q", status, &stderr)
	}
}

// Each line that is not blank gets one line of JSON in the documented form.
func FuzzLine(f *testing.F) {
	for _, seed := range []string{
		`{"id": 1, "client_ip": "192.0.2.9", "helo": "mail.example.net", "rcpt_to": ["bob@example.org", "x@example.com"]}`,
		`{"id": "a", "stage": "connect", "zone": "9.2.0.192.in-addr.arpa. PTR a.b.", "faults": {"*.b. *": "refused"}}`,
		`{"id": [null], "helo": "[IPv6:::1]", "mail_from": "\"a@b\"@c", "message": "x", "now": "2026-01-02T03:04:05+01:00"}`,
		`{"id": {}, "faults": {"*.": "timeout"}, "client_ip": "fe80::1%eth0"}`,
		"{\"id\": \"\xff\"}\n\n{}\nnull\n{\"id\":1e999}",
		`{"id": "\u001b[2J\n", "helo": "\u001b]0;x\u0007", "rcpt_to": ["a\u009b@b", "\r\n"], "zone": "\u0000", "faults": {"\u001b": "\u001b"}}`,
		`{"id": 2, "rcpt_to": ["\u001b[1m", "\u202e"], "login": "x"}`,
		`{"rcpt_to": ["\"%\"@[127.0.0.1]", ""], "smtputf8": true, "spoke_early": true, "login": " "}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, input string) {
		lines := 0
		for text := range strings.SplitSeq(input, "\n") {
			if strings.Trim(text, " \t\r") != "" {
				lines++
			}
		}
		stamped := []string{"-headers", "mx.example.org"}
		for _, args := range [][]string{{"-json"}, slices.Concat([]string{"-json", "-checks", "all"}, stamped, moreFacts)} {
			var stdout, stderr bytes.Buffer
			status := run(append(args, site...), strings.NewReader(input), &stdout, &stderr)
			reports := slices.Collect(strings.Lines(stdout.String()))
			if len(reports) != lines {
				t.Fatalf("%d lines in, %d out", lines, len(reports))
			}
			failed := 0
			for _, text := range reports {
				failed += checkReport(t, text)
			}
			if (status == notAll) != (failed > 0) || (stderr.Len() > 0) != (failed > 0) {
				t.Errorf("got status %d and the errors %q with %d invalid lines", status, &stderr, failed)
			}
		}
		var text bytes.Buffer
		run(append(stamped, site...), strings.NewReader(input), &text, io.Discard)
		for line := range strings.SplitSeq(text.String(), "\n") {
			if line := strings.Join(strings.Fields(line), " "); envelope.CleanText(line, true) != line {
				t.Errorf("the line of text %q is not clean", line)
			}
		}
	})
}

// checkReport tests one line of output against the schema. It returns 1 for an
// invalid line of input.
func checkReport(t *testing.T, text string) int {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		t.Fatalf("%q is not JSON: %v", text, err)
	}
	want := []string{"action", "code", "dns", "findings", "id", "marks", "rule", "rules", "status", "text", "undecided"}
	failed := 0
	if _, ok := fields["error"]; ok {
		want, failed = []string{"error", "id"}, 1
	}
	var got []string
	for name, value := range fields {
		if name != "headers" { // which is optional
			got = append(got, name)
		}
		if name != "id" && string(value) == "null" {
			t.Errorf("%s is null in %s", name, text)
		}
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("got the fields %q, want %q", got, want)
	}
	return failed
}

func BenchmarkLine(b *testing.B) {
	o, err := parseOptions(offline)
	if err != nil {
		b.Fatal(err)
	}
	j, err := newJudge(o, nil)
	if err != nil {
		b.Fatal(err)
	}
	text := []byte(`{"id": 1, "client_ip": "192.0.2.9", "helo": "mail.example.net", "mail_from": "ann@example.net", "rcpt_to": ["bob@example.org"]}`)
	b.ReportAllocs()
	for b.Loop() {
		l, err := parseLine(text)
		if err != nil {
			b.Fatal(err)
		}
		j.judge(b.Context(), l).json()
	}
}
