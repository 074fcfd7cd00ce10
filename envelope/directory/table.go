package directory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mxrules.example/envelope"
)

// List returns a Lookup that knows these entries. An entry is an address, such
// as "ann@example.org", or "@example.org", which is every mailbox of that
// domain. Instead of a domain it may have an address literal. It is written as
// RFC 5321, section 4.1.2 wants it, or with UTF-8 as in RFC 6531.
//
// A domain that stands in no entry is Foreign, also if one above it does; a
// mailbox without an entry in a domain that stands in one is Unknown, postmaster
// too, whom RFC 5321, section 4.5.1 wants every domain to have. The letter case
// of local parts does not matter (section 2.4 leaves that to their own site).
//
// The error is an *[envelope.SyntaxError] that names the entry.
func List(entries ...string) (Lookup, error) {
	t := make(table)
	for _, entry := range entries {
		if err := t.add(entry, Known); err != nil {
			return nil, err
		}
	}
	return t.lookup, nil
}

// Map is List with an answer for each entry. The answer for a mailbox goes
// before that for its whole domain, so that a mailbox can be Unknown in a
// domain that is Known. An entry can't be Foreign.
func Map(entries map[string]Answer) (Lookup, error) {
	t := make(table)
	for _, entry := range slices.Sorted(maps.Keys(entries)) { // sorted: of two mistakes the error always names the same
		if err := t.add(entry, entries[entry]); err != nil {
			return nil, err
		}
	}
	return t.lookup, nil
}

// table holds the answers for each domain, or literal, that stands in an entry.
type table map[envelope.Host]*mailboxes

type mailboxes struct {
	others Answer            // for those that are not named
	named  map[string]Answer // by their folded local part
}

func (t table) lookup(_ context.Context, local string, domain envelope.Host) (Answer, error) {
	return t.answer(local, domain), nil
}

func (t table) answer(local string, domain envelope.Host) Answer {
	here, ours := t[domain]
	if !ours {
		return Foreign
	}
	if answer, named := here.named[FoldCase(local)]; named {
		return answer
	}
	if here.others != 0 {
		return here.others
	}
	return Unknown
}

// add takes an entry into the table.
func (t table) add(entry string, answer Answer) error {
	if answer < Known || answer > Moved || answer == Foreign {
		return badEntry(entry, fmt.Sprintf("is given the answer %q, which no entry can have", answer))
	}
	domain, local, reason := parseEntry(entry)
	if reason != "" {
		return badEntry(entry, reason)
	}
	here := t[domain]
	if here == nil {
		here = &mailboxes{named: make(map[string]Answer)}
		t[domain] = here
	}
	before := here.others
	if local != "" {
		before = here.named[local]
	}
	switch {
	case before != 0 && before != answer:
		return badEntry(entry, fmt.Sprintf("is both %s and %s", before, answer))
	case local == "":
		here.others = answer
	default:
		here.named[local] = answer
	}
	return nil
}

func badEntry(entry, reason string) error {
	return &envelope.SyntaxError{Kind: "mailbox entry", Value: entry, Reason: reason}
}

// parseEntry reads an entry. Local is "" for the entry of a whole domain.
func parseEntry(entry string) (domain envelope.Host, local, reason string) {
	if whole, ok := strings.CutPrefix(entry, "@"); ok { // and so no source route gets through
		domain, err := parsePlace(whole)
		if err != nil {
			return "", "", "has a domain that " + err.(*envelope.SyntaxError).Reason
		}
		return domain, "", ""
	}
	m, err := envelope.ParseMailbox(entry, true)
	switch {
	case err != nil:
		return "", "", err.(*envelope.SyntaxError).Reason
	case m.Local == "": // "" is a local part by the grammar, and here the mark of a whole domain
		return "", "", "has an empty local part"
	}
	return place(m.Domain, m.Literal), FoldCase(m.Local), ""
}

// parsePlace reads a domain or an address literal.
func parsePlace(s string) (envelope.Host, error) {
	if strings.HasPrefix(s, "[") {
		literal, err := envelope.ParseLiteral(s)
		return place("", literal), err
	}
	return envelope.ParseHost(s)
}
