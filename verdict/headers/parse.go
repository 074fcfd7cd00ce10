package headers

import (
	"strings"

	"mxrules.example/envelope"
)

// Results is an Authentication-Results field as it was read.
type Results struct {
	// Service is the authserv-id: the name of the service that states the
	// results. Trust it only if a server that you know has written the field (RFC
	// 8601, section 7.1): any sender can write one.
	Service string
	// Entries are the results; there are none where the field says "none".
	Entries []envelope.AuthenticationResult
}

// Parse reads the value of an Authentication-Results field, folded or not. It
// takes what RFC 8601, section 2.2 allows, with comments and quotes anywhere
// between words, and some mistakes that are common: a semicolon at the end, a
// property without its type, an empty value. Quotes are undone, except around the
// local part of an address. A result of a method in a version other than 1 is left
// out, and a field of another version is an error (section 2.6). The error is an
// *[envelope.SyntaxError] that says what is wrong; beside it stands what was read
// before.
//
// It takes time that grows with the length of the value.
func Parse(field string) (Results, error) {
	r := reader{rest: field}
	results := r.payload()
	if r.fault != "" {
		return results, &envelope.SyntaxError{Kind: fieldName + " field", Value: field, Reason: r.fault}
	}
	return results, nil
}

// reader reads the field word by word. After the first fault it reads nothing.
type reader struct {
	rest  string
	fault string
	// unknownVersion says that the fault is a version that is not known.
	unknownVersion bool
}

func (r *reader) fail(reason string) {
	if r.fault == "" {
		r.fault, r.rest = reason, ""
	}
}

// payload reads authres-payload.
func (r *reader) payload() Results {
	var results Results
	r.skip()
	results.Service = r.value()
	r.skip()
	if results.Service == "" {
		r.fail("names no service")
	}
	if r.rest != "" && isDigit(r.rest[0]) && !r.version() {
		r.fail("has a version other than 1")
		r.unknownVersion = true
	}
	for r.rest != "" {
		if !r.take(';') {
			r.fail("has something other than a semicolon where a result ends")
			break
		}
		r.skip()
		if r.rest == "" || r.rest[0] == ';' {
			continue
		}
		if entry, ok := r.result(); ok {
			results.Entries = append(results.Entries, entry)
		}
	}
	return results
}

// result reads resinfo, or "none".
func (r *reader) result() (entry envelope.AuthenticationResult, ok bool) {
	entry.Method = r.word()
	r.skip()
	if strings.EqualFold(entry.Method, "none") && (r.rest == "" || r.rest[0] == ';') {
		return entry, false
	}
	known := true
	if r.take('/') {
		r.skip()
		known = r.version()
	}
	if entry.Method == "" || !r.take('=') {
		r.fail("has a result without a method")
		return entry, false
	}
	r.skip()
	entry.Result = r.word()
	r.skip()
	for r.rest != "" && r.rest[0] != ';' {
		p, ok := r.property()
		switch {
		case !ok:
			return entry, false
		case p.Type == "" && strings.EqualFold(p.Name, "reason"):
			entry.Reason = p.Value
		default:
			entry.Properties = append(entry.Properties, p)
		}
	}
	return entry, r.fault == "" && known
}

// version reads the version of the field or of a method (RFC 8601, section 2.6),
// and reports whether it is 1, the only one that there is.
func (r *reader) version() bool {
	version := r.word()
	r.skip()
	return strings.TrimLeft(version, "0") == "1"
}

// property reads propspec, or reasonspec as a property without a type.
func (r *reader) property() (p envelope.AuthenticationProperty, ok bool) {
	p.Name = r.word()
	r.skip()
	if r.take('.') {
		p.Type = p.Name
		r.skip()
		p.Name = r.word()
		r.skip()
	}
	if p.Name == "" || !r.take('=') {
		r.fail("has a property that is none")
		return p, false
	}
	r.skip()
	p.Value = r.value()
	r.skip()
	return p, r.fault == ""
}

// word reads letters, digits, hyphens and underscores.
func (r *reader) word() string {
	end := 0
	for end < len(r.rest) && (isAlphanumeric(r.rest[end]) || r.rest[end] == '-' || r.rest[end] == '_') {
		end++
	}
	word := r.rest[:end]
	r.rest = r.rest[end:]
	return word
}

// value reads a quoted-string, or what stands up to a blank, a semicolon or a
// comment. An address with a quoted local part stays as it is written.
func (r *reader) value() string {
	if strings.HasPrefix(r.rest, `"`) {
		before := r.rest
		content := r.quotedString()
		if !strings.HasPrefix(r.rest, "@") {
			return content
		}
		raw := before[:len(before)-len(r.rest)]
		return raw + r.run()
	}
	return r.run()
}

func (r *reader) run() string {
	end := 0
	for end < len(r.rest) && strings.IndexByte(" \t\r\n;(", r.rest[end]) < 0 {
		if r.rest[end] == '"' {
			r.fail("has a quote inside a word")
			return ""
		}
		end++
	}
	run := r.rest[:end]
	r.rest = r.rest[end:]
	return run
}

// quotedString reads a quoted-string and returns what it means. A fold in it is
// a blank.
func (r *reader) quotedString() string {
	var b strings.Builder
	for i := 1; i < len(r.rest); i++ {
		switch c := r.rest[i]; c {
		case '"':
			r.rest = r.rest[i+1:]
			return b.String()
		case '\\':
			if i++; i < len(r.rest) {
				b.WriteByte(r.rest[i])
			}
		case '\r', '\n': // RFC 5322, section 2.2.3: unfolding takes the line end away
		default:
			b.WriteByte(c)
		}
	}
	r.fail("has a quoted string that does not end")
	return ""
}

// take takes one character, if it is the next.
func (r *reader) take(c byte) bool {
	if r.rest == "" || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

// skip passes over blanks, folds and comments.
func (r *reader) skip() {
	for r.rest != "" {
		switch r.rest[0] {
		case ' ', '\t', '\r', '\n':
			r.rest = r.rest[1:]
		case '(':
			r.comment()
		default:
			return
		}
	}
}

// comment passes over a comment, with those inside it.
func (r *reader) comment() {
	depth := 0
	for i := 0; i < len(r.rest); i++ {
		switch r.rest[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				r.rest = r.rest[i+1:]
				return
			}
		case '\\':
			i++
		}
	}
	r.fail("has a comment that does not end")
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
