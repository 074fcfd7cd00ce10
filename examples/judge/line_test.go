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

// A line is not judged if an input error ends it.
func TestBrokenInputEndsTheRun(t *testing.T) {
	var stdout, stderr bytes.Buffer
	status := run(nil, io.MultiReader(strings.NewReader("{}\n{}"), iotest.ErrReader(errors.New("disk error"))), &stdout, &stderr)
	if status != 1 || !strings.Contains(stderr.String(), "stdin: disk error") {
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
			if (status == 1) != (failed > 0) || (stderr.Len() > 0) != (failed > 0) {
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
		if !slices.Contains([]string{"headers", "forced", "softened"}, name) { // which are optional
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
	const text = `{"id": 1, "client_ip": "192.0.2.9", "helo": "mail.example.net", "mail_from": "ann@example.net", "rcpt_to": ["bob@example.org"]}`
	b.ReportAllocs()
	if status := run(append(offline, "-json"), strings.NewReader(strings.Repeat(text+"\n", b.N)), io.Discard, io.Discard); status != 0 {
		b.Fatalf("got status %d", status)
	}
}
