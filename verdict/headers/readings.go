package headers

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"mxrules.example/envelope"
)

// What replaces blanks in the readings of a text.
const (
	oneBlank rune = ' '
	noBlanks rune = -1
)

// readings returns the texts that different programs may read in a header text: with
// the characters outside ASCII, mapped to ASCII where they stand for it, and without
// them. Both are in lower case and without quotes, backslashes and invisible
// characters. Text that is not UTF-8 is read as Latin-1.
func readings(text string, blank rune) iter.Seq[string] {
	return func(yield func(string) bool) {
		if isASCII(text) {
			yield(squeeze(text, blank))
			return
		}
		_ = yield(squeeze(canonical(asUTF8(text)), blank)) &&
			yield(squeeze(strings.Map(onlyASCII, text), blank))
	}
}

// squeeze returns text in lower case, without the characters that some programs
// remove from a name.
func squeeze(text string, blank rune) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '\t' || r >= utf8.RuneSelf && unicode.IsSpace(r):
			return blank
		case r < ' ' || r == '"' || r == '\\' || isUnseen(r):
			return -1
		}
		return unicode.ToLower(r)
	}, text)
}

// isUnseen reports whether r is invisible.
func isUnseen(r rune) bool {
	return r == 0x7f || r == utf8.RuneError ||
		r >= utf8.RuneSelf && unicode.In(r, unicode.C, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// canonical returns text with full stops of every width and letters of every form
// mapped to one character each, as host names are (RFC 5895).
func canonical(text string) string {
	return strings.ReplaceAll(norm.NFKC.String(text), "。", ".")
}

// asUTF8 returns text unchanged if it is UTF-8, otherwise converted from Latin-1.
func asUTF8(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	runes := make([]rune, len(text))
	for i := range len(text) {
		runes[i] = rune(text[i])
	}
	return string(runes)
}

func onlyASCII(r rune) rune {
	if r >= utf8.RuneSelf {
		return -1
	}
	return r
}

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// isNameByte reports whether an octet of a reading can be part of a name.
func isNameByte(c byte) bool {
	return isAlphanumeric(c) || c == '-' || c == '_' || c == '.' || c >= utf8.RuneSelf
}

// forms returns the forms of a name in a reading: with A-labels and, if it has any,
// with U-labels.
func forms(host envelope.Host) []string {
	list := []string{string(host)}
	if unicoded, err := idna.ToUnicode(string(host)); err == nil && unicoded != string(host) {
		list = append(list, squeeze(canonical(unicoded), noBlanks))
	}
	return list
}
