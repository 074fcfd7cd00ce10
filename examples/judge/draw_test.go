package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPicture(t *testing.T) {
	for _, tc := range []struct{ file, want string }{
		{"policy.svg", ">recipient.takesmail</text>"},
		{"policy.dot", `label="11 recipient.takesmail\nfrom RCPT, asks DNS for MX"`},
	} {
		file := filepath.Join(t.TempDir(), tc.file)
		got := output(slices.Concat(site, []string{"-policy", "submission", "-picture", file}), "not read")
		drawn, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(drawn), tc.want) || !strings.Contains(string(drawn), "Policy submission") {
			t.Errorf("%v, drawn:\n%s", err, drawn)
		}
		if got != "-- errors --\n-- exit status 0 --\n" {
			t.Error(got)
		}
	}
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"-picture", "policy.png"}, "must end with .svg or .dot"},
		{[]string{"-picture", "policy.svg", "-helo", "a"}, "judge nothing"},
		{[]string{"-picture", "policy.svg", "lines.jsonl"}, "judge nothing"},
		{[]string{"-picture", filepath.Join(t.TempDir(), "none", "policy.svg")}, "judge: open"},
	} {
		if got := output(tc.args, ""); !strings.Contains(got, tc.want) {
			t.Errorf("%q: got %s", tc.args, got)
		}
	}
}
