package headers

import (
	"strings"
	"unicode/utf8"

	"mxrules.example/envelope"
)

const (
	// fieldName is the name of the field of RFC 8601.
	fieldName = "Authentication-Results"
	// maxColumn is where lines are folded if they can be (RFC 5322, section
	// 2.1.1).
	maxColumn = 78
)

// write returns the field. It omits what is not a keyword where the grammar requires
// one; only a mistake in a check can cause that.
func (s *Stamp) write(entries []envelope.AuthenticationResult, smtputf8 bool) string {
	w := folder{limit: maxColumn}
	w.word(fieldName + ": " + s.name)
	written := false
	for _, entry := range entries {
		if !isKeyword(entry.Method) || !isKeyword(entry.Result) {
			continue
		}
		written = true
		w.append(";")
		w.newLine()
		w.word(entry.Method + "=" + entry.Result)
		if entry.Reason != "" {
			w.word("reason=" + reason(clean(entry.Reason, smtputf8)))
		}
		for _, p := range entry.Properties {
			if isKeyword(p.Type) && isKeyword(p.Name) {
				w.word(p.Type + "." + p.Name + "=" + propertyValue(p.Value, smtputf8))
			}
		}
	}
	if !written {
		w.append("; none") // no-result in RFC 8601, section 2.2
	}
	return w.String()
}

// maxKeyword bounds a keyword, in octets. The longest registered one has 12.
const maxKeyword = 64

// isKeyword reports whether s is a keyword: letters, digits and hyphens, with no
// hyphen at either end (RFC 5321, section 4.1.2).
func isKeyword(s string) bool {
	if s == "" || len(s) > maxKeyword || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isAlphanumeric(c) && c != '-' {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// folder writes the words of a field, and folds before a word that does not fit on the
// line. No word is longer than 400 octets (a value of 256 and two keywords), so that
// no line is longer than 998 (RFC 5322, section 2.1.1).
type folder struct {
	limit  int
	text   strings.Builder
	column int
	fresh  bool // nothing is on this line yet
}

// word writes one word, with a blank or a fold before it.
func (w *folder) word(word string) {
	width := utf8.RuneCountInString(word)
	switch {
	case w.text.Len() == 0:
	case w.fresh:
	case w.column+1+width > w.limit:
		w.newLine()
	default:
		w.append(" ")
	}
	w.append(word)
}

// append writes text without a blank before it.
func (w *folder) append(text string) {
	w.text.WriteString(text)
	w.column += utf8.RuneCountInString(text)
	w.fresh = false
}

// newLine begins a new line.
func (w *folder) newLine() {
	w.text.WriteString("\r\n\t")
	w.column, w.fresh = 8, true
}

// String returns the field with its line end.
func (w *folder) String() string { return w.text.String() + "\r\n" }
