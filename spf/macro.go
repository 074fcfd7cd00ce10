package spf

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"mxrules.example/envelope"
)

// macroString is text with macros (RFC 7208, section 7). It is kept as published,
// because most have no macro.
type macroString string

// macro is one macro-expand of a macroString, or a literal.
type macro struct {
	literal    string
	letter     byte   // in lower case; 0 for a literal
	escape     bool   // the letter is in upper case: escaped as in a URL
	parts      int    // how many parts are used, from the right; 0 for all
	reverse    bool   // the parts are reversed
	delimiters string // between the parts; "" for a dot
}

const notVisible = "has a character that is not visible ASCII"

// next returns the first macro or literal of a text that is not empty, and the rest.
func (s macroString) next() (m macro, rest macroString, reason string) {
	if s[0] != '%' {
		end := strings.IndexByte(string(s), '%')
		if end < 0 {
			end = len(s)
		}
		return macro{literal: string(s[:end])}, s[end:], ""
	}
	if len(s) > 1 {
		switch s[1] {
		case '%':
			return macro{literal: "%"}, s[2:], ""
		case '_':
			return macro{literal: " "}, s[2:], ""
		case '-':
			return macro{literal: "%20"}, s[2:], ""
		case '{':
			if end := strings.IndexByte(string(s), '}'); end >= 0 {
				m, reason = parseMacro(string(s[len("%{"):end]))
				return m, s[end+1:], reason
			}
		}
	}
	return m, "", "has a % that does not begin a macro"
}

// parseMacro parses the text within the braces.
func parseMacro(s string) (m macro, reason string) {
	if s == "" || strings.IndexByte("slodiphcrtvSLODIPHCRTV", s[0]) < 0 {
		return m, "has an unknown macro"
	}
	m.letter, m.escape = s[0]|0x20, s[0] < 'a'
	s = s[1:]
	digits := 0
	for digits < len(s) && isDigit(s[digits]) {
		digits++
	}
	if digits > 0 {
		// Numbers up to 127, the most labels of a name, must be supported (RFC 7208,
		// section 7.1). A number above 31 bits is an attack.
		parts, err := strconv.ParseUint(s[:digits], 10, 31)
		if err != nil || parts == 0 {
			return m, "has a macro with an invalid number of parts"
		}
		m.parts, s = int(parts), s[digits:]
	}
	if s != "" && s[0]|0x20 == 'r' {
		m.reverse, s = true, s[1:]
	}
	m.delimiters = s
	if strings.Trim(s, ".-+,/_=") != "" {
		return m, "has a macro with an invalid delimiter"
	}
	return m, ""
}

// fault returns why s is not a macro-string, "" if it is one. The letters c, r and t
// are for explanations only (RFC 7208, section 7.2); everyLetter accepts them.
func (s macroString) fault(everyLetter bool) (reason string) {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return notVisible
		}
	}
	for rest := s; rest != ""; {
		var m macro
		if m, rest, reason = rest.next(); reason != "" {
			return reason
		}
		if !everyLetter && (m.letter == 'c' || m.letter == 'r' || m.letter == 't') {
			return "has a macro that is only for explanations"
		}
	}
	return ""
}

// domainFault returns why s is not a domain-spec: a macro-string that ends in a
// macro, or in a dot and a top label (RFC 7208, section 7.1).
func (s macroString) domainFault() (reason string) {
	if s == "" {
		return "has an empty domain"
	}
	if reason = s.fault(false); reason != "" {
		return reason
	}
	tail := string(s)
	for rest := s; rest != ""; {
		var m macro
		before := rest
		if m, rest, _ = rest.next(); rest == "" {
			if before[0] == '%' {
				return ""
			}
			tail = m.literal
		}
	}
	tail = strings.TrimSuffix(tail, ".")
	dot := strings.LastIndexByte(tail, '.')
	if dot < 0 || !isTopLabel(tail[dot+1:]) {
		return "has a domain that does not end in a dot and the name of a top-level domain"
	}
	return ""
}

// isTopLabel reports whether s consists of letters, digits and hyphens, has no hyphen at
// either end, and is not a number.
func isTopLabel(s string) bool {
	number := true
	for i := range len(s) {
		switch c := s[i]; {
		case isDigit(c):
		case isLetter(c):
			number = false
		case c == '-' && i > 0 && i < len(s)-1:
			number = false
		default:
			return false
		}
	}
	return !number
}

