package waterfall_test

import (
	"encoding/xml"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/waterfall"
)

const ms = time.Millisecond

// asked returns a question with its answer.
func asked(kind, name string, began, took time.Duration, err error) verdict.Question {
	return verdict.Question{Type: kind, Name: name, Began: began, Duration: took, Err: err}
}

// refused is a verdict with questions in each state.
func refused() verdict.Verdict {
	noName := &net.DNSError{Err: "no such host", IsNotFound: true}
	broken := &net.DNSError{Err: "server misbehaving", IsTemporary: true}
	abandoned := asked("AAAA", "mail.example.net.", 0, 0, nil)
	abandoned.Abandoned = true
	again := asked("A", "mail.example.net.", 22*ms, 0, nil)
	again.Reused = true
	failed := envelope.Failed("rdns.confirmed", envelope.Status{Code: 550, Subject: 7, Detail: 25}, "the names do not fit")
	return verdict.Verdict{
		Action: verdict.Reject, Rule: "rdns.confirmed", Finding: failed, Status: failed.Status, Text: failed.Text,
		Trace: verdict.Trace{
			{Rule: "helo.resolves", Finding: envelope.Passed("helo.resolves"), Action: verdict.Continue, Questions: []verdict.Question{
				asked("A", "mail.example.net.", 0, 18*ms, nil), abandoned, asked("MX", "mail.example.net.", 0, 12*ms, noName),
			}},
			{Rule: "site.list", Finding: envelope.Temporary("site.list", broken), Questions: []verdict.Question{
				asked("TXT", "list.example.", 1*ms, 30*ms, broken),
			}},
			{Rule: "rdns.confirmed", Finding: failed, Action: verdict.Reject, Questions: []verdict.Question{
				asked("PTR", "192.0.2.1", 0, 22*ms, nil), again, asked("A", "other.example.net.", 22*ms, 18*ms, nil),
			}},
		},
	}
}

func TestText(t *testing.T) {
	const want = `       began      took  question                  0s        10ms      20ms      30ms      40ms
          0s      18ms  A    mail.example.net.   |==================                      | helo.resolves: shared with *rdns.confirmed
          0s         -  AAAA mail.example.net.   |~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~| helo.resolves: in vain, not waited for
          0s      12ms  MX   mail.example.net.   |############                            | helo.resolves: no such record
          0s      22ms  PTR  192.0.2.1           |######################                  | *rdns.confirmed
         1ms      30ms  TXT  list.example.       | !!!!!!!!!!!!!!!!!!!!!!!!!!!!!!         | site.list: failed: server misbehaving
        22ms      18ms  A    other.example.net.  |                      ##################| *rdns.confirmed
    # answered  = shared  ~ in vain  ! failed  * the rule that decided
`
	var got strings.Builder
	if err := waterfall.Text(&got, refused()); err != nil || got.String() != want {
		t.Errorf("%v, got\n%swant\n%s", err, &got, want)
	}
}

// What a session asked at an earlier stage began before the judgement.
func TestTextOfAnEarlierStage(t *testing.T) {
	v := verdict.Verdict{Action: verdict.Accept, Trace: verdict.Trace{{Rule: "dkim.pass", Questions: []verdict.Question{
		asked("TXT", "s._domainkey.example.", -20*ms, 30*ms, nil),
	}}}}
	const want = `       began      took  question                    -20ms        -10ms        0s            10ms
       -20ms      30ms  TXT s._domainkey.example.  |########################################| dkim.pass
    # answered  = shared  ~ in vain  ! failed  * the rule that decided
`
	var got strings.Builder
	if err := waterfall.Text(&got, v); err != nil || got.String() != want {
		t.Errorf("%v, got\n%swant\n%s", err, &got, want)
	}
}

