package headers

import (
	"strings"

	"mxrules.example/envelope"
)

// payload is the content of an Authentication-Results field.
type payload struct {
	service string // the authserv-id
	entries []envelope.AuthenticationResult
}

// reader parses the value of an Authentication-Results field, folded or not, word by
// word. It accepts the grammar of RFC 8601, section 2.2, and some common mistakes: a
// semicolon at the end, a property without its type, an empty value. Quotes are
// removed, except around the local part of an address. A result of a method in a
// version other than 1 is ignored, and a field of another version is a fault (section
// 2.6). After the first fault there is nothing left to read. The time is linear in the
// length of the value.
type reader struct {
	rest  string
	fault string
	// unknownVersion reports whether the fault is an unknown version.
	unknownVersion bool
}

func (r *reader) fail(reason string) {
	if r.fault == "" {
		r.fault, r.rest = reason, ""
	}
}

// payload parses authres-payload.
func (r *reader) payload() payload {
	var p payload
	r.skip()
	p.service = r.value()
	r.skip()
	if p.service == "" {
		r.fail("has no authserv-id")
	}
	if r.rest != "" && isDigit(r.rest[0]) && !r.version() {
		r.fail("has a version other than 1")
		r.unknownVersion = true
	}
	for r.rest != "" {
		if !r.take(';') {
			r.fail("has no semicolon at the end of a result")
			break
		}
		r.skip()
		if r.rest == "" || r.rest[0] == ';' {
			continue
		}
		if entry, ok := r.result(); ok {
			p.entries = append(p.entries, entry)
		}
	}
	return p
}

// result parses resinfo, or "none".
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

// version parses the version of the field or of a method, and reports whether it is 1,
// the only one that is defined (RFC 8601, section 2.6).
func (r *reader) version() bool {
	version := r.word()
	r.skip()
	return strings.TrimLeft(version, "0") == "1"
}

// property parses propspec, or reasonspec as a property without a type.
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
		r.fail("has an invalid property")
		return p, false
	}
	r.skip()
	p.Value = r.value()
	r.skip()
	return p, r.fault == ""
}

// word parses letters, digits, hyphens and underscores.
func (r *reader) word() string {
	end := 0
	for end < len(r.rest) && (isAlphanumeric(r.rest[end]) || r.rest[end] == '-' || r.rest[end] == '_') {
		end++
	}
	word := r.rest[:end]
	r.rest = r.rest[end:]
	return word
}

// value parses a quoted-string, or the text before a blank, a semicolon or a comment.
// An address keeps the quotes of its local part.
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

// quotedString parses a quoted-string and returns its content, unfolded.
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
		case '\r', '\n': // RFC 5322, section 2.2.3: unfolding removes the line end
		default:
			b.WriteByte(c)
		}
	}
	r.fail("has a quoted string without a closing quote")
	return ""
}

// take removes the next character if it is c, and reports whether it did.
func (r *reader) take(c byte) bool {
	if r.rest == "" || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

// skip skips blanks, folds and comments.
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

// comment skips a comment, with the comments in it.
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
	r.fail("has a comment without a closing parenthesis")
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
