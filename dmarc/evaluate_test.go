package dmarc_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"mxrules.example/dmarc"
	"mxrules.example/envelope/zone"
)

// world is a zone and the evaluations in it.
type world struct {
	title    string
	settings string
	zone     string
	faults   []string
	cases    []evaluation
}

type evaluation struct {
	line                         int
	name, from, spf, dkim, comes string
}

// worlds reads testdata/evaluate.txt, which describes its format.
func worlds(t testing.TB) []world {
	t.Helper()
	text, err := os.ReadFile("testdata/evaluate.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []world
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		title, isTitle := strings.CutPrefix(line, "== ")
		fields := strings.Split(line, "|")
		switch {
		case line == "" || line[0] == '#':
		case isTitle:
			title, settings, _ := strings.Cut(strings.TrimSuffix(title, "}"), "{")
			all = append(all, world{title: strings.TrimSpace(title), settings: settings})
		case line[0] == '!':
			w := &all[len(all)-1]
			w.faults = append(w.faults, strings.TrimSpace(line[1:]))
		case line[0] != '|':
			all[len(all)-1].zone += line + "\n"
		case len(fields) != 6:
			t.Fatalf("line %d has %d fields: %s", i+1, len(fields), line)
		default:
			for j := range fields {
				fields[j] = strings.TrimSpace(fields[j])
			}
			w := &all[len(all)-1]
			w.cases = append(w.cases, evaluation{i + 1, fields[1], fields[2], fields[3], fields[4], fields[5]})
		}
	}
	return all
}

// dns returns the zone of a world.
func (w *world) dns(t testing.TB) *zone.Zone {
	t.Helper()
	dns, err := zone.Parse(w.zone)
	if err != nil {
		t.Fatalf("%s: %v", w.title, err)
	}
	for _, fault := range w.faults {
		words := strings.Fields(fault)
		question, word := strings.Join(words[:len(words)-1], " "), words[len(words)-1]
		if err := dns.SetFault(question, word); err != nil {
			t.Fatalf("%s: %v", w.title, err)
		}
	}
	return dns
}

// checker returns the checker of a world.
func (w *world) checker(t testing.TB) *dmarc.Checker {
	t.Helper()
	var options dmarc.Options
	for _, setting := range strings.Fields(w.settings) {
		name, value, _ := strings.Cut(setting, "=")
		switch patterns := strings.Split(value, ","); name {
		case "rfc7489":
			options.RFC7489 = true
		case "unguarded":
			options.Unguarded = true
		case "forwarders":
			options.Forwarders = patterns
		case "lists":
			options.MailingLists = patterns
		default:
			t.Fatalf("%s: unknown setting %s", w.title, setting)
		}
	}
	return checker(t, options)
}

// input returns the input of an evaluation.
func (c *evaluation) input() dmarc.Input {
	var in dmarc.Input
	for _, domain := range strings.Split(c.from, ",") {
		if domain != "" {
			in.From = append(in.From, strings.TrimSpace(domain))
		}
	}
	in.SPF.Result, in.SPF.Domain, _ = strings.Cut(c.spf, " ")
	for i, signature := range strings.Split(c.dkim, ",") {
		if word, domain, _ := strings.Cut(strings.TrimSpace(signature), " "); word != "" {
			in.DKIM = append(in.DKIM, dmarc.DKIM{Domain: domain, Selector: fmt.Sprint("s", i), Result: word})
		}
	}
	return in
}

// words returns a result in the format of the file.
func words(result *dmarc.Result) string {
	s := result.Outcome.String()
	add := func(name, value string) {
		if value != "" {
			s += " " + name + value
		}
	}
	add("policy=", result.Policy)
	if result.Applied != result.Policy {
		add("applied=", result.Applied)
	}
	add("at=", string(result.PolicyDomain))
	add("org=", string(result.OrgDomain))
	if result.Disposition != "none" {
		add("do=", result.Disposition)
	}
	if result.SPFAligned {
		add("spf", " ")
		s = strings.TrimSpace(s)
	}
	if result.DKIMAligned {
		add("dkim", " ")
		s = strings.TrimSpace(s)
	}
	for _, o := range result.Overrides {
		add("over=", o.Type)
	}
	return s
}

func TestEvaluate(t *testing.T) {
	count := 0
	for _, w := range worlds(t) {
		t.Run(w.title, func(t *testing.T) {
			checker := w.checker(t)
			for _, c := range w.cases {
				count++
				dns := w.dns(t)
				got := words(checker.Judge(t.Context(), dns, c.input()))
				want, asks, counted := strings.Cut(c.comes, " asks=")
				if got != want {
					t.Errorf("line %d, %s:\n got %s\nwant %s", c.line, c.name, got, want)
				}
				if n := fmt.Sprint(len(dns.Asked())); counted && n != asks {
					t.Errorf("line %d, %s: %s questions, want %s: %v", c.line, c.name, n, asks, dns.Asked())
				}
			}
		})
	}
	if count < 150 {
		t.Errorf("the file has %d evaluations", count)
	}
}
