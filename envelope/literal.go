package envelope

import (
	"net/netip"
	"strings"
)

// Literal is an address literal: an address in brackets in place of a domain (RFC
// 5321, section 4.1.3).
type Literal struct {
	// Addr is the address of an IPv4 or IPv6 literal; an IPv4-mapped address is
	// IPv4. It is invalid for a general literal.
	Addr netip.Addr
	// Tag and Content are the two parts of a general literal, [tag:content].
	Tag, Content string
}

// IsZero reports whether l is the zero Literal.
func (l Literal) IsZero() bool { return l == Literal{} }

// String returns the literal with its brackets, "" for the zero Literal.
func (l Literal) String() string {
	switch {
	case l.IsZero():
		return ""
	case !l.Addr.IsValid():
		return "[" + l.Tag + ":" + l.Content + "]"
	case l.Addr.Is4():
		return "[" + l.Addr.String() + "]"
	}
	return "[IPv6:" + l.Addr.String() + "]"
}

// ParseLiteral parses an address literal with its brackets: [192.0.2.1],
// [IPv6:2001:db8::1] or [tag:content]. An IPv6 address needs its tag. The error
// is a *[SyntaxError].
func ParseLiteral(s string) (Literal, error) {
	l, reason := parseLiteral(s)
	if reason != "" {
		return Literal{}, &SyntaxError{Kind: "address literal", Value: s, Reason: reason}
	}
	return l, nil
}

func parseLiteral(s string) (Literal, string) {
	if len(s) < 2 || s[0] != '[' || s[len(s)-1] != ']' {
		return Literal{}, "is not in brackets"
	}
	inner := s[1 : len(s)-1]
	if addr, ok := parseIPv4(inner); ok {
		return Literal{Addr: addr}, ""
	}
	tag, content, tagged := strings.Cut(inner, ":")
	if !tagged {
		return Literal{}, "is not an IPv4 address"
	}
	if strings.EqualFold(tag, "IPv6") {
		addr, err := netip.ParseAddr(content)
		if err != nil || addr.Is4() || addr.Zone() != "" {
			return Literal{}, "is not an IPv6 address"
		}
		return Literal{Addr: addr.Unmap()}, ""
	}
	// By the grammar [2001:db8::1] is a general literal with the tag 2001. It is
	// meant as an IPv6 address.
	if _, err := netip.ParseAddr(inner); err == nil {
		return Literal{}, `is an IPv6 address without the tag "IPv6:"`
	}
	if !isLDH(tag) || !isDcontent(content) {
		return Literal{}, "is neither an address nor a tag with its content"
	}
	return Literal{Tag: tag, Content: content}, ""
}

// parseIPv4 parses four decimal numbers. Unlike netip it accepts leading zeros, which
// the grammar of RFC 5321 allows, and reads the numbers as decimal.
func parseIPv4(s string) (netip.Addr, bool) {
	var octets [4]byte
	part, digits, value := 0, 0, 0
	for i := 0; i <= len(s); i++ {
		if i == len(s) || s[i] == '.' {
			if digits == 0 || value > 255 || part > 3 {
				return netip.Addr{}, false
			}
			octets[part] = byte(value)
			part, digits, value = part+1, 0, 0
			continue
		}
		if s[i] < '0' || s[i] > '9' || digits == 3 {
			return netip.Addr{}, false
		}
		digits, value = digits+1, value*10+int(s[i]-'0')
	}
	return netip.AddrFrom4(octets), part == 4
}

// isLDH reports whether s is an Ldh-str: letters, digits and hyphens, not
// ending in a hyphen.
func isLDH(s string) bool {
	for i := range len(s) {
		if !isNameByte(s[i]) || s[i] == '_' {
			return false
		}
	}
	return s != "" && s[len(s)-1] != '-'
}

// isDcontent reports whether s is 1*dcontent: printable ASCII without blanks,
// brackets and backslash.
func isDcontent(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '[' || c == ']' || c == '\\' {
			return false
		}
	}
	return s != ""
}
