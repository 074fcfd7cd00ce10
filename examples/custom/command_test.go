package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestParsePath(t *testing.T) {
	for _, tc := range []struct {
		argument, path string
		parameters     []parameter
		err            error
	}{
		{"FROM:<>", "", nil, nil},
		{"from:<ann@example.net>", "ann@example.net", nil, nil},
		{"FROM: <ann@example.net>  SIZE=1 body=8BITMIME X=a=b SMTPUTF8", "ann@example.net", []parameter{{"SIZE", "1"}, {"BODY", "8BITMIME"}, {"X", "a=b"}, {"SMTPUTF8", ""}}, nil},
		{`FROM:<"a\">b"@example.net> SIZE=1`, `"a\">b"@example.net`, []parameter{{"SIZE", "1"}}, nil},
		{"", "", nil, errPath},
		{"FROM", "", nil, errPath},
		{"FROM:<ann@example.net> =1", "", nil, errParameter},
		{"FROM:", "", nil, errPath},
		{"FROM <ann@example.net>", "", nil, errPath},
		{"FROM:<ann@example.net>SIZE=1", "", nil, errPath},
		{"TO:<ann@example.net>", "", nil, errPath},
	} {
		path, parameters, err := parsePath("FROM", tc.argument)
		if path != tc.path || !slices.Equal(parameters, tc.parameters) || !errors.Is(err, tc.err) {
			t.Errorf("%q: got %q, %q and %v", tc.argument, path, parameters, err)
		}
	}
}

func TestMailParameters(t *testing.T) {
	for _, tc := range []struct {
		text     string
		smtputf8 bool
		err      error
	}{
		{"", false, nil},
		{"SMTPUTF8 SIZE=1000 BODY=8bitmime", true, nil},
		{"BODY=7BIT", false, nil},
		{"SIZE=1001", false, errTooLarge},
		{"SIZE=9223372036854775807", false, errTooLarge},
		{"SIZE=99999999999999999999", false, errValue},
		{"SIZE=-1", false, errValue},
		{"SIZE", false, errValue},
		{"SIZE=1 SIZE=1", false, errValue},
		{"BODY=BINARYMIME", false, errValue},
		{"SMTPUTF8=1", false, errValue},
		{"AUTH=<>", false, errParameter},
	} {
		_, parameters, err := parsePath("FROM", "FROM:<> "+tc.text)
		if err != nil {
			t.Fatal(err)
		}
		smtputf8, err := mailParameters(parameters, 1000)
		if smtputf8 != tc.smtputf8 || !errors.Is(err, tc.err) {
			t.Errorf("%q: got %t and %v", tc.text, smtputf8, err)
		}
	}
}

// A line is read to its LF and not further, whatever it has. What is parsed from it can
// be written again.
func FuzzCommand(f *testing.F) {
	for _, text := range []string{
		"NOOP\r\nQUIT\r\n", "MAIL FROM:<ann@example.net> SIZE=1\r\n", "RCPT TO: <\"a>b\\\"\"@example.org> X=\r\n",
		"a\nb\r\n", "a\rb\r\n", "\x00\r\n", "no end", strings.Repeat("x", maxLine) + "\r\n", strings.Repeat("x", 5000) + "\r\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		in := bufio.NewReader(bytes.NewReader(text))
		for rest := text; ; {
			first, after, found := bytes.Cut(rest, []byte("\n"))
			line, err := readLine(in)
			switch {
			case !found && err != io.EOF:
				t.Fatalf("%q without an end: got %q and %v", rest, line, err)
			case !found:
				return
			case len(first)+1 > maxLine && err != errTooLong:
				t.Fatalf("a line of %d octets: got %q and %v", len(first)+1, line, err)
			case err == nil && line+"\r" != string(first):
				t.Fatalf("%q: got %q", first, line)
			case err == nil && strings.ContainsAny(line, "\r\n\x00"):
				t.Fatalf("%q has a control character", line)
			}
			rest = after
			parseAgain(t, line)
		}
	})
}

// parseAgain compares what is parsed from a command with what is parsed from its plain
// form.
func parseAgain(t *testing.T, line string) {
	_, argument, _ := strings.Cut(line, " ")
	keyword, _, _ := strings.Cut(argument, ":")
	path, parameters, err := parsePath(keyword, argument)
	if err != nil {
		return
	}
	plain := keyword + ":<" + path + ">"
	for _, p := range parameters {
		plain += " " + p.name
		if p.value != "" {
			plain += "=" + p.value
		}
	}
	pathAgain, parametersAgain, err := parsePath(keyword, plain)
	if err != nil || pathAgain != path || !slices.Equal(parametersAgain, parameters) {
		t.Fatalf("%q: got %q and %q, then %q, %q and %v", line, path, parameters, pathAgain, parametersAgain, err)
	}
	mailParameters(parameters, 1000)
}
