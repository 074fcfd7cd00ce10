package record

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// absolute returns a name as a master file has it: absolute, with every unusual octet as
// \DDD. A backslash in the name escapes already.
func absolute(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c == '\\' && i+1 < len(name) {
			if i+3 < len(name) && isDigit(name[i+1]) && isDigit(name[i+2]) && isDigit(name[i+3]) {
				b.WriteString(name[i : i+4])
				i += 3
				continue
			}
			i++
			fmt.Fprintf(&b, `\%03d`, name[i])
			continue
		}
		if isUsual(c) || c == '.' {
			b.WriteByte(lower(c))
		} else {
			fmt.Fprintf(&b, `\%03d`, c)
		}
	}
	return strings.TrimSuffix(b.String(), ".") + "."
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isUsual reports whether an octet of a name needs no escape.
func isUsual(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-' || c == '_'
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// quoted returns a text as the strings of a TXT record.
func quoted(text string) string {
	const most = 255 // octets of a string, RFC 1035, section 3.3
	var parts []string
	for len(text) > most {
		parts, text = append(parts, quotedString(text[:most])), text[most:]
	}
	return strings.Join(append(parts, quotedString(text)), " ")
}

func quotedString(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			b.WriteString(`\` + string(c))
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String() + `"`
}

// plain matches a value that the short form has without quotes.
var plain = regexp.MustCompile(`^[A-Za-z0-9@._+:\[\]%/-]*$`)

// value returns a value of the short form.
func value(text string) string {
	if plain.MatchString(text) {
		return text
	}
	return strconv.Quote(text)
}
