package envelope

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// excerptLength bounds a value inside a sentence, in octets. A host name has
// at most 253, so that no honest one is ever cut.
const excerptLength = 256

// CleanText returns s fit for a line of a reply, a header or a log: no control
// character, no line break, no invalid UTF-8, nothing that reverses the
// direction of text or hides. A run of white space becomes one blank, anything
// else that does not belong becomes "?". Without utf8 (a peer that has not
// asked for SMTPUTF8, RFC 6531) every character outside printable ASCII is
// replaced too.
//
// It is the one rule for text that leaves the program. Clean text is returned
// as it is, without a copy.
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

// isClean reports whether s is printable ASCII in which blanks stand alone and
// inside.
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
	// IsPrint leaves out controls, format characters (bidirectional overrides,
	// zero width) and line separators. A few letters and marks show nothing all
	// the same.
	return utf8OK && r != utf8.RuneError && unicode.IsPrint(r) &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// Excerpt returns s cut to a length that a sentence can hold (256 octets, at a
// character boundary, with "..." where it was cut) and cleaned as by
// CleanText.
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
