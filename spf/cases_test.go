package spf_test

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/spf"
)

// part has the cases in testdata/cases.txt for one section of the RFC.
type part struct {
	title  string
	zone   string
	faults [][3]string // name, type, fault
	cases  []aCase
}

// aCase is one case of testdata/cases.txt, which describes its format.
type aCase struct {
	line    int
	want    []string
	in      *envelope.Envelope
	options map[string]string
	shows   string
}

// dns returns the zone of a part.
func (p part) dns(t testing.TB) *zone.Zone {
	t.Helper()
	dns, err := zone.Parse(p.zone)
	if err != nil {
		t.Fatalf("%s: %v", p.title, err)
	}
	for _, f := range p.faults {
		if err := dns.SetFault(f[0]+" "+f[1], f[2]); err != nil {
			t.Fatalf("%s: %v", p.title, err)
		}
	}
	return dns
}

func readCases(t testing.TB) []part {
	t.Helper()
	text, err := os.ReadFile("testdata/cases.txt")
	if err != nil {
		t.Fatal(err)
	}
	var parts []part
	for i, line := range strings.Split(string(text), "\n") {
		title, isPart := strings.CutPrefix(line, "## ")
		if isPart {
			parts = append(parts, part{title: title})
			continue
		}
		if line == "" || line[0] == '#' {
			continue
		}
		p := &parts[len(parts)-1]
		switch line[0] {
		case '!':
			fields := strings.Fields(line[1:])
			p.faults = append(p.faults, [3]string(fields))
		case '>':
			c, err := parseCase(line[1:])
			if err != nil {
				t.Fatalf("testdata/cases.txt:%d: %v", i+1, err)
			}
			c.line = i + 1
			p.cases = append(p.cases, c)
		default:
			p.zone += line + "\n"
		}
	}
	return parts
}

func parseCase(line string) (c aCase, err error) {
	var fields []string
	for rest := strings.TrimSpace(line); ; rest = strings.TrimLeft(rest, " ") {
		if text, ok := strings.CutPrefix(rest, ": "); ok {
			c.shows = text
			break
		}
		var field string
		if field, rest, err = cutField(rest); err != nil {
			return c, err
		}
		fields = append(fields, field)
	}
	if len(fields) < 3 {
		return c, fmt.Errorf("%q has no result, client and sender", line)
	}
	for word := range strings.SplitSeq(fields[0], "|") {
		c.want = append(c.want, word)
	}
	c.options = map[string]string{"helo": "mail.example.com"}
	for _, field := range fields[3:] {
		name, value, ok := strings.Cut(field, "=")
		if !ok || !slices.Contains([]string{"helo", "identity", "says", "term", "in", "questions"}, name) {
			return c, fmt.Errorf("%q is no option", field)
		}
		c.options[name] = value
	}
	c.in = &envelope.Envelope{MailFrom: strings.TrimSuffix(strings.TrimPrefix(fields[2], "<"), ">"), Helo: c.options["helo"], Now: time.Unix(1700000000, 0)}
	c.in.ClientIP, err = netip.ParseAddr(fields[1])
	return c, err
}

// cutField cuts the first field from a line. A value in quotes or backquotes, after an =
// or alone, may have blanks.
func cutField(s string) (field, rest string, err error) {
	end := strings.IndexAny(s, " \"`")
	if end < 0 {
		return "", "", fmt.Errorf("%q does not end in a colon and what it shows", s)
	}
	if s[end] == ' ' {
		return s[:end], s[end:], nil
	}
	quoted, err := strconv.QuotedPrefix(s[end:])
	if err != nil {
		return "", "", fmt.Errorf("%q: %w", s, err)
	}
	value, err := strconv.Unquote(quoted)
	return s[:end] + value, s[end+len(quoted):], err
}

func TestCases(t *testing.T) {
	checker, err := spf.New(spf.Options{Receiver: "mx.example.net"})
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, p := range readCases(t) {
		dns := p.dns(t)
		for _, c := range p.cases {
			count++
			t.Run(fmt.Sprintf("%s/line %d: %s", p.title, c.line, c.shows), func(t *testing.T) {
				dns.Forget()
				evaluate := (*spf.Checker).Evaluate
				if c.options["identity"] == "helo" {
					evaluate = spf.EvaluateHelo
				}
				got := evaluate(checker, t.Context(), dns, c.in)
				c.compare(t, got)
				if asked := len(dns.Asked()); got.Questions != asked {
					t.Errorf("counted %d questions, and %d were asked", got.Questions, asked)
				}
			})
		}
	}
	t.Logf("%d cases of SPF", count)
	if count < 200 {
		t.Errorf("there are only %d cases", count)
	}
}

// compare reports where a result differs from the case or contradicts itself.
func (c aCase) compare(t *testing.T, got *spf.Result) {
	if !slices.Contains(c.want, got.Word) {
		t.Errorf("got %s (%v, %v), want %s", got.Word, got.Problem, got.Matched, c.want)
	}
	if got.Explanation != c.options["says"] {
		t.Errorf("the explanation is\n%q, want\n%q", got.Explanation, c.options["says"])
	}
	if want, ok := c.options["questions"]; ok && strconv.Itoa(got.Questions) != want {
		t.Errorf("asks %d questions, want %s", got.Questions, want)
	}
	term, record := "", ""
	if got.Problem != nil {
		term, record = got.Problem.Term, string(got.Problem.Record)
	} else if n := len(got.Matched); n > 0 {
		term, record = got.Matched[n-1].Term, string(got.Matched[n-1].Record)
	}
	if want, ok := c.options["term"]; ok && term != want {
		t.Errorf("the term is %q, want %q", term, want)
	}
	if want, ok := c.options["in"]; ok && record != want {
		t.Errorf("the record is that of %q, want %q", record, want)
	}
	wrong := got.Word == "temperror" || got.Word == "permerror"
	if wrong != (got.Problem != nil) {
		t.Errorf("%s, and the problem is %v", got.Word, got.Problem)
	}
	decided := got.Word == "pass" || got.Word == "fail" || got.Word == "softfail"
	if decided && len(got.Matched) == 0 || (wrong || got.Word == "none") && len(got.Matched) > 0 {
		t.Errorf("%s, and the match is %v", got.Word, got.Matched)
	}
}
