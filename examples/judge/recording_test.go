package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"mxrules.example/examples/internal/rulebook"
	"mxrules.example/verdict/scenario"
)

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
			lines = append(lines, line)
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
				scenario.Run(t, scenario.Dir(dir), rulebook.Policies())
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
