package dkim

import (
	"bytes"
	"crypto/sha256"
	"slices"

	"mxrules.example/envelope/header"
)

// fieldsByName are the fields of a header from the top, by their names in lower
// case.
type fieldsByName map[string][]header.Field

// headerHash returns the hash of the fields that s covers and of s itself without the
// value of b= (RFC 6376, section 3.7).
func (fields fieldsByName) headerHash(s *signature) []byte {
	canonical := appendSimple
	if s.relaxedHeader {
		canonical = appendRelaxed
	}
	sum := sha256.New()
	var line []byte
	for _, field := range fields.covered(s) {
		line = canonical(line[:0], field.Raw)
		sum.Write(line)
	}
	own := slices.Concat(s.field.Raw[:s.dataStart], s.field.Raw[s.dataEnd:])
	line = canonical(line[:0], own)
	sum.Write(bytes.TrimSuffix(line, []byte("\r\n")))
	return sum.Sum(nil)
}

// covered returns the fields that s covers in the order of h=. A repeated name means
// the next field above (RFC 6376, section 5.4.2), and a name without a field adds
// nothing (section 3.5). The signature never covers itself.
func (fields fieldsByName) covered(s *signature) []header.Field {
	covered := make([]header.Field, 0, len(s.headers))
	above := make(map[string][]header.Field, len(s.headers))
	for _, name := range s.headers {
		rest, begun := above[name]
		if !begun {
			rest = fields[name]
		}
		if n := len(rest); n > 0 && isSame(rest[n-1], s.field) {
			rest = rest[:n-1]
		}
		if n := len(rest); n > 0 {
			covered = append(covered, rest[n-1])
			rest = rest[:n-1]
		}
		above[name] = rest
	}
	return covered
}

// isSame reports whether two fields are the same one, not only equal.
func isSame(a, b header.Field) bool { return &a.Raw[0] == &b.Raw[0] }

// appendSimple appends a field in the simple form: unchanged (RFC 6376, section
// 3.4.1), but with CRLF for every line end.
func appendSimple(to, field []byte) []byte {
	for len(field) > 0 {
		line, rest, found := bytes.Cut(field, []byte{'\n'})
		if found {
			line = bytes.TrimSuffix(line, []byte{'\r'})
		}
		to = append(append(to, line...), "\r\n"...)
		field = rest
	}
	return to
}

// appendRelaxed appends a field in the relaxed form (RFC 6376, section 3.4.2): with
// its name in lower case, unfolded, with each run of blanks as one blank, and without
// blanks around the colon and at the end.
func appendRelaxed(to, field []byte) []byte {
	name, value, _ := bytes.Cut(field, []byte{':'})
	for _, c := range bytes.TrimRight(name, " \t") {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		to = append(to, c)
	}
	to = append(to, ':')
	start, blank := len(to), false
	for i, c := range value {
		switch {
		case c == ' ' || c == '\t':
			blank = true
		case c == '\n' || c == '\r' && i+1 < len(value) && value[i+1] == '\n':
		default:
			if blank && len(to) > start {
				to = append(to, ' ')
			}
			to, blank = append(to, c), false
		}
	}
	return append(to, "\r\n"...)
}
