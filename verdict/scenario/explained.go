package scenario

import (
	"slices"
	"strings"
	"testing"
)

// explained holds what lines of the files explain: what is not covered, or which mutant
// no scenario notices.
type explained struct {
	has    map[string]bool
	unused map[string]*entry
}

// explanations collects the lines of a word, such as
//
//	uncovered standard: rule 3 client.waited never accepts: no client of the tests waits
//
// What stands before the last colon is what is explained.
func explanations(files []*file, word string) explained {
	x := explained{map[string]bool{}, map[string]*entry{}}
	for _, f := range files {
		for i := range f.head {
			e := &f.head[i]
			if e.word != word {
				continue
			}
			what, _, _ := cutLast(e.rest, ": ")
			x.has[what], x.unused[what] = true, e
		}
	}
	return x
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
