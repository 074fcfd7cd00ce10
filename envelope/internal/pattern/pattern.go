// Package pattern parses patterns of mailboxes and matches mailboxes against them.
// Package envelope documents the grammar.
package pattern

import (
	"iter"
	"strings"

	"mxrules.example/envelope"
)

// Pattern matches one mailbox, all mailboxes of a domain or address literal, or all
// mailboxes of the domains below a domain. Patterns that match the same mailboxes
// are equal.
type Pattern struct {
	scope scope
	local string        // the local part of one mailbox, with folded case
	place envelope.Host // the domain, or the literal in brackets
}

type scope uint8

const (
	one scope = iota
	whole
	below
)

// Postmaster is the local part of the only recipient that needs no domain (RFC 5321,
// sections 4.1.1.3 and 4.5.1).
const Postmaster = "postmaster"

// IsPostmaster reports whether text is postmaster without a domain, in any letter
// case. The comparison of lengths rejects letters outside ASCII that EqualFold
// accepts, such as the long s.
func IsPostmaster(text string) bool {
	return len(text) == len(Postmaster) && strings.EqualFold(text, Postmaster)
}

// Parse parses a pattern. The error is an *[envelope.SyntaxError].
func Parse(text string) (Pattern, error) {
	p, reason := parse(text)
	if reason != "" {
		return Pattern{}, &envelope.SyntaxError{Kind: "mailbox pattern", Value: text, Reason: reason}
	}
	return p, nil
}

func parse(text string) (p Pattern, reason string) {
	domain, marked := strings.CutPrefix(text, "@")
	switch {
	case text == "":
		return p, "is empty"
	case IsPostmaster(text):
		return Pattern{local: Postmaster}, ""
	case !marked && !strings.HasPrefix(text, "[") && strings.Contains(text, "@"):
		m, err := envelope.ParseMailbox(text, true) // a source route begins with an @
		if err != nil {
			return p, err.(*envelope.SyntaxError).Reason
		}
		return exactly(m), ""
	}
	p, err := parseDomain(domain)
	if err == nil {
		return p, ""
	}
	reason = err.(*envelope.SyntaxError).Reason
	if marked {
		reason = "has a domain that " + reason
	}
	return p, reason
}

// parseDomain parses a domain, a literal or ".domain".
func parseDomain(text string) (Pattern, error) {
	if strings.HasPrefix(text, "[") {
		literal, err := envelope.ParseLiteral(text)
		return Pattern{scope: whole, place: envelope.Host(literal.String())}, err
	}
	p := Pattern{scope: whole}
	if name, ok := strings.CutPrefix(text, "."); ok {
		text, p.scope = name, below
	}
	var err error
	p.place, err = envelope.ParseHost(text)
	return p, err
}

// exactly returns the pattern of one mailbox.
func exactly(m envelope.Mailbox) Pattern {
	place := m.Domain
	if place == "" {
		place = envelope.Host(m.Literal.String())
	}
	return Pattern{local: FoldCase(m.Local), place: place}
}

// String returns a text that Parse parses as p.
func (p Pattern) String() string {
	switch {
	case p == Pattern{local: Postmaster}:
		return Postmaster
	case p.scope == whole:
		return "@" + string(p.place)
	case p.scope == below:
		return "@." + string(p.place)
	}
	return envelope.Mailbox{Local: p.local, Domain: p.place}.String()
}

// Domain returns the pattern of all mailboxes of the domain or literal of p.
func (p Pattern) Domain() Pattern {
	if p.scope == one {
		return Pattern{scope: whole, place: p.place}
	}
	return p
}

// Matching returns the patterns that match m, the narrowest first: the mailbox, its
// domain or literal, and then each domain above its domain. A source route is
// ignored.
func Matching(m envelope.Mailbox) iter.Seq[Pattern] {
	return func(yield func(Pattern) bool) {
		p := exactly(m)
		if !yield(p) || !yield(p.Domain()) {
			return
		}
		for i := range len(m.Domain) {
			if m.Domain[i] == '.' && !yield(Pattern{scope: below, place: m.Domain[i+1:]}) {
				return
			}
		}
	}
}

// Set is a set of patterns.
type Set map[Pattern]struct{}

// ParseSet parses the patterns of a set. The error is that of Parse.
func ParseSet(patterns []string) (Set, error) {
	set := make(Set, len(patterns))
	for _, text := range patterns {
		p, err := Parse(text)
		if err != nil {
			return nil, err
		}
		set[p] = struct{}{}
	}
	return set, nil
}

// Contains reports whether a pattern of the set matches m.
func (s Set) Contains(m envelope.Mailbox) bool {
	for p := range Matching(m) {
		if _, ok := s[p]; ok {
			return true
		}
	}
	return false
}
