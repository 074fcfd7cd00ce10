package directory

import (
	"context"
	"fmt"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/internal/pattern"
)

// List returns a Lookup that answers from these entries, each written as in a line of
// a [File]. An entry is a pattern of mailboxes (their grammar is in package envelope): "ann@example.org" is that
// mailbox, in any letter case; "@example.org" or "example.org" every mailbox of
// that domain, "@.example.org" of all domains below it. A domain of one label
// needs the @. Unless the mailbox is known, the word of its answer follows: known,
// unknown, disabled, full or moved.
//
//	mailboxes, err := directory.List("ann@example.org", "bob@example.org disabled")
//
// The narrowest entry counts: that of the mailbox, then that of its domain, then
// that of the nearest domain above. So a mailbox can be unknown in a domain that is
// known. A domain that no entry names is Foreign, even if an entry names a domain
// above it. In a domain that an entry names, a mailbox without an entry is Unknown.
// That includes postmaster, which every domain should have (RFC 5321, section 4.5.1).
//
// The error is an *[envelope.SyntaxError] that names the entry.
func List(entries ...string) (Lookup, error) {
	t := newTable()
	for _, entry := range entries {
		switch found, err := t.addLine(entry); {
		case err != nil:
			return nil, err
		case !found:
			return nil, badEntry(entry, "is empty")
		}
	}
	return t.lookup, nil
}

// table holds the entries of a directory.
type table struct {
	answers map[pattern.Pattern]Answer
	ours    map[pattern.Pattern]struct{} // the domains and literals that entries name
}

func newTable() table {
	return table{answers: make(map[pattern.Pattern]Answer), ours: make(map[pattern.Pattern]struct{})}
}

func (t table) lookup(_ context.Context, m envelope.Mailbox) (Answer, error) {
	return t.answer(m), nil
}

func (t table) answer(m envelope.Mailbox) Answer {
	nothing := Foreign
	for p := range pattern.Matching(m) {
		if answer, ok := t.answers[p]; ok {
			return answer
		}
		if _, ours := t.ours[p]; ours {
			nothing = Unknown
		}
	}
	return nothing
}

// add adds an entry to the table.
func (t table) add(entry string, answer Answer) error {
	p, err := parseEntry(entry)
	if err != nil {
		return err
	}
	if before, ok := t.answers[p]; ok && before != answer {
		return badEntry(entry, fmt.Sprintf("is both %s and %s", before, answer))
	}
	t.answers[p], t.ours[p.Domain()] = answer, struct{}{}
	return nil
}

func badEntry(entry, reason string) error {
	return &envelope.SyntaxError{Kind: "mailbox entry", Value: entry, Reason: reason}
}

// parseEntry parses an entry. A single word is an error: it is more likely a local
// part without its domain than a domain of one label, and a directory is never asked
// for postmaster without a domain.
func parseEntry(entry string) (pattern.Pattern, error) {
	p, err := pattern.Parse(entry)
	switch {
	case err != nil:
		return p, badEntry(entry, err.(*envelope.SyntaxError).Reason)
	case !strings.ContainsAny(entry, "@.["):
		return p, badEntry(entry, "has no domain")
	}
	return p, nil
}
