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

// rewrite writes a file again with what was seen in place of what was expected.
func (f *file) rewrite(fsys fs.FS, found []mismatch) error {
	writer, ok := fsys.(interface {
		WriteFile(name string, data []byte, mode fs.FileMode) error
	})
	if !ok {
		return fmt.Errorf("%s: the file system %T cannot write files; use scenario.Dir", f.name, fsys)
	}
	lines := slices.Clone(f.source)
	slices.SortFunc(found, func(a, b mismatch) int { return cmp.Compare(b.at.number, a.at.number) })
	for i := range found {
		from, to := f.expected(&found[i])
		lines = slices.Replace(lines, from, to, found[i].rewritten(f.source[from:to])...)
	}
	return writer.WriteFile(f.name, []byte(strings.Join(lines, "\n")), 0o644)
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

// rewritten returns the lines that replace the old ones.
func (m *mismatch) rewritten(old []string) []string {
	var lines []string
	switch m.at.word {
	case "case":
		for _, line := range old {
			if !strings.HasPrefix(strings.TrimSpace(line), "= ") {
				lines = append(lines, line)
			}
		}
		for _, seen := range m.seen {
			lines = append(lines, "  = "+seen)
		}
	case "S:":
		for _, seen := range m.seen {
			if strings.HasPrefix(seen, "2") || strings.HasPrefix(seen, "3") { // their text is the server's
				return []string{"S: " + seen[:3]}
			}
			lines = append(lines, "S: "+seen)
		}
	default:
		lines = []string{m.at.word + " " + m.seen[0]}
	}
	return lines
}
