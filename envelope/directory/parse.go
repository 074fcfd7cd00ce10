package directory

import (
	"fmt"
	"strings"

	"mxrules.example/envelope"
)

// parse parses the text of a file. Its errors name the file and the line.
func parse(name, text string) (table, error) {
	t, number := newTable(), 0
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) { // some editors write a byte order mark
		number++
		if _, err := t.addLine(strings.TrimRight(line, "\r\n")); err != nil {
			return t, fmt.Errorf("%s:%d: %w", name, number, err)
		}
	}
	if len(t.answers) == 0 {
		// A truncated file may be empty. Believing it would make every domain foreign.
		return t, fmt.Errorf("%s: has no entry", name)
	}
	return t, nil
}

// addLine adds the entry of a line, and reports whether there is one.
func (t table) addLine(line string) (found bool, err error) {
	entry, rest := nextField(line)
	word, rest := nextField(rest)
	if entry == "" {
		return false, nil
	}
	answer, ok := parseAnswer(word)
	if !ok {
		return true, badEntry(entry, fmt.Sprintf("is followed by %+q, which is none of known, unknown, disabled, full, moved", envelope.Excerpt(word)))
	}
	if more, _ := nextField(rest); more != "" {
		return true, badEntry(entry, fmt.Sprintf("is followed by %+q, and has its word already", envelope.Excerpt(more)))
	}
	return true, t.add(entry, answer)
}

// parseAnswer parses the word after an entry. No word is Known.
func parseAnswer(word string) (Answer, bool) {
	if word == "" {
		return Known, true
	}
	for _, a := range [...]Answer{Known, Unknown, Disabled, Full, Moved} {
		if word == a.String() {
			return a, true
		}
	}
	return 0, false
}

// nextField returns the first field of a line and the rest of the line. Fields are
// separated by blanks and tabs outside a quoted local part, which begins a field: a
// general literal may have a single quote. At the end of the line and before a comment
// the field is "".
func nextField(line string) (field, rest string) {
	line = strings.TrimLeft(line, " \t")
	if strings.HasPrefix(line, "#") {
		return "", ""
	}
	quoted := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			quoted = i == 0
		case c == '\\' && quoted:
			i++ // the second octet of a quoted pair ends nothing
		case (c == ' ' || c == '\t') && !quoted:
			return line[:i], line[i:]
		}
	}
	return line, ""
}
