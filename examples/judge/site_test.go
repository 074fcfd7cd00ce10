package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// between is an empty input that calls a function when it is read.
type between func()

func (b between) Read([]byte) (int, error) {
	b()
	return 0, io.EOF
}

func TestMailboxFileIsReloaded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mailboxes")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("bob@example.org\n")
	const line = `{"stage": "rcpt", "rcpt_to": ["bob@example.org"]}` + "\n"
	stdin := io.MultiReader(
		strings.NewReader(line), between(func() { write("bob@example.org gone\n") }), // invalid
		strings.NewReader(line), between(func() { write("ann@example.org\n") }),
		strings.NewReader(line))
	var stdout, stderr bytes.Buffer
	if status := run([]string{"-checks", "recipient.listed", "-mailboxes", file}, stdin, &stdout, &stderr); status != 0 {
		t.Errorf("got status %d", status)
	}
	var got []string
	for text := range strings.Lines(stdout.String()) {
		if words := strings.Fields(text); len(words) > 1 && words[0] == "recipient.listed" {
			got = append(got, words[1])
		}
	}
	if want := "pass pass fail"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %s", got, want)
	}
	if n := strings.Count(stderr.String(), file+":1: "); n != 1 {
		t.Errorf("the error of the file is reported %d times: %s", n, &stderr)
	}
}
