package play

import (
	"regexp"
	"slices"
	"strings"
)

// explained holds what lines of the files explain: what is not covered, or which mutant
// no scenario notices.
type explained struct {
	has    map[string]*entry // by unnumbered text
	unused map[string]*entry
	over   map[string]bool // unnumbered texts of what was reached, or noticed
	known  map[string]bool // unnumbered texts of all that could be explained
}

// explanations collects the lines of a word, such as
//
//	uncovered standard: rule 3 (client.waited) never rejects: no client of the tests is early
//
// What stands before the last colon is what is explained. The number of a rule does not
// count, so that a rule can be added before it.
func explanations(files []*file, word string) explained {
	x := explained{map[string]*entry{}, map[string]*entry{}, map[string]bool{}, map[string]bool{}}
	for _, f := range files {
		for i := range f.head {
			e := &f.head[i]
			if e.word != word {
				continue
			}
			what, _, _ := cutLast(e.rest, ": ")
			what = unnumbered(what)
			x.has[what], x.unused[what] = e, e
		}
	}
	return x
}

var ruleNumber = regexp.MustCompile(`\brule \d+ `)

// unnumbered returns a text about rules without their numbers.
func unnumbered(text string) string { return ruleNumber.ReplaceAllString(text, "rule ") }

// explains reports whether a line explains the text.
func (x *explained) explains(text string) bool {
	text = unnumbered(text)
	delete(x.unused, text)
	return x.has[text] != nil
}

func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}

// reached notes that these exist. A line that explains one is wrong if it was not used.
func (x *explained) reached(texts []string) {
	for _, text := range texts {
		x.over[unnumbered(text)], x.known[unnumbered(text)] = true, true
	}
}

// exist notes that these exist, and may not have been tried.
func (x *explained) exist(texts []string) {
	for _, text := range texts {
		x.known[unnumbered(text)] = true
	}
}

// complain fails the test for each line that explains nothing, and for those about things
// that do not exist with this reason.
func (x *explained) complain(t T, unknown string) {
	t.Helper()
	for _, text := range x.complaints(unknown) {
		t.Error(text)
	}
}

func (x *explained) complaints(unknown string) (texts []string) {
	for what, e := range x.unused {
		written, _, _ := cutLast(e.rest, ": ")
		switch {
		case !x.known[what]:
			texts = append(texts, e.fault("%s %s: %s", e.word, written, unknown).Error())
		case x.over[what]:
			texts = append(texts, e.fault("%s %s: this is no longer so, and the line can go", e.word, written).Error())
		}
	}
	slices.Sort(texts)
	return texts
}
