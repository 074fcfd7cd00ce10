package pattern

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// FoldCase returns text in lower case, so that texts that differ only in letter case
// compare equal. It is for logins (RFC 8265, section 3.3) and for local parts. RFC
// 5321, section 2.4 makes local parts case-sensitive, but hardly any site has two
// mailboxes that differ only in case. Invalid UTF-8 is returned unchanged.
//
// A letter outside ASCII never becomes an ASCII letter. The lower case of the dotted
// capital İ is i in Unicode and that of the Kelvin sign is k, so without this rule
// two different names would be equal.
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
