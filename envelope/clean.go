package envelope

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// excerptLength bounds a value inside a sentence, in octets. A valid host name has at
// most 253 and is not cut.
const excerptLength = 256

// CleanText returns s as text that is safe in a line of a reply, a header or a log:
// without control characters, line breaks, invalid UTF-8, invisible characters and
// characters that change the direction of text. A run of white space becomes one
// blank, and each other such character becomes "?". Without utf8, for a peer that
// did not use SMTPUTF8 (RFC 6531), so does every character outside ASCII.
//
// All text that leaves the program goes through CleanText. Clean text is returned
// without a copy.
func CleanText(s string, utf8 bool) string {
	if isClean(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	blank := false
	for _, r := range s { // an invalid byte reads as U+FFFD
		if unicode.IsSpace(r) {
			blank = true
			continue
		}
		if blank && b.Len() > 0 {
			b.WriteByte(' ')
		}
		blank = false
		if printable(r, utf8) {
			b.WriteRune(r)
		} else {
			b.WriteByte('?')
		}
	}
	return b.String()
}

// isClean reports whether s is printable ASCII without blanks at its ends and without
// two blanks in a row.
func isClean(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c == ' ':
			if i == 0 || i == len(s)-1 || s[i-1] == ' ' {
				return false
			}
		case c < ' ' || c > '~':
			return false
		}
	}
	return true
}

func printable(r rune, utf8OK bool) bool {
	if r < utf8.RuneSelf {
		return r > ' ' && r <= '~'
	}
	// IsPrint excludes controls, format characters (bidirectional overrides, zero
	// width) and line separators. A few letters and marks are invisible too.
	return utf8OK && r != utf8.RuneError && unicode.IsPrint(r) &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// Excerpt returns s cut to 256 octets at a character boundary, with "..." where it was
// cut, and cleaned as by CleanText with utf8.
func Excerpt(s string) string {
	if len(s) > excerptLength {
		cut := excerptLength - len("...")
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "..."
	}
	return CleanText(s, true)
}

// IsASCII reports whether s has octets of ASCII only.
func IsASCII[T ~string | ~[]byte](s T) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
