package main

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mxrules.example/envelope"
)

func TestChoicesFile(t *testing.T) {
	const text = "\ufeff# of example.org\r\n" +
		"\r\n" +
		"Bob@example.org no-greylisting only-authenticated\r\n" +
		"\talice@Example.ORG\tonly-authenticated # since May\n" +
		"#carol@example.org no-greylisting\n" +
		"jürgen@bücher.example no-greylisting"
	chosen, err := parseChoices("choices", text)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for c := range chosen {
		got = append(got, c.mailbox.String()+" "+c.word)
	}
	slices.Sort(got)
	want := []string{
		"alice@example.org only-authenticated",
		"bob@example.org no-greylisting",
		"bob@example.org only-authenticated",
		"jürgen@xn--bcher-kva.example no-greylisting",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestChoicesErrorNamesFileAndLine(t *testing.T) {
	for text, want := range map[string]string{
		"bob@example.org":                         `choices:1: mailbox "bob@example.org" has no choice`,
		"bob@example.org # no-greylisting":        `choices:1: mailbox "bob@example.org" has no choice`,
		"# x\n\nbob@example.org no-grey":          `choices:3: choice "no-grey" is unknown; known are: no-greylisting, only-authenticated`,
		"bob@example.org no-greylisting, x":       `choices:1: choice "no-greylisting," is unknown`,
		"bob no-greylisting":                      `choices:1: mailbox "bob" has no domain`,
		"bob@[192.0.2.1] no-greylisting":          `choices:1: mailbox "bob@[192.0.2.1]" is not of the form local-part@domain`,
		"a@b.example no-greylisting\nx\x00@y z\n": `choices:2: mailbox "x?@y"`,
	} {
		if _, err := parseChoices("choices", text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func FuzzChoices(f *testing.F) {
	f.Add("bob@example.org no-greylisting # x\n")
	f.Fuzz(func(t *testing.T, text string) {
		chosen, err := parseChoices("choices", text)
		if err != nil {
			return
		}
		var lines strings.Builder
		for c := range chosen {
			if strings.ContainsAny(c.mailbox.Local, " \t#") {
				return // needs quotes, which lines do not have
			}
			fmt.Fprintln(&lines, c.mailbox, c.word)
		}
		again, err := parseChoices("choices", lines.String())
		if err != nil || len(again) != len(chosen) {
			t.Errorf("%q are %d choices, and then %d, %v", text, len(chosen), len(again), err)
		}
	})
}

// replace writes a file in the way that the help asks for.
func replace(t *testing.T, path, text string) {
	t.Helper()
	writeFile(t, path+".new", text)
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func TestChoicesFollowTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "choices")
	var log strings.Builder
	if _, err := newChoices(path, nil); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a missing file: got %v", err)
	}
	writeFile(t, path, "alice@example.org no-greylisting\n")
	c, err := newChoices(path, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	alice := envelope.Mailbox{Local: "Alice", Domain: "example.org"}
	for _, step := range []struct {
		text              string // "" removes the file
		grey, authentic   bool   // the choices
		warnings, notices int    // so far
	}{
		{"alice@example.org no-greylisting\n", true, false, 0, 0},
		{"alice@example.org only-authenticated\n", false, true, 0, 0},
		{"alice@example.org nonsense\n", false, true, 1, 0},
		{"", false, true, 2, 0},
		{"# none\n", false, false, 2, 1},
	} {
		if step.text == "" {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		} else {
			replace(t, path, step.text)
		}
		for range 2 {
			if grey, authentic := c.have(alice, noGreylisting), c.have(alice, onlyAuthenticated); grey != step.grey || authentic != step.authentic {
				t.Errorf("%q: got %t and %t", step.text, grey, authentic)
			}
		}
		warnings, notices := strings.Count(log.String(), "level=WARN"), strings.Count(log.String(), "level=INFO")
		if warnings != step.warnings || notices != step.notices {
			t.Errorf("%q: the log has %d warnings and %d notices:\n%s", step.text, warnings, notices, &log)
		}
	}
}

func TestChoicesOfAFolderOrATooLongFile(t *testing.T) {
	folder := t.TempDir()
	long := filepath.Join(folder, "long")
	writeFile(t, long, strings.Repeat("#", maxChoices+1))
	for path, want := range map[string]string{
		folder: folder + " is not a regular file",
		long:   long + " has more than 1048576 octets",
	} {
		if _, err := newChoices(path, nil); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestRunReadsTheChoicesBeforeItListens(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "choices")
	writeFile(t, path, "alice@example.org nothing\n")
	var errs strings.Builder
	args := []string{"-hostname", "mx.example.org", "-mailboxes", "alice@example.org", "-maildir", folder, "-choices", path}
	status := run(t.Context(), args, io.Discard, &errs)
	if want := "mx: -choices: " + path + ":1: choice \"nothing\" is unknown"; status != 1 || !strings.HasPrefix(errs.String(), want) {
		t.Errorf("exit status %d and errors %q, want 1 and %q", status, errs.String(), want)
	}
}

// Alice and Bob get the same mail, and what happens to it is their choice.
func TestChoicesOfMailboxes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "choices")
	writeFile(t, path, "alice@example.org no-greylisting\nbob@good.example only-authenticated\n")
	c, err := newChoices(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	mx := startReceiver(t, func(s *site) {
		s.choices, s.greylist = c, newStage("", nil).known
		s.pretend = func(_ net.Conn, e *envelope.Envelope) {
			if e.ClientIP = netip.MustParseAddr("198.51.100.10"); e.Helo == "203-0-113-77.dyn.provider.example" {
				e.ClientIP = netip.MustParseAddr("203.0.113.77")
			}
		}
	})
	const ann, bank = "Ann <ann@small.example>", "Your Bank <service@bank.example>"
	for _, tc := range []struct{ helo, from, author, to, want string }{
		{"203-0-113-77.dyn.provider.example", "ann@small.example", ann, "alice@example.org", accepted},
		{"203-0-113-77.dyn.provider.example", "ann@small.example", ann, "bob@good.example", "RCPT 451 4.7.1"},
		{"mail.good.example", "bob@good.example", bank, "alice@example.org", accepted},
		{"mail.good.example", "bob@good.example", bank, "bob@good.example", "message 550 5.7.26"},
	} {
		checkEnd(t, mx.address.String(), conversation{author: tc.author, lines: mail(tc.helo, tc.from, tc.to)}, tc.want)
	}
}
