package scenario

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// explained holds what lines of the files explain: what is not covered, or which mutant
// no scenario notices.
type explained struct {
	has    map[string]*entry // by unnumbered text
	unused map[string]*entry
}

// explanations collects the lines of a word, such as
//
//	uncovered standard: rule 3 (client.waited) never rejects: no client of the tests is early
//
// What stands before the last colon is what is explained. The number of a rule does not
// count, so that a rule can be added before it.
func explanations(files []*file, word string) explained {
	x := explained{map[string]*entry{}, map[string]*entry{}}
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

// complain fails the test for each line that explains nothing.
func (x *explained) complain(t testing.TB) {
	t.Helper()
	var texts []string
	for what, e := range x.unused {
		texts = append(texts, e.fault("%s %s: this is no longer so", e.word, what).Error())
	}
	slices.Sort(texts)
	for _, text := range texts {
		t.Error(text)
	}
}