// uses reports whether one of the letters is a macro in s, which has no fault.
func (s macroString) uses(letters ...byte) bool {
	for rest := s; rest != ""; {
		var m macro
		if m, rest, _ = rest.next(); slices.Contains(letters, m.letter) {
			return true
		}
	}
	return false
}

// expand replaces the macros with the values of their letters, up to a bound.
func (s macroString) expand(value func(letter byte) string) string {
	var b strings.Builder
	for rest := s; rest != "" && b.Len() < maxRecord; {
		var m macro
		m, rest, _ = rest.next() // the record was rejected if this fails
		b.WriteString(m.expand(value))
	}
	return b.String()
}

// expandName is expand for a name. If the name is too long, labels are removed from
// the left (RFC 7208, section 7.3), so it is built from the right, and only as far as
// needed.
func (s macroString) expandName(value func(letter byte) string) string {
	if strings.IndexByte(string(s), '%') < 0 {
		return cut(string(s))
	}
	var macros []macro
	for rest := s; rest != ""; {
		var m macro
		m, rest, _ = rest.next()
		macros = append(macros, m)
	}
	name := ""
	for i := len(macros) - 1; i >= 0 && len(name) <= maxName+len("."); i-- {
		name = macros[i].expand(value) + name
	}
	return cut(name)
}

func (m macro) expand(value func(letter byte) string) string {
	if m.letter == 0 {
		return m.literal
	}
	text := m.transform(value(m.letter))
	if m.escape {
		return escape(text)
	}
	return text
}

// transform splits a value into its parts, reverses them, takes some from the right and
// joins them with dots (RFC 7208, section 7.3). Several delimiters in a row count as
// one.
func (m macro) transform(value string) string {
	if m.parts == 0 && !m.reverse && m.delimiters == "" {
		return value
	}
	delimiters := m.delimiters
	if delimiters == "" {
		delimiters = "."
	}
	parts := strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(delimiters, r) })
	if m.reverse {
		slices.Reverse(parts)
	}
	if m.parts > 0 && m.parts < len(parts) {
		parts = parts[len(parts)-m.parts:]
	}
	return strings.Join(parts, ".")
}

// escape replaces every octet that is not unreserved in a URL (RFC 3986, section 2.3) by
// a % and two hexadecimal digits.
func escape(s string) string {
	const hex = "0123456789ABCDEF"
	escaped := make([]byte, 0, len(s))
	for i := range len(s) {
		if c := s[i]; isLetter(c) || isDigit(c) || strings.IndexByte("-._~", c) >= 0 {
			escaped = append(escaped, c)
		} else {
			escaped = append(escaped, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(escaped)
}

// dotted returns an address as the value of the macro i: IPv4 as usual, IPv6 as nibbles
// with dots between them, in upper case as in the public test suite.
func dotted(addr netip.Addr) string {
	if addr.Is4() {
		return addr.String()
	}
	var b strings.Builder
	for i, octet := range addr.As16() {
		if i > 0 {
			b.WriteByte('.')
		}
		fmt.Fprintf(&b, "%X.%X", octet>>4, octet&15)
	}
	return b.String()
}

// maxName is the maximum length of a name in octets, without its final dot.
const maxName = 253

// cut removes labels from the left of an expanded name that is too long (RFC 7208,
// section 7.3).
func cut(name string) string {
	name = strings.TrimSuffix(name, ".")
	if len(name) <= maxName {
		return name
	}
	dot := strings.IndexByte(name[len(name)-maxName-1:], '.')
	if dot < 0 {
		return ""
	}
	return name[len(name)-maxName-1+dot+1:]
}

// letter returns the value of a macro letter in a record of domain (RFC 7208,
// section 7.2). Those for explanations only are in explain.go.
func (ev *evaluation) letter(letter byte, domain envelope.Host) string {
	switch letter {
	case 's':
		return ev.sender.local + "@" + string(ev.sender.domain)
	case 'l':
		return ev.sender.local
	case 'o':
		return string(ev.sender.domain)
	case 'd':
		return string(domain)
	case 'i':
		return dotted(ev.client)
	case 'p':
		return ev.validatedName(domain)
	case 'v':
		if ev.client.Is4() {
			return "in-addr"
		}
		return "ip6"
	case 'h':
		return ev.helo
	}
	return ""
}
