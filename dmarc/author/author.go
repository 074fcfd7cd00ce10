// Package author finds out in whose name a message is written: the mailboxes in
// its From field (RFC 5322, section 3.6.2), whose domains are the Author
// Domains of DMARC (RFC 9989, section 3.2.2).
//
// The From field is what a reader is shown, and its grammar is rich enough that
// two programs can be made to read two authors in it. So this reader takes what
// the grammar gives one meaning, with the obsolete forms and a few mistakes
// that are common and harmless, and refuses everything else. What it refuses is
// an error and never "no author": a message must not escape its owner's policy
// by being odd.
//
// The address counts and never the name beside it. In
//
//	"ceo@bank.example" <someone@example.org>
//
// the author is of example.org; a name may hold an @ even without quotes, as some
// names in real mail do. Comments are skipped at any depth, the members of a
// group count one by one (RFC 5322, section 3.4), a source route is skipped,
// and encoded words are not decoded, because in an address they mean nothing
// (RFC 2047, section 5). Local parts may be of any length and have dots
// anywhere; domains are names of hosts ([envelope.ParseHost]).
//
// Not every program reads the field so. [Apparent] returns the addresses that
// others may read in it, so that a check can refuse a message that has them.
//
// Refused are: no From field or several; control characters, NUL and bare CR
// among them; quotes, comments, brackets and groups that do not end; a member
// of the list that is no address; two addresses where a comma is missing; an
// address literal, or what else is no name, in place of a domain; more than 100
// addresses.
//
// One pass over the header, in time that grows with its length. DMARC itself is
// package dmarc.
package author

import (
	"context"
	"errors"
	"slices"

	"mxrules.example/envelope"
	"mxrules.example/envelope/header"
)

var (
	// ErrNone is the error for a message without a From field.
	ErrNone = errors.New("the message has no From field")
	// ErrRepeated is the error for a message with several From fields. RFC
	// 5322, section 3.6 allows one.
	ErrRepeated = errors.New("the message has more than one From field")
	// ErrCut is the error for a message whose header is longer than a Message
	// keeps, so that a From field may stand where it was cut.
	ErrCut = errors.New("the header of the message is longer than 1 MiB")
)

// Authors are the mailboxes of a From field.
type Authors []envelope.Mailbox

// Of returns the authors of a message, at least one and at most 100, in the
// order of the field. The error is [ErrNone], [ErrRepeated], [ErrCut] or an
// *[envelope.SyntaxError] that holds the value of the field and says what is
// wrong with it. Beside ErrRepeated are the authors of all From fields that can
// be read, beside every other error there are none. A message is read once; the
// result is the caller's own.
func Of(m *envelope.Message) (Authors, error) {
	type key struct{}
	authors, err := envelope.OncePerMessage(context.Background(), m, key{}, func() (Authors, error) { return read(m) })
	return slices.Clone(authors), err
}

func read(m *envelope.Message) (Authors, error) {
	var authors Authors
	var fault error
	fields := 0
	for field := range header.Fields(m.Header()) {
		if !field.Is("From") {
			continue
		}
		if fields++; fields > maxFields {
			break
		}
		var more Authors
		if more, fault = Parse(header.Unfold(field.Value())); fault == nil {
			authors = append(authors, more...)
		}
	}
	switch {
	case fields > 1:
		return authors, ErrRepeated
	case m.HeaderCut():
		return nil, ErrCut
	case fields == 0:
		return nil, ErrNone
	}
	return authors, fault
}

// maxFields is how many From fields are read of a message that has too many.
const maxFields = 10

// Domains returns the Author Domains, each once, in the order of the authors.
func (a Authors) Domains() []envelope.Host {
	var domains []envelope.Host
	seen := make(map[envelope.Host]bool, 1)
	for _, mailbox := range a {
		if !seen[mailbox.Domain] {
			seen[mailbox.Domain] = true
			domains = append(domains, mailbox.Domain)
		}
	}
	return domains
}

// Parse reads the value of a From field, unfolded. The error is an
// *[envelope.SyntaxError].
func Parse(value string) (Authors, error) {
	p := parser{scanner: scanner{rest: value}}
	p.list()
	if p.fault == "" && len(p.authors) == 0 {
		p.fault = "names no author"
	}
	if p.fault != "" {
		return nil, &envelope.SyntaxError{Kind: "From field", Value: value, Reason: p.fault}
	}
	return p.authors, nil
}