// texts returns the texts of an SVG, which must be XML.
func texts(t *testing.T, svg string) string {
	t.Helper()
	var all []string
	for decoder := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := decoder.Token()
		switch one := token.(type) {
		case xml.CharData:
			if text := strings.TrimSpace(string(one)); text != "" {
				all = append(all, text)
			}
		case xml.StartElement:
			if !strings.Contains(" svg title style rect path g text tspan ", " "+one.Name.Local+" ") {
				t.Errorf("the SVG has an element %s", one.Name.Local)
			}
			for _, a := range one.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || strings.HasSuffix(a.Name.Local, "href") {
					t.Errorf("the SVG has an attribute %s", a.Name.Local)
				}
			}
		}
		if err == io.EOF {
			return strings.Join(all, "\n")
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
	}
}

func TestSVG(t *testing.T) {
	var got strings.Builder
	if err := waterfall.SVG(&got, refused()); err != nil {
		t.Fatal(err)
	}
	text := texts(t, got.String())
	for _, want := range []string{
		"\nreject 550 5.7.25 by rdns.confirmed\nthe names do not fit\n",
		"helo.resolves\n: pass",
		"shared with rdns.confirmed",
		"in vain, not waited for",
		"no such record",
		"site.list\n: temperror",
		"failed: server misbehaving",
		"rdns.confirmed\n: fail, reject (decides)",
		"PTR 192.0.2.1, asked by rdns.confirmed, began at 0s, took 22ms",
		"0s\n10ms\n20ms\n30ms\n40ms",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	for class, want := range map[string]int{"answered": 2 + 4, "failed": 1 + 1, "vain": 2 + 1, "decides": 1 + 1} { // the first are of the legend
		if n := strings.Count(got.String(), `class="`+class+`"`); n != want {
			t.Errorf("%d elements are %s, want %d", n, class, want)
		}
	}
}

// hostile are names that want to be more than names.
var hostile = []string{
	"a\r\nb\x00\x1b[2J.example.",
	"<script>alert(1)</script>.example.",
	`" onload="alert(1)" x=".example.`,
	"]]>&amp;<!--.example.",
	"\u202egnp.example.\u2066",
	"\xff\xfe\ufffe.example.",
	strings.Repeat("long ", 2000) + "example.",
	strings.Repeat("\u4e2d", 3000),
	"",
}

func TestHostileNamesStayText(t *testing.T) {
	v := verdict.Verdict{Action: verdict.Accept}
	for _, name := range hostile {
		v.Rule, v.Marks = name, append(v.Marks, name)
		v.Trace = append(v.Trace, verdict.Step{Rule: name, Finding: envelope.Passed(name), Questions: []verdict.Question{
			asked("TXT", name, 0, ms, nil), asked(name, name, 0, ms, errors.New(name)),
		}})
	}
	v.Rule = hostile[1]
	var text, svg strings.Builder
	if err := errors.Join(waterfall.Text(&text, v), waterfall.SVG(&svg, v)); err != nil {
		t.Fatal(err)
	}
	if n, want := strings.Count(text.String(), "\n"), 2+2*len(hostile); n != want {
		t.Errorf("%d lines, want %d:\n%s", n, want, &text)
	}
	for line := range strings.Lines(text.String()) {
		if n := utf8.RuneCountInString(line); n > 300 {
			t.Errorf("a line of %d characters: %.80s", n, line)
		}
		if line = strings.TrimSuffix(line, "\n"); strings.ContainsAny(line, "\r\n\x00\x1b\u202e\u2066\ufffe") || !utf8.ValidString(line) {
			t.Errorf("not clean: %q", line)
		}
	}
	if got := texts(t, svg.String()); strings.ContainsAny(got, "\r\x00\x1b\u202e\u2066\ufffe") || !strings.Contains(got, "<script>alert(1)</script>.example.") {
		t.Errorf("the SVG has\n%q", got)
	}
	if svg.Len() > 60_000 {
		t.Errorf("the SVG has %d octets", svg.Len())
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestOutputErrorIsReturned(t *testing.T) {
	for name, draw := range map[string]func(io.Writer, verdict.Verdict) error{"Text": waterfall.Text, "SVG": waterfall.SVG} {
		if err := draw(brokenPipe{}, refused()); err != io.ErrClosedPipe {
			t.Errorf("%s: got %v", name, err)
		}
		if err := draw(io.Discard, verdict.Verdict{}); err != nil {
			t.Errorf("%s of no verdict: %v", name, err)
		}
	}
}
