package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// words matches the arguments of a command. One with spaces is in quotes.
var words = regexp.MustCompile(`"[^"]*"|\S+`)

// Every command of QUESTIONS.md prints the lines that follow it there.
func TestQuestionsPage(t *testing.T) {
	page, err := os.ReadFile("QUESTIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	written := t.TempDir()
	t.Chdir("../..")
	commands := 0
	for _, block := range strings.Split(string(page), "```console\n")[1:] {
		block, _, _ = strings.Cut(block, "```\n")
		for _, command := range strings.Split(block, "$ go run ./examples/judge ")[1:] {
			commands++
			lines := strings.Split(strings.TrimSpace(command), "\n")
			args := words.FindAllString(lines[0], -1)
			for i := range args {
				args[i] = strings.Trim(args[i], `"`)
				if args[i] == "policy.svg" || args[i] == "seen.jsonl" {
					args[i] = filepath.Join(written, args[i])
				}
			}
			prints(t, output(args, ""), lines[1:])
		}
	}
	if commands != 12 {
		t.Errorf("the page has %d commands, want 12", commands)
	}
	picture, err := os.ReadFile(filepath.Join(written, "policy.svg"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("examples/judge")
	golden(t, "policy.svg", string(picture))
}
