package play

import (
	"cmp"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Dir is a directory of scenario files that Run can rewrite.
type Dir string

// Open opens a file of the directory.
func (d Dir) Open(name string) (fs.File, error) { return os.DirFS(string(d)).Open(name) }

// WriteFile writes a file of the directory.
func (d Dir) WriteFile(name string, data []byte, mode fs.FileMode) error {
	if !filepath.IsLocal(name) {
		return &fs.PathError{Op: "write", Path: name, Err: fs.ErrInvalid}
	}
	return os.WriteFile(filepath.Join(string(d), name), data, mode)
}

// updating reports whether the test binary has a flag update that is set.
func updating() bool {
	f := flag.Lookup("update")
	return f != nil && f.Value.String() == "true"
}

// writer is a file system that Run can rewrite, such as a Dir.
type writer interface {
	WriteFile(name string, data []byte, mode fs.FileMode) error
}

// hint says how a test of this name writes what was seen into the file.
func (f *file) hint(fsys fs.FS, test string) string {
	if _, ok := fsys.(writer); !ok || flag.Lookup("update") == nil {
		return fmt.Sprintf("if what was seen is right, change the lines of %s that are named above", place(fsys, f.name))
	}
	return fmt.Sprintf("if what was seen is right, this writes it into %s: go test -run '^%s$' -update", place(fsys, f.name), strings.ReplaceAll(test, "/", "$/^"))
}

// rewrite writes a file again with what was seen in place of what was expected. It returns
// how many lines are new. A reply that did not come is not written.
func (f *file) rewrite(fsys fs.FS, found []mismatch) (changed int, err error) {
	to, ok := fsys.(writer)
	if !ok {
		return 0, fmt.Errorf("%s: the file system %T cannot write files; use scenario.Dir", f.name, fsys)
	}
	lines := slices.Clone(f.source)
	found = slices.DeleteFunc(slices.Clone(found), func(m mismatch) bool { return m.missing })
	slices.SortStableFunc(found, func(a, b mismatch) int { return f.expected(&b).compare(f.expected(&a)) })
	for len(found) > 0 {
		at, n := f.expected(&found[0]), 1
		for n < len(found) && f.expected(&found[n]) == at { // of other policies, or other replies
			n++
		}
		replacement := rewritten(found[:n], f.source[at.from:at.to])
		lines, changed = slices.Replace(lines, at.from, at.to, replacement...), changed+len(replacement)
		found = found[n:]
	}
	return changed, to.WriteFile(f.name, []byte(strings.Join(lines, "\n")), 0o644)
}

// span is a range of lines, from index 0.
type span struct{ from, to int }

func (s span) compare(t span) int {
	return cmp.Or(cmp.Compare(s.from, t.from), cmp.Compare(s.to, t.to))
}

// expected returns the lines that a mismatch replaces.
func (f *file) expected(m *mismatch) span {
	after := m.at.number
	switch {
	case m.unread:
		after += blockLength(f.source[after:])
		return span{after, after}
	case m.at.word == "case":
		return span{after, after + blockLength(f.source[after:])}
	}
	return span{after - 1, after - 1 + len(m.want)}
}

// blockLength returns how many of the lines belong to the indented block at their
// start.
func blockLength(lines []string) int {
	length := 0
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t"):
			length = i + 1
		case strings.TrimSpace(line) != "" && line[0] != '#':
			return length
		}
	}
	return length
}

// rewritten returns the lines that replace the old ones. What is found is about the same
// lines, and several policies, or several replies that were left unread.
func rewritten(found []mismatch, old []string) (lines []string) {
	m := &found[0]
	switch {
	case m.unread:
		for i := range found {
			if found[i].scene != m.scene { // of another policy
				break
			}
			lines = append(lines, replyLines(nil, found[i].seen)...)
		}
		return lines
	case m.at.word == "case":
		return rewrittenCase(found, old)
	case m.at.word == "S:":
		return replyLines(m.want, m.seen)
	}
	return []string{m.at.word + " " + m.seen[0]}
}

// replyLines returns the lines S: of a reply.
func replyLines(want, seen []string) (lines []string) {
	if seen[0] != "" && (seen[0][0] == '2' || seen[0][0] == '3') { // the text is the server's
		return []string{"S: " + seen[0][:min(3, len(seen[0]))]}
	}
	for _, line := range inForm(want, seen) {
		lines = append(lines, "S: "+line)
	}
	return lines
}

// inForm returns what was seen of a reply in the form in which it was expected: in full, its
// codes, or as many words.
func inForm(want, seen []string) []string {
	if len(want) != 1 || len(seen) == 0 || len(seen[0]) < 4 {
		return seen
	}
	first := seen[0][:3] + " " + seen[0][4:]
	prefix, isPrefix := strings.CutSuffix(want[0], "...")
	n := len(strings.Fields(prefix))
	words := strings.Fields(first)
	switch {
	case !isPrefix && !isCodes(want[0]) || len(words) < n:
		return seen
	case n == 2 && !isEnhanced(words[1]):
		n = 1
	}
	first = strings.Join(words[:n], " ")
	if isPrefix {
		first += "..."
	}
	return []string{first}
}

// rewrittenCase returns the lines of a case with what was seen.
func rewrittenCase(found []mismatch, old []string) (lines []string) {
	s := found[0].scene
	for _, line := range old {
		if _, _, ok := s.expectation(strings.TrimSpace(line)); !ok {
			lines = append(lines, line)
		}
	}
	expected := map[string][]string{}
	for _, policy := range s.policies() {
		expected[policy], _ = s.wanted(policy)
	}
	for i := range found {
		policy := found[i].scene.policy
		expected[policy] = inForms(expected[policy], found[i].seen)
	}
	for _, line := range s.fold(expected) {
		lines = append(lines, "  "+line)
	}
	return lines
}
