package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// example returns the lines of an example of the README: the n-th block of commands.
func example(t *testing.T, n int) []string {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(readme), "```console\n")
	if n >= len(blocks) {
		t.Fatalf("the README has no example %d", n)
	}
	block, _, _ := strings.Cut(blocks[n], "```\n")
	return strings.Split(strings.TrimSpace(block), "\n")
}

// prints checks that an output has lines in this order. "..." stands for any lines, and at
// the end of a line for any text.
func prints(t *testing.T, output string, lines []string) {
	t.Helper()
	out := strings.Split(output, "\n")
	for _, want := range lines {
		if strings.TrimSpace(want) == "..." {
			continue
		}
		begin, cut := strings.CutSuffix(want, "...")
		i := slices.IndexFunc(out, func(line string) bool { return line == want || cut && strings.HasPrefix(line, begin) })
		if i < 0 {
			t.Fatalf("judge does not print the line %q, or not in this place:\n%s", want, output)
		}
		out = out[i+1:]
	}
}

// The README pipes the envelope of a log line into judge, and shows some lines of
// its output.
func TestReadmeExplainsALogLine(t *testing.T) {
	t.Chdir("../..")
	lines := example(t, 1)
	extract, command, found := strings.Cut(lines[2], " | go run ./examples/judge ")
	file, ok := strings.CutPrefix(lines[0], "$ tail -n 1 ")
	file, piped := strings.CutSuffix(file, " | jq -c .envelope")
	if !found || !ok || !piped || extract != lines[0] {
		t.Fatalf("the README has no command that prints an envelope and one that judges it:\n%s", lines)
	}
	log, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	entries := strings.Split(strings.TrimSpace(string(log)), "\n")
	var last struct{ Envelope json.RawMessage }
	if err := json.Unmarshal([]byte(entries[len(entries)-1]), &last); err != nil || string(last.Envelope) != lines[1] {
		t.Errorf("the last envelope of %s is %s, %v, and the README has %s", file, last.Envelope, err, lines[1])
	}
	prints(t, output(strings.Fields(command), lines[1]), lines[3:])
}

// The README shows a waterfall as text and as a picture.
func TestReadmeShowsAWaterfall(t *testing.T) {
	t.Chdir("../..")
	lines := example(t, 2)
	_, command, found := strings.Cut(lines[0], "$ go run ./examples/judge ")
	args := strings.Fields(command)
	file := slices.Index(args, "-svg") + 1
	if !found || file == 0 {
		t.Fatalf("the README has no command that draws:\n%s", lines)
	}
	args[file] = filepath.Join(t.TempDir(), args[file])
	synctest.Test(t, func(t *testing.T) { prints(t, output(args, ""), lines[1:]) })
	picture, err := os.ReadFile(args[file])
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("examples/judge")
	golden(t, "waterfall.svg", string(picture))
}
