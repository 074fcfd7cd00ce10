// Package presentation converts domain names and texts of the presentation format
// (RFC 1035, section 5.1), which package github.com/miekg/dns uses for its records.
// In this format \DDD is the octet with that number, a backslash before another
// character is that character, and every other octet is itself.
package presentation

import (
	"strconv"
	"strings"
)

// Limits of a name (RFC 1035, section 2.3.4).
const (
	maxOctets = 254 // with the final dot; an escape is one octet
	maxLabel  = 63
)

// Name returns the normal form of a name, in which equal names are equal strings:
// absolute, in lower case, and escaped as package dns escapes decoded names. The
// final dot of text is optional. Name returns false for a name that a message
// cannot have: one that is empty or too long, has an empty label or a label of
// more than 63 octets, or has an invalid escape. A host name that is in normal
// form is returned without a copy.
func Name(text string) (name string, ok bool) {
	if text == "." || isUsual(text) {
		return text, true
	}
	var space [maxOctets]byte // enough unless many octets are escaped
	b, octets, label := space[:0], 0, 0
	for rest := text; rest != ""; octets++ {
		c, size := next(rest)
		if size == 0 || octets == maxOctets {
			return "", false
		}
		if rest[0] == '.' {
			if label == 0 {
				return "", false
			}
			b, label = append(b, '.'), 0
		} else {
			if label++; label > maxLabel {
				return "", false
			}
			b = appendOctet(b, c)
		}
		rest = rest[size:]
	}
	if label > 0 {
		b, octets = append(b, '.'), octets+1
	}
	if octets == 0 || octets > maxOctets {
		return "", false
	}
	return string(b), true
}

// isUsual reports whether text is a host name in normal form. Nearly all names
// are, and this test is many times faster than the conversion.
func isUsual(text string) bool {
	label := 0
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
			label++
		case c == '.' && 0 < label && label <= maxLabel:
			label = 0
		default:
			return false
		}
	}
	return label == 0 && text != "" && len(text) <= maxOctets
}

// appendOctet appends an octet of a label, in lower case and escaped as package dns
// escapes it.
func appendOctet(b []byte, c byte) []byte {
	switch {
	case 'A' <= c && c <= 'Z':
		c |= 0x20
	case c < ' ' || c > '~':
		return appendNumber(b, c)
	case c == '.' || c == ' ' || c == '\'' || c == '@' || c == ';' || c == '(' || c == ')' || c == '"' || c == '\\':
		b = append(b, '\\')
	}
	return append(b, c)
}

// next returns the first octet of text and the number of characters that represent
// it, 0 if they are an invalid escape.
func next(text string) (c byte, size int) {
	switch {
	case text[0] != '\\':
		return text[0], 1
	case len(text) == 1:
		return 0, 0
	case text[1] < '0' || text[1] > '9':
		return text[1], 2
	case len(text) < 4:
		return 0, 0
	}
	number, err := strconv.ParseUint(text[1:4], 10, 8)
	if err != nil {
		return 0, 0
	}
	return byte(number), 4
}

// Octets returns the octets that text represents.
func Octets(text string) string { return unescape(text, "") }

// Plain returns the octets that a name represents. A dot and a backslash within a
// label stay escaped, so that the result represents the same name.
func Plain(name string) string { return unescape(name, `.\`) }

// unescape decodes escapes, except those of the octets in kept. An invalid escape
// and the text after it are not changed.
func unescape(text, kept string) string {
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	b := make([]byte, 0, len(text))
	for text != "" {
		c, size := next(text)
		if size == 0 {
			break
		}
		if size > 1 && strings.IndexByte(kept, c) >= 0 {
			b = append(b, '\\')
		}
		b, text = append(b, c), text[size:]
	}
	return string(append(b, text...))
}

// Spelled returns a name in the form of Plain as a master file has it: absolute, with its
// letter case, and with an escape for every octet that is not usual in a host name.
func Spelled(name string) string {
	var b []byte
	final := false // the last octet is a final dot
	for rest := name; rest != ""; {
		c, size := next(rest)
		switch final = rest[0] == '.'; {
		case size == 0:
			return "."
		case final || c == '-' || c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z':
			b = append(b, c)
		default:
			b = appendNumber(b, c)
		}
		rest = rest[size:]
	}
	if !final {
		b = append(b, '.')
	}
	return string(b)
}

// Quoted returns octets as a string of a master file, in quotes.
func Quoted(octets string) string {
	b := []byte{'"'}
	for i := range len(octets) {
		switch c := octets[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c > '~':
			b = appendNumber(b, c)
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}

func appendNumber(b []byte, c byte) []byte {
	return append(b, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
}
