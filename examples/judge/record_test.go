package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What judge prints for a record is what it printed when it was recorded, without DNS.
func TestRecord(t *testing.T) {
	files := []string{"testdata/strict.jsonl", "testdata/messages.jsonl", "testdata/senders.jsonl", "testdata/recipients.jsonl", "testdata/faults.jsonl"}
	for _, args := range [][]string{
		{"-policy", "standard"},
		slices.Concat([]string{"-policy", "strict", "-json"}, lists),
		slices.Concat([]string{"-checks", "all"}, moreFacts),
	} {
		record := filepath.Join(t.TempDir(), "record.jsonl")
		want := output(slices.Concat(offline, args, []string{"-record", record}, files), "")
		got := output(slices.Concat(site, args, []string{record}), "")
		if got != want {
			t.Errorf("%q: got\n%s\nwant\n%s", args, got, want)
		}
	}
}

func TestPrivateRecord(t *testing.T) {
	for _, tc := range []struct {
		args     []string
		not, has string
	}{
		{[]string{"-without-message"}, "Subject:", `"no_message":true`},
		{[]string{"-hash", "secret"}, "bob", `"hashed":true`},
	} {
		record := filepath.Join(t.TempDir(), "record.jsonl")
		want := output(slices.Concat(offline, tc.args, []string{"-json", "-record", record, "testdata/messages.jsonl"}), "")
		got := output(slices.Concat(site, []string{"-json", record}), "")
		decision := func(line string) string {
			before, _, _ := strings.Cut(line, `"text":`)
			return before
		}
		for i, line := range strings.Split(want, "\n") {
			if other := strings.Split(got, "\n"); i >= len(other) || decision(other[i]) != decision(line) {
				t.Fatalf("%q: got\n%s\nwant\n%s", tc.args, got, want)
			}
		}
		written, err := os.ReadFile(record)
		if err != nil || strings.Contains(string(written), tc.not) || !strings.Contains(string(written), tc.has) {
			t.Errorf("%q: %v, written\n%s", tc.args, err, written)
		}
	}
}
