package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// The README pipes the envelope of a log line into judge, and shows some lines of
// its output.
func TestReadmeExplainsALogLine(t *testing.T) {
	t.Chdir("../..")
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(readme), "```console\n")
	block, _, _ = strings.Cut(block, "```\n")
	lines := strings.Split(strings.TrimSpace(block), "\n")
	_, command, found := strings.Cut(lines[2], " | go run ./examples/judge ")
	if !strings.HasPrefix(lines[0], "$ ") || !found {
		t.Fatalf("the README has no command that prints an envelope and one that judges it:\n%s", block)
	}
	out := strings.Split(output(strings.Fields(command), lines[1]), "\n")
	for _, want := range lines[3:] {
		if strings.TrimSpace(want) == "..." {
			continue
		}
		i := slices.Index(out, want)
		if i < 0 {
			t.Fatalf("judge does not print the line %q, or not in this place", want)
		}
		out = out[i+1:]
	}
}
