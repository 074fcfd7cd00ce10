package main

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"mxrules.example/examples/policies"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/verdict"
	"mxrules.example/verdict/scenario"
)

// forScenarios returns the policies of judge for the sites that -scenario writes.
func forScenarios() scenario.Policies {
	all := scenario.Policies{}
	for _, name := range []string{"standard", "strict", "bulk", "submission", "trial"} {
		all[name] = func(s scenario.Site) (verdict.Policy, error) {
			site := policies.Site{Domains: s.Settings["domains"], Names: s.Settings["names"], Mailboxes: s.Mailboxes, Owners: s.Owners}
			for _, text := range s.Settings["networks"] {
				site.Networks = append(site.Networks, netip.MustParsePrefix(text))
			}
			for _, text := range s.Settings["lists"] {
				list, err := dnsbl.ParseList(text)
				if err != nil {
					return verdict.Policy{}, err
				}
				site.Lists = append(site.Lists, list)
			}
			return choosePolicy(name, site)
		}
	}
	return all
}

// everyLine returns the lines of the files of envelopes that the other tests judge.
func everyLine(t *testing.T) (lines []string) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if _, err := parseLine([]byte(strings.TrimSpace(line))); err == nil {
				lines = append(lines, line)
			}
		}
	}
	if len(lines) < 30 {
		t.Fatalf("the files have only %d lines", len(lines))
	}
	return lines
}

// What -scenario writes gives the verdict again, with the names that it had and with
// others, and after a judgement that waited for DNS, and gave up some lookups.
func TestScenarioReproducesTheVerdict(t *testing.T) {
	lines := everyLine(t)
	for _, policy := range []string{"standard", "strict", "bulk", "submission", "trial"} {
		for variant, flags := range map[string][]string{"as it was": nil, "anonymous": {"-anonymous"}, "with waits": {"-delay", "20ms"}} {
			t.Run(policy+" "+variant, func(t *testing.T) {
				dir := t.TempDir()
				for i, line := range lines {
					args := slices.Concat(offline, mailboxes, lists, []string{"-owners", "bob=bob@example.org", "-policy", policy,
						"-scenario", filepath.Join(dir, fmt.Sprintf("line-%d.scenario", i+1))}, flags)
					synctest.Test(t, func(t *testing.T) { // in which a delay takes no time
						if got := output(args, line); !strings.Contains(got, "exit status 0") && !strings.Contains(got, "could not be judged") {
							t.Errorf("%s: %s", line, got)
						}
					})
				}
				scenario.Run(t, scenario.Dir(dir), forScenarios())
				if t.Failed() {
					show(t, dir)
				}
			})
		}
	}
}

// show prints the files of a directory.
func show(t *testing.T, dir string) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		t.Logf("%s\n%s", filepath.Base(file), text)
	}
}
