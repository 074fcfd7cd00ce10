package postfix

import (
	"fmt"
	"slices"
	"strings"
)

// maxFile is the size in octets up to which a file is read.
const maxFile = 4 << 20

// parameter is one assignment of a main.cf.
type parameter struct {
	value string
	line  int      // of its name
	parts []string // of its lines, in order; "" for a comment or an empty line
}

// lineOf returns the number of the first line with all words, or that of the name.
func (p parameter) lineOf(words ...string) int {
	for i, part := range p.parts {
		if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(part, word) }) {
			return p.line + i
		}
	}
	return p.line
}

// parameters are the assignments of a main.cf. The last of a name counts.
type parameters map[string]parameter

// logical is a logical line of a file: a line and those that continue it.
type logical struct {
	text  string
	line  int      // of its beginning
	parts []string // its lines, "" for a comment or an empty line within
}

// logicalLines joins the lines of a file that begin with blanks to the line before
// (postconf(5), "general information"). Empty lines and comments are dropped, and do
// not end a logical line.
func logicalLines(file, text string) ([]logical, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s: the file has more than %d octets", file, maxFile)
	}
	var lines []logical
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if i := strings.IndexByte(line, 0); i >= 0 {
			return nil, fmt.Errorf("%s:%d: the line has a NUL", file, number)
		}
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || trimmed[0] == '#':
		case line[0] != ' ' && line[0] != '\t':
			lines = append(lines, logical{line: number, parts: []string{trimmed}})
		case len(lines) == 0:
			return nil, fmt.Errorf("%s:%d: the line continues another, and there is none before it", file, number)
		default:
			last := &lines[len(lines)-1]
			for last.line+len(last.parts) < number {
				last.parts = append(last.parts, "")
			}
			last.parts = append(last.parts, trimmed)
		}
	}
	for i := range lines {
		lines[i].text = strings.Join(slices.DeleteFunc(slices.Clone(lines[i].parts), func(part string) bool { return part == "" }), " ")
	}
	return lines, nil
}

// parseMain parses a main.cf.
func parseMain(file, text string) (parameters, error) {
	lines, err := logicalLines(file, text)
	if err != nil {
		return nil, err
	}
	all := parameters{}
	for _, line := range lines {
		name, value, found := strings.Cut(line.text, "=")
		name = strings.TrimSpace(name)
		switch {
		case !found:
			return nil, fmt.Errorf("%s:%d: %q has no = after the name of a parameter", file, line.line, excerpt(line.text))
		case !isName(name):
			return nil, fmt.Errorf("%s:%d: %q is not the name of a parameter", file, line.line, excerpt(name))
		}
		all[name] = parameter{value: strings.TrimSpace(value), line: line.line, parts: line.parts}
	}
	return all, nil
}

// isName reports whether s can be the name of a parameter.
func isName(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_':
		default:
			return false
		}
	}
	return s != ""
}

// excerpt returns s, cut to a length for an error.
func excerpt(s string) string {
	const length = 80
	if len(s) <= length {
		return s
	}
	return strings.ToValidUTF8(s[:length], "") + "..."
}
