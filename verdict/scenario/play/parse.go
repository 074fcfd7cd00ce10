package play

import (
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"mxrules.example/envelope"
)

// Bounds of a file.
const (
	maxFile     = 4 << 20 // octets
	maxIncludes = 10      // deep
)

// file is a parsed scenario file.
type file struct {
	name   string
	source []string // its lines, to be written again
	head   []entry  // what holds for all of its scenes
	scenes []*scene
}

// scene is one scenario or case.
type scene struct {
	entry           // "scenario" or "case", and the name
	file    *file   // that it stands in
	entries []entry // the lines after it
	policy  string  // the one that plays it; see each
	full    string  // the name with that of the policy, if it has several
	once    bool    // see judgedOnce
}

// entry is one line of a file with the indented lines below it.
type entry struct {
	file   string
	number int    // of the line, from 1
	word   string // the first word
	rest   string // what follows
	block  []string
	lines  []int // the numbers of the lines of block
}

// fault is an error in a file.
func (e *entry) fault(format string, values ...any) error {
	return fmt.Errorf("%s:%d: %s", e.file, e.number, fmt.Sprintf(format, values...))
}

// wrap returns err with the place of the entry, unless it has it.
func (e *entry) wrap(err error) error {
	place := fmt.Sprintf("%s:%d: ", e.file, e.number)
	if err == nil || strings.HasPrefix(err.Error(), place) {
		return err
	}
	return fmt.Errorf("%s%w", place, err)
}

// unknown returns the error of a word that is none of these.
func (e *entry) unknown(words map[string]bool) error {
	return e.fault("the word %q is unknown; a line begins with one of: %s", envelope.Excerpt(e.word), strings.Join(slices.Sorted(maps.Keys(words)), " "))
}

// text returns the block as lines that end with LF.
func (e *entry) text() string {
	if len(e.block) == 0 {
		return ""
	}
	return strings.Join(e.block, "\n") + "\n"
}

// words are the words that a line can begin with, and whether it may have a block.
var (
	headWords = map[string]bool{
		"policy": false, "zone": true, "fault": false, "clock": false, "mailbox": false, "owner": false,
		"set": false, "message": true, "recorded": true, "key": false, "good": false, "for": false, "delay": false, "include": false, "uncovered": false, "unnoticed": false,
	}
	dialogueWords = map[string]bool{
		"connect": false, "client": false, "close": false, "C:": false, "S:": false, "data": true, "octets": false, "wait": false, "heal": false,
		"rule": false, "marks": false, "undecided": false, "finding": false, "asked": false, "store": false,
	}
)

// about are the words of lines about the last reply.
var about = map[string]bool{"rule": true, "marks": true, "undecided": true, "finding": true, "asked": true, "store": true}

// parseFile reads a file, and the files that it includes.
func parseFile(fsys fs.FS, name string) (*file, error) {
	text, err := readFile(fsys, name)
	if err != nil {
		return nil, err
	}
	f := &file{name: name, source: strings.Split(text, "\n")}
	entries, err := split(place(fsys, name), f.source)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		switch {
		case e.word == "scenario" || e.word == "case":
			if e.rest == "" {
				return nil, e.fault("the %s has no name", e.word)
			}
			if i := slices.IndexFunc(f.scenes, func(s *scene) bool { return s.rest == e.rest }); i >= 0 {
				return nil, e.fault("the name %q is that of line %d too", e.rest, f.scenes[i].number)
			}
			f.scenes = append(f.scenes, &scene{entry: e, file: f})
		case len(f.scenes) == 0:
			if err := f.addHead(fsys, e, 0); err != nil {
				return nil, err
			}
		default:
			s := f.scenes[len(f.scenes)-1]
			if err := s.allow(&e); err != nil {
				return nil, err
			}
			s.entries = append(s.entries, e)
		}
	}
	return f, nil
}

// place returns how errors name a file, so that an editor can open it.
func place(fsys fs.FS, name string) string {
	if dir, ok := fsys.(Dir); ok {
		return filepath.Join(string(dir), name)
	}
	return name
}

