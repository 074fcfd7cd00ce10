package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// A mark that no rule can set here is perhaps misspelt, or depends on the message: its
// action would never come.
func TestMarksThatNoRuleSets(t *testing.T) {
	const stop = " -our-domains example.org -zone /dev/null -listen nowhere"
	for args, want := range map[string]string{
		"-mark generic=HOLD":                                   "missing port in address",
		"-mark genric=HOLD":                                    `policyd: -mark: no rule sets the mark "genric" here; the marks are: generic`,
		"-mark forged=HOLD":                                    `"forged" here; the marks are: generic`,
		"-mark quarantine=HOLD -hostname mx.example.org":       `"quarantine" here`,
		"-mark generic=HOLD -policy strict":                    "the marks are: none",
		"-mark plaintext=HOLD -mark generic=HOLD -policy bulk": "missing port in address",
	} {
		var out strings.Builder
		if status := run(t.Context(), strings.Fields(args+stop), &out, nil); status != 1 || !strings.Contains(out.String(), want) {
			t.Errorf("%s: exit status %d, %q, want %q", args, status, &out, want)
		}
	}
}

// The marks of the README are marks that policyd can set.
func TestReadmeHasMarks(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-our-domains", "example.org", "-zone", "/dev/null", "-listen", "nowhere"}
	command := regexp.MustCompile(`policyd \.\.\. (-policy \w+) (.*)`).FindStringSubmatch(string(readme))
	if command == nil {
		t.Fatal("the README has no command with marks")
	}
	args = append(args, strings.Fields(command[1])...)
	for _, mark := range regexp.MustCompile(`-mark '([^']*)'`).FindAllStringSubmatch(command[2], -1) {
		args = append(args, "-mark", mark[1])
	}
	var out strings.Builder
	if run(t.Context(), args, &out, nil); !strings.Contains(out.String(), "missing port in address") {
		t.Errorf("%q: %s", args, &out)
	}
}
