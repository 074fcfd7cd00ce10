package pattern

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// FoldCase gives texts one form that differ in nothing but letter case. It is
// for logins (RFC 8265, section 3.3) and for local parts, whose case RFC 5321,
// section 2.4 leaves to the site that they belong to; hardly any site tells two
// mailboxes apart by it. Octets that are no characters have no case.
//
// A letter beyond ASCII never becomes one of ASCII. Unicode has a dotted
// capital İ whose lower case is i, and a sign for Kelvin that becomes k; with
// these one name could pass for another.
func FoldCase(text string) string {
	if !utf8.ValidString(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if lower := unicode.ToLower(r); r < utf8.RuneSelf || lower >= utf8.RuneSelf {
			return lower
		}
		return r
	}, text)
}
