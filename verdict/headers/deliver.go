package headers

import (
	"bytes"
	"io"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/header"
	"mxrules.example/verdict"
)

// ErrHeaderTooLong is the error for a message whose header is longer than a
// Message keeps, so that a field in our name could hide in what was cut. It is a
// *[verdict.Error], so that a server can answer with it: 554 5.6.0.
var ErrHeaderTooLong error = &verdict.Error{Verdict: verdict.Verdict{
	Action: verdict.Reject,
	Status: envelope.Status{Code: 554, Subject: 6},
	Text:   "the header of the message is longer than 1 MiB",
}}

// Deliver returns the message as it should be delivered: with Received-SPF and
// Authentication-Results for the verdicts on top, and without the fields that
// claim to be ours. Everything else stays as it came, octet by octet, but for
// lines at the very top that begin with a blank: they continue no field of the
// message, and would continue ours. The reader is good for one reading, as long
// as the message is open. The error is [ErrHeaderTooLong].
func (s *Stamp) Deliver(m *envelope.Message, e *envelope.Envelope, verdicts ...verdict.Verdict) (io.Reader, error) {
	if m.HeaderCut() {
		return nil, ErrHeaderTooLong
	}
	block := m.Header()
	kept := make([]byte, 0, len(block))
	rest := block
	for field := range header.Fields(block) {
		rest = rest[len(field.Raw):]
		if len(kept) == 0 && field.Name() == "" && isBlank(field.Raw[0]) || s.Claims(field) {
			continue
		}
		kept = append(kept, field.Raw...)
	}
	kept = append(kept, rest...) // the empty line
	ours := s.AuthenticationResults(e, verdicts...) + s.ReceivedSPF(e, verdicts...)
	return io.MultiReader(strings.NewReader(ours), bytes.NewReader(kept), m.Body()), nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// Claims reports whether a field of a message that came from outside claims to
// be ours: an Authentication-Results field with our name, or a Received-SPF field
// that names us as the receiver. In doubt it does (RFC 8601, section 5). A CR
// inside a line ends it for some programs, so that another field may begin there.
func (s *Stamp) Claims(field header.Field) bool {
	if s.claims(field) {
		return true
	}
	for hidden := range header.Fields(linesOf(field.Raw)) {
		if s.claims(hidden) {
			return true
		}
	}
	return false
}

// claims is Claims for a field that is one to everybody.
func (s *Stamp) claims(field header.Field) bool {
	switch {
	case field.Is(fieldName):
		text := header.Unfold(field.Value())
		bare := withoutComments(text)
		results, err := Parse(text)
		if err != nil {
			return s.namedIn(text) || s.hiddenIn(text) || s.hiddenIn(bare)
		}
		return s.isName(results.Service) || s.namedIn(front(text)) || s.namedIn(front(bare))
	case field.Is("Received-SPF"):
		text := header.Unfold(field.Value())
		return s.namedIn(text) || s.namedIn(withoutComments(text))
	}
	return false
}

// linesOf returns a field as a program reads it that ends lines at CR too, nil
// if it reads the same.
func linesOf(raw []byte) []byte {
	if bytes.Count(raw, []byte{'\r'}) == bytes.Count(raw, []byte("\r\n")) {
		return nil
	}
	lines := bytes.FieldsFunc(raw, func(r rune) bool { return r == '\r' || r == '\n' })
	return bytes.Join(lines, []byte{'\n'})
}

// front returns what stands where the name of who says so belongs.
func front(text string) string {
	name, _, _ := strings.Cut(text, ";")
	return name
}

// withoutComments takes the comments out of a text. By the grammar they stand
// between words, and programs that drop them first read a name also where one
// stands inside it.
func withoutComments(text string) string {
	var b strings.Builder
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case c == '\\' && depth > 0:
			i++
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// isName reports whether service is our name, in any form of a host name.
func (s *Stamp) isName(service string) bool {
	host, err := envelope.ParseHost(service)
	return err == nil && host == s.host
}

// namedIn reports whether our name stands in text, in any letter case and with
// quotes, backslashes and control characters in between. As a part of a longer
// name it does not count.
func (s *Stamp) namedIn(text string) bool {
	return s.found(squeeze(text, ' '), isNameByte)
}

// hiddenIn is namedIn also across blanks. Words then run together, so that what
// stands beside the name may be another word, and only a dot makes it a longer
// name.
func (s *Stamp) hiddenIn(text string) bool {
	return s.found(squeeze(text, -1), func(byte) bool { return false })
}

// squeeze returns text in lower case without what may stand inside a name and
// is no part of it. Blanks become blank, or vanish if that is negative.
func squeeze(text string, blank rune) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '\t':
			return blank
		case r < ' ' || r == '"' || r == '\\' || r == 0x7f:
			return -1
		}
		return r
	}, strings.ToLower(text))
}

// found reports whether our name stands in text and is not a part of a longer
// one, which a dot on either side makes of it, or an octet of which longer is
// true.
func (s *Stamp) found(text string, longer func(octet byte) bool) bool {
	name := string(s.host)
	for {
		before, after, ok := strings.Cut(text, name)
		if !ok {
			return false
		}
		if !endsInside(before, longer) && !beginsInside(after, longer) {
			return true
		}
		text = text[len(before)+1:]
	}
}

// endsInside reports whether the name that follows text is a part of one that
// began in it.
func endsInside(text string, longer func(octet byte) bool) bool {
	if text == "" {
		return false
	}
	last := text[len(text)-1]
	return last == '.' || longer(last)
}

// beginsInside reports whether text goes on with the name that stands before it.
// A dot alone does not: it may be the final one.
func beginsInside(text string, longer func(octet byte) bool) bool {
	switch {
	case text == "":
		return false
	case text[0] == '.':
		return len(text) > 1 && isNameByte(text[1])
	}
	return longer(text[0])
}

func isNameByte(c byte) bool { return isAlphanumeric(c) || c == '-' || c == '_' || c == '.' }
