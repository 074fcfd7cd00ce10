package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What -implies and -find prove, judge shows with mail.
func TestCasesBecomeMail(t *testing.T) {
	record := filepath.Join(t.TempDir(), "case.jsonl")
	got := output(slices.Concat(site, []string{"-policy", "standard", "-implies", "strict", "-record", record}), "")
	if !strings.Contains(got, "\n  recorded: accept 250 2.0.0") {
		t.Errorf("got %s", got)
	}
	got = output(slices.Concat(site, []string{"-compare", "standard,strict", record}), "")
	if !strings.Contains(got, "  strict    reject 550 5.7.1 by helo.") || !strings.Contains(got, "results: 1, equal: 0, different: 1") {
		t.Errorf("got %s", got)
	}
	got = output(slices.Concat(site, []string{"-find", "reject rule=helo.syntax", "-record", record}), "")
	if !strings.Contains(got, "\n  recorded: reject 5") {
		t.Errorf("got %s", got)
	}
	if got = output(slices.Concat(site, []string{record}), ""); !strings.Contains(got, " by helo.syntax") {
		t.Errorf("got %s", got)
	}
}
