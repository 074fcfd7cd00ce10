package headers

import (
	"iter"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/header"
)

// Forged reports whether a field of a message from outside claims to be ours, to any
// program that reads it: an Authentication-Results field with our name, or a
// Received-SPF field with our name as the receiver. An Authentication-Results field
// of an unknown version counts too (RFC 8601, section 5). field has the name of the
// field and its lines, as [header.Field] has them in Raw.
//
// [Stamp.Deliver] removes these fields. Forged is for programs that edit the header of a
// message and do not write it anew, such as a milter.
func (s *Stamp) Forged(field []byte) bool {
	if s.claims(field) {
		return true
	}
	for hidden := range hiddenFields(field) {
		if s.claims(hidden.Raw) {
			return true
		}
	}
	return false
}

// claims reports whether the field at the beginning of raw claims to be ours, without
// the fields that begin inside it. Its name ends at the first colon, even if that is on
// a later line.
func (s *Stamp) claims(raw []byte) bool {
	name, value, found := strings.Cut(header.Unfold(raw), ":")
	if !found {
		return false
	}
	for name := range readings(name, noBlanks) {
		switch name {
		case "authentication-results":
			return s.claimsResults(value)
		case "received-spf":
			return s.mayName(value) || s.mayName(withoutComments(value))
		}
	}
	return false
}

// claimsResults is claims for the value of an Authentication-Results field. If it
// parses, only the text before the first semicolon can be a name.
func (s *Stamp) claimsResults(value string) bool {
	bare := withoutComments(value)
	r := reader{rest: value}
	service := r.payload().service
	switch {
	case r.unknownVersion || s.isName(service):
		return true
	case r.fault != "" || strings.ContainsAny(service, " \t"):
		return s.mayName(value) || s.mayName(bare) || s.mayHide(value) || s.mayHide(bare)
	}
	return s.mayName(front(value)) || s.mayName(front(bare))
}

// hiddenFields returns the fields that begin inside a field, for programs that also
// end lines at a CR, and for those that end them at every line end of Unicode.
// Normally there are none.
func hiddenFields(raw []byte) iter.Seq[header.Field] {
	return func(yield func(header.Field) bool) {
		text := strings.ReplaceAll(asUTF8(string(raw)), "\r\n", "\n")
		for _, isEnd := range []func(rune) bool{isCR, isLineEnd} {
			if !strings.ContainsFunc(text, isEnd) {
				continue
			}
			lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || isEnd(r) })
			for field := range header.Fields([]byte(strings.Join(lines, "\n"))) {
				if !yield(field) {
					return
				}
			}
		}
	}
}

func isCR(r rune) bool { return r == '\r' }

func isLineEnd(r rune) bool {
	return '\v' <= r && r <= '\r' || '\x1c' <= r && r <= '\x1e' || r == '\u0085' || r == '\u2028' || r == '\u2029'
}

// front returns the text before the first semicolon, where the name is.
func front(text string) string {
	name, _, _ := strings.Cut(text, ";")
	return name
}

// withoutComments returns text without comments. By the grammar they are between
// words. A program that removes them first also finds a name that has one inside.
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

// mayName reports whether a program may find our name in a text, but not as a part of
// a longer name. An encoded word counts, because it can be our name in a charset that
// only that program supports. No grammar allows one here (RFC 2047, section 5).
func (s *Stamp) mayName(text string) bool {
	for reading := range readings(text, oneBlank) {
		if strings.Contains(reading, "=?") || s.found(reading, isNameByte) {
			return true
		}
	}
	return false
}

// mayHide reports whether our name is in a text, even with blanks inside. Without
// blanks the name is next to other words, so that only a dot makes it a part of a
// longer name.
func (s *Stamp) mayHide(text string) bool {
	for reading := range readings(text, noBlanks) {
		if s.found(reading, func(byte) bool { return false }) {
			return true
		}
	}
	return false
}

// found reports whether a form of our name is in text and is not a part of a longer
// name. It is a part if a dot is next to it, or an octet for which longer is true.
func (s *Stamp) found(text string, longer func(octet byte) bool) bool {
	for _, name := range s.forms {
		for rest := text; ; {
			before, after, ok := strings.Cut(rest, name)
			if !ok {
				break
			}
			if !endsInside(before, longer) && !beginsInside(after, longer) {
				return true
			}
			rest = rest[len(before)+1:]
		}
	}
	return false
}

// endsInside reports whether a name after text is a part of one that begins in text.
func endsInside(text string, longer func(octet byte) bool) bool {
	if text == "" {
		return false
	}
	last := text[len(text)-1]
	return last == '.' || longer(last)
}

// beginsInside reports whether text continues a name before it. A dot alone does not:
// it may be the final dot.
func beginsInside(text string, longer func(octet byte) bool) bool {
	switch {
	case text == "":
		return false
	case text[0] == '.':
		return len(text) > 1 && isNameByte(text[1])
	}
	return longer(text[0])
}
