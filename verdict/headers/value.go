package headers

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"mxrules.example/envelope"
)

// clean returns text as one line of printable characters and of a bounded length. It
// must be called before inert, because the characters that it inserts can complete an
// encoded word.
func clean(text string, smtputf8 bool) string {
	return envelope.CleanText(envelope.Excerpt(text), smtputf8)
}

// inert replaces the characters of a clean text that a reader which does not follow
// the grammar may take for more than a value: the beginning of an encoded word (RFC
// 2047), which some programs decode first, comments, quotes, and the end of a result.
func inert(text string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '(':
			return '['
		case ')':
			return ']'
		case ';':
			return ','
		case '"':
			return '\''
		case '\\':
			return '/'
		}
		return r
	}, strings.ReplaceAll(text, "=?", ":?"))
}

// withoutPairs replaces each "=" by ":", except at the end, where it is the padding of
// base64. So a program that searches a field for dmarc=pass does not find it in a
// value.
func withoutPairs(text string) string {
	padding := len(text) - len(strings.TrimRight(text, "="))
	end := len(text) - padding
	return strings.ReplaceAll(text[:end], "=", ":") + text[end:]
}

// propertyValue returns text as a pvalue (RFC 8601, section 2.2): a token and an
// address unchanged, and everything else as a quoted-string. A peer may have chosen
// the text.
func propertyValue(text string, smtputf8 bool) string {
	text = clean(text, smtputf8)
	at := strings.LastIndexByte(text, '@')
	if at >= 0 && isDomain(text[at+1:]) {
		local, domain := text[:at], text[at:]
		if content, ok := unquoted(local); ok {
			return reason(content) + domain
		}
		if local == "" || isDotAtom(local) {
			return text
		}
	}
	if isToken(text) {
		return text
	}
	return reason(text)
}

// reason returns a clean text as a quoted-string of an Authentication-Results field.
func reason(text string) string { return `"` + withoutPairs(inert(text)) + `"` }

// pairValue returns text as the value of a key-value-pair of a Received-SPF field (RFC
// 7208, section 9.1). A peer may have chosen the text.
func pairValue(text string, smtputf8 bool) string {
	text = inert(clean(text, smtputf8))
	if isDotAtom(text) {
		return text
	}
	return `"` + text + `"`
}

// unquoted returns the content of text if it is one quoted-string (RFC 5322, section
// 3.2.4).
func unquoted(text string) (content string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		return "", false
	}
	r := reader{rest: text}
	content = r.quotedString()
	return content, r.fault == "" && r.rest == ""
}

// isToken reports whether s is a token of RFC 2045, section 5.1.
func isToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || strings.IndexByte(`()<>@,;:\"/[]?=`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

// isDotAtom reports whether s is a dot-atom-text of RFC 5322, section 3.2.3, or of RFC
// 6532, section 3.2, without the characters "=" and "?" of encoded words, and with
// only letters and digits outside ASCII.
func isDotAtom(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool {
			return !isLetter(r) && !strings.ContainsRune("!#$%&'*+-/^_`{|}~", r)
		}) {
			return false
		}
	}
	return true
}

// isDomain reports whether s has only letters, digits, hyphens, underscores and dots.
func isDomain(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !isLetter(r) && !strings.ContainsRune("-_.", r)
	})
}

// isLetter reports whether r is a letter or a digit, of any script.
func isLetter(r rune) bool {
	if r < utf8.RuneSelf {
		return isAlphanumeric(byte(r))
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd)
}
