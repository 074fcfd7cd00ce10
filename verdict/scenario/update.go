package scenario

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
		return fmt.Sprintf("if what was seen is right, change the lines of %s that are named above", f.name)
	}
	return fmt.Sprintf("if what was seen is right, this writes it into %s: go test -run '^%s$' -update", f.name, strings.ReplaceAll(test, "/", "$/^"))
}

// rewrite writes a file again with what was seen in place of what was expected.
func (f *file) rewrite(fsys fs.FS, found []mismatch) error {
	to, ok := fsys.(writer)
	if !ok {
		return fmt.Errorf("%s: the file system %T cannot write files; use scenario.Dir", f.name, fsys)
	}
	lines := slices.Clone(f.source)
	slices.SortStableFunc(found, func(a, b mismatch) int { return cmp.Compare(b.at.number, a.at.number) })
	for len(found) > 0 {
		n := 1
		for n < len(found) && found[n].at.number == found[0].at.number { // of other policies
			n++
		}
		from, to := f.expected(&found[0])
		lines = slices.Replace(lines, from, to, rewritten(found[:n], f.source[from:to])...)
		found = found[n:]
	}
	return to.WriteFile(f.name, []byte(strings.Join(lines, "\n")), 0o644)
}

// expected returns the range of lines that a mismatch replaces, from index 0.
func (f *file) expected(m *mismatch) (from, to int) {
	from = m.at.number - 1
	if m.at.word != "case" {
		return from, from + len(m.want)
	}
	return from + 1, from + 1 + blockLength(f.source[from+1:])
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
// line, and several policies.
func rewritten(found []mismatch, old []string) (lines []string) {
	m := &found[0]
	switch m.at.word {
	case "case":
		return rewrittenCase(found, old)
	case "S:":
		for _, seen := range m.seen {
			if strings.HasPrefix(seen, "2") || strings.HasPrefix(seen, "3") { // their text is the server's
				return []string{"S: " + seen[:3]}
			}
			lines = append(lines, "S: "+seen)
		}
		return lines
	}
	return []string{m.at.word + " " + m.seen[0]}
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
		expected[found[i].scene.policy] = found[i].seen
	}
	for _, line := range s.fold(expected) {
		lines = append(lines, "  "+line)
	}
	return lines
}