func readFile(fsys fs.FS, name string) (string, error) {
	text, err := fs.ReadFile(fsys, name)
	switch {
	case err != nil:
		return "", err
	case len(text) > maxFile:
		return "", fmt.Errorf("%s: the file has %d octets, at most %d are allowed", name, len(text), maxFile)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n"), nil
}

// addHead adds a line of the head, or the head of a file that the line includes.
func (f *file) addHead(fsys fs.FS, e entry, depth int) error {
	hasBlock, known := headWords[e.word]
	switch {
	case !known && dialogueWordsHas(e.word):
		return e.fault("%s stands before the first scenario", e.word)
	case !known:
		return e.unknown(headWords)
	case len(e.block) > 0 && !hasBlock:
		return e.fault("%s takes no indented lines", e.word)
	case e.word != "include":
		f.head = append(f.head, e)
		return nil
	case depth == maxIncludes:
		return e.fault("the files include each other")
	}
	text, err := readFile(fsys, e.rest)
	if err != nil {
		return e.wrap(err)
	}
	entries, err := split(place(fsys, e.rest), strings.Split(text, "\n"))
	if err != nil {
		return err
	}
	for _, inner := range entries {
		if inner.word == "scenario" || inner.word == "case" {
			return inner.fault("an included file has no scenarios")
		}
		if err := f.addHead(fsys, inner, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func dialogueWordsHas(word string) bool {
	_, ok := dialogueWords[word]
	return ok
}

// allow returns an error if a line cannot stand in the scene.
func (s *scene) allow(e *entry) error {
	hasBlock, known := headWords[e.word]
	if !known && s.word == "scenario" {
		hasBlock, known = dialogueWords[e.word]
	}
	switch {
	case e.word == "fault" && s.word == "case":
		return e.fault("a case has no line fault; the field broken= is the same")
	case e.word == "include":
		return e.fault("include stands after the first scenario")
	case !known && s.word == "case":
		return e.fault("the lines of a case are indented, and %q is not", envelope.Excerpt(e.word))
	case !known:
		return e.unknown(dialogueWords)
	case len(e.block) > 0 && !hasBlock && s.word == "case":
		return e.fault("%s takes no indented lines: those of the case come directly after its line", e.word)
	case len(e.block) > 0 && !hasBlock:
		return e.fault("%s takes no indented lines", e.word)
	}
	return nil
}

// split splits the lines of a file into entries.
func split(name string, lines []string) ([]entry, error) {
	var entries []entry
	for i, line := range lines {
		blank := strings.TrimSpace(line) == ""
		switch {
		case !blank && (line[0] == ' ' || line[0] == '\t'):
			if len(entries) == 0 {
				return nil, fmt.Errorf("%s:%d: an indented line begins the file", name, i+1)
			}
			e := &entries[len(entries)-1]
			e.block, e.lines = append(e.block, line), append(e.lines, i+1)
		case blank:
			if n := len(entries); n > 0 && len(entries[n-1].block) > 0 {
				entries[n-1].block, entries[n-1].lines = append(entries[n-1].block, ""), append(entries[n-1].lines, i+1)
			}
		case line[0] == '#':
		default:
			word, rest, _ := strings.Cut(line, " ")
			entries = append(entries, entry{file: name, number: i + 1, word: word, rest: strings.TrimSpace(rest)})
		}
	}
	for i := range entries {
		entries[i].block = dedent(entries[i].block)
	}
	return entries, nil
}

// dedent removes the blank lines at the end of a block, and the indentation that its
// lines share.
func dedent(block []string) []string {
	for len(block) > 0 && block[len(block)-1] == "" {
		block = block[:len(block)-1]
	}
	shared := -1
	for _, line := range block {
		if line == "" {
			continue
		}
		indent := len(line) - len(strings.TrimLeft(line, " \t"))
		if shared < 0 || indent < shared {
			shared = indent
		}
	}
	for i, line := range block {
		if line != "" {
			block[i] = line[shared:]
		}
	}
	return block
}
