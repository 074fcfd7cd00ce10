// Package presentation reads names and texts in the presentation format of
// master files (RFC 1035, section 5.1), which is how package dns writes them:
// a backslash before three digits is the octet with that number, and before any
// other character that character. Every octet without a backslash is itself.
package presentation

import (
	"strconv"
	"strings"
)

// Limits of a name (RFC 1035, section 2.3.4).
const (
	maxOctets = 254 // with the final dot, each escape counted as one
	maxLabel  = 63
)

// Name returns a name in the only form in which equal names are equal strings:
// absolute, in lower case, and escaped as package dns escapes what it reads from
// the wire. It reports false for a name that cannot be sent: one that is empty
// or too long, has an empty label or one of more than 63 octets, or ends within
// an escape. The final dot is optional. A name of a host that has that form
// already is returned without a copy.
func Name(text string) (name string, ok bool) {
	if text == "." || isUsual(text) {
		return text, true
	}
	var space [maxOctets]byte // few names need more
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

// isUsual reports whether Name would return text as it is, for names of hosts,
// which nearly all names are: that is told many times faster than they are
// written.
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

// appendOctet writes an octet of a label as package dns does, in lower case.
func appendOctet(b []byte, c byte) []byte {
	switch {
	case 'A' <= c && c <= 'Z':
		c |= 0x20
	case c < ' ' || c > '~':
		b = append(b, '\\', '0'+c/100)
		return append(b, '0'+c/10%10, '0'+c%10)
	case c == '.' || c == ' ' || c == '\'' || c == '@' || c == ';' || c == '(' || c == ')' || c == '"' || c == '\\':
		b = append(b, '\\')
	}
	return append(b, c)
}

// next returns the octet that text begins with, and how many characters stand
// for it. They are none if the escape is broken.
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

// Octets returns the octets that text stands for.
func Octets(text string) string { return unescape(text, "") }

// Plain returns a name with the octets that it stands for. A dot and a backslash
// within a label keep their escape, so that no other name comes of it.
func Plain(name string) string { return unescape(name, `.\`) }

// unescape undoes escapes, except those of the octets in kept. A broken escape
// and what follows it stay as they are.
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
