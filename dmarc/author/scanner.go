package author

import (
	"strings"
	"unicode/utf8"
)

// token is a lexical token of RFC 5322, section 3.2.
type token struct {
	kind byte   // atom, quoted, or a special character itself; 0 at the end
	text string // an atom as written, a quoted string without its quotes
}

const (
	atom   = 'a'
	quoted = 'q'
)

// scanner splits a field into tokens. After a fault it is at the end.
type scanner struct {
	rest  string
	fault string
}

// next returns the next token, without the blanks and comments before it.
func (s *scanner) next() token {
	s.skipComments()
	if s.rest == "" || s.fault != "" {
		return token{}
	}
	switch c := s.rest[0]; {
	case isAtext(c):
		end := 1
		for end < len(s.rest) && isAtext(s.rest[end]) {
			end++
		}
		return token{atom, s.take(end)}
	case c == '"':
		return s.quotedString()
	case strings.IndexByte(".@<>,;:[]", c) >= 0:
		return token{c, s.take(1)}
	case isControl(c):
		return s.fail("has a control character")
	}
	return s.fail("has a character that is invalid in an address: " + s.rest[:1])
}

// take removes n octets and returns them.
func (s *scanner) take(n int) string {
	text := s.rest[:n]
	s.rest = s.rest[n:]
	return text
}

func (s *scanner) fail(reason string) token {
	if s.fault == "" {
		s.fault = reason
	}
	s.rest = ""
	return token{}
}

// skipComments skips blanks and comments (CFWS). The depth of nested comments is only
// counted, so that 100,000 open parentheses take linear time and no stack.
func (s *scanner) skipComments() {
	depth := 0
	for i := 0; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case c == '\\' && depth > 0 && i+1 < len(s.rest) && !isControl(s.rest[i+1]):
			i++
		case c == ' ' || c == '\t':
		case isControl(c):
			s.fail("has a control character")
			return
		case depth == 0:
			s.rest = s.rest[i:]
			return
		}
	}
	if s.rest = ""; depth > 0 {
		s.fail("has a comment that does not end")
	}
}

func (s *scanner) quotedString() token {
	var text []byte
	for i := 1; i < len(s.rest); i++ {
		c := s.rest[i]
		if c == '"' {
			s.take(i + 1)
			return token{quoted, string(text)}
		}
		if c == '\\' && i+1 < len(s.rest) {
			i++
			c = s.rest[i]
		}
		if isControl(c) {
			return s.fail("has a control character")
		}
		text = append(text, c)
	}
	return s.fail("has a quoted string that does not end")
}

// isControl reports whether c is a control character other than a tab.
func isControl(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }

// isAtext reports whether c is atext (RFC 5322, section 3.2.3) or part of a
// character outside ASCII (RFC 6532, section 3.2), in any charset.
func isAtext(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c >= utf8.RuneSelf || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}
