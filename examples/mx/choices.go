package main

import (
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"

	"mxrules.example/envelope"
	"mxrules.example/examples/policies"
)

// What the owner of a mailbox can choose.
const (
	noGreylisting     = "no-greylisting"
	onlyAuthenticated = "only-authenticated"
)

// maxChoices bounds the size of the file in octets.
const maxChoices = 1 << 20

// choice is a word that the owner of a mailbox has chosen.
type choice struct {
	mailbox envelope.Mailbox
	word    string
}

// choices are those in a file. The file is read again when it changes. While it is
// invalid, its last valid version counts.
type choices struct {
	path string
	log  *slog.Logger

	mu     sync.Mutex
	read   fs.FileInfo // what was read last, nil if reading failed
	chosen map[choice]bool
	fault  string // that was logged last
}

// newChoices reads a file.
func newChoices(path string, log *slog.Logger) (*choices, error) {
	c := &choices{path: path, log: log}
	return c, c.refresh()
}

// addTo adds the choices to a site.
func (c *choices) addTo(site *policies.Site) {
	site.NoGreylisting = envelope.SetOf(func(m envelope.Mailbox) bool { return c.have(m, noGreylisting) })
	site.OnlyAuthenticated = envelope.SetOf(func(m envelope.Mailbox) bool { return c.have(m, onlyAuthenticated) })
}

// have reports whether the owner of a mailbox has chosen a word.
func (c *choices) have(m envelope.Mailbox, word string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	fault := ""
	if err := c.refresh(); err != nil {
		fault = err.Error()
	}
	switch {
	case fault == c.fault:
	case fault == "":
		c.log.Info("the choices are valid again")
	default:
		c.log.Warn("the choices are not updated", "error", fault)
	}
	c.fault = fault
	return c.chosen[choice{folded(m), word}]
}

// refresh reads the file if it has changed since the last call.
func (c *choices) refresh() error {
	info, err := os.Stat(c.path)
	switch {
	case err != nil:
		return err
	case c.read != nil && os.SameFile(info, c.read) && info.Size() == c.read.Size() && info.ModTime().Equal(c.read.ModTime()):
		return nil
	case !info.Mode().IsRegular(): // opening a pipe would wait for its writer
		return fmt.Errorf("%s is not a regular file", c.path)
	}
	c.read = nil
	chosen, err := readChoices(c.path)
	if err == nil {
		c.read, c.chosen = info, chosen
	}
	return err
}

func readChoices(path string) (map[choice]bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxChoices+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxChoices:
		return nil, fmt.Errorf("%s has more than %d octets", path, maxChoices)
	}
	return parseChoices(path, string(text))
}

// parseChoices parses lines of an address and what its owner has chosen. A # begins a
// comment at the beginning of a line and after a blank. The error has the name and the
// number of the line.
func parseChoices(name, text string) (map[choice]bool, error) {
	chosen := map[choice]bool{}
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) { // some editors write a byte order mark
		number++
		fields := strings.Fields(line)
		if i := slices.IndexFunc(fields, func(field string) bool { return strings.HasPrefix(field, "#") }); i >= 0 {
			fields = fields[:i]
		}
		if len(fields) == 0 {
			continue
		}
		if err := addChoices(chosen, fields[0], fields[1:]); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, number, err)
		}
	}
	return chosen, nil
}

func addChoices(chosen map[choice]bool, address string, words []string) error {
	mailbox, err := parseAddress(address)
	switch {
	case err != nil:
		return err
	case len(words) == 0:
		return fmt.Errorf("mailbox %q has no choice", envelope.Excerpt(address))
	}
	for _, word := range words {
		if word != noGreylisting && word != onlyAuthenticated {
			return fmt.Errorf("choice %q is unknown; known are: %s, %s", envelope.Excerpt(word), noGreylisting, onlyAuthenticated)
		}
		chosen[choice{folded(mailbox), word}] = true
	}
	return nil
}

// folded returns a mailbox with its local part in lower case: letter case makes no
// difference for the mailboxes of this server.
func folded(m envelope.Mailbox) envelope.Mailbox {
	m.Local, m.Route = strings.ToLower(m.Local), ""
	return m
}
