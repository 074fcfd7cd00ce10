// Package author returns the authors of a message: the mailboxes in its From field
// (RFC 5322, section 3.6.2), whose domains are the Author Domains of DMARC (RFC 9989,
// section 3.2.2).
//
// Readers are shown the From field, and its grammar is so rich that an attacker can
// write a field in which two programs read different authors. So this parser accepts
// what has one meaning in the grammar, with the obsolete forms and a few common and
// harmless mistakes, and returns an error for everything else. A malformed field is
// never "no author": otherwise a malformed message would evade the policy of its
// domain.
//
// The address counts, never the display name. In
//
//	"ceo@bank.example" <someone@example.org>
//
// the author domain is example.org. A name may contain an @ even without quotes, as
// some names in real mail do. Comments are skipped at any depth, the members of a
// group count one by one (RFC 5322, section 3.4), a source route is skipped, and
// encoded words are not decoded, because they have no meaning in an address (RFC
// 2047, section 5). Local parts may have any length and dots anywhere; domains are
// host names ([envelope.ParseHost]).
//
// [Apparent] returns further addresses that some programs read in the field, so that
// a check can refuse such messages.
//
// These are errors: no From field or several; control characters, NUL and bare CR
// included; quotes, comments, brackets and groups that do not end; a member of the
// list that is not an address; two addresses without a comma between them; a domain
// that is an address literal or not a host name; more than 100 addresses.
//
// The header is read once, in time that grows linearly with its length. DMARC itself
// is package dmarc.
package author

import (
	"context"
	"errors"
	"slices"

	"mxrules.example/envelope"
	"mxrules.example/envelope/header"
)

var (
	errNone = errors.New("the message has no From field")
	// RFC 5322, section 3.6 allows one.
	errRepeated = errors.New("the message has more than one From field")
	// A From field may be in the part that a Message does not keep.
	errCut = errors.New("the header of the message is longer than 1 MiB")
)

// Authors are the mailboxes of a From field.
type Authors []envelope.Mailbox

// Of returns the authors of a message, at least one and at most 100, in the order of
// the field. It returns an error if there is not exactly one From field, if the
// header is longer than 1 MiB, or, as an *[envelope.SyntaxError] with the value of the
// field, if the field is malformed. With several From fields it returns the authors of
// those that parse beside the error. The field is parsed once for a message; the
// result belongs to the caller.
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
		if more, fault = parse(header.Unfold(field.Value())); fault == nil {
			authors = append(authors, more...)
		}
	}
	switch {
	case fields > 1:
		return authors, errRepeated
	case m.HeaderCut():
		return nil, errCut
	case fields == 0:
		return nil, errNone
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

// parse reads the value of a From field, unfolded. The error is an
// *[envelope.SyntaxError].
func parse(value string) (Authors, error) {
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
