package analysis

import (
	"fmt"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// Contradictions returns the built-in facts, and what follows from them, that outcomes of
// checks contradict. It notes those that were put to the test.
func Contradictions(found map[string]envelope.Outcome, tested map[string]bool) (texts []string) {
	k := library()
	for name, o := range found {
		if o, ok := outcomeFor(o); !ok || !k.domain(name).has(o) {
			texts = append(texts, fmt.Sprintf("%s is %v", name, found[name]))
		}
	}
	for _, r := range k.relations {
		a, okA := outcomeFor(found[r.a])
		b, okB := outcomeFor(found[r.b])
		if !okA || !okB || !r.when.has(a) {
			continue
		}
		tested[r.a+" "+found[r.a].String()+" "+r.b] = true
		if !r.then.has(b) {
			texts = append(texts, fmt.Sprintf("%s is %v and %s is %v", r.a, found[r.a], r.b, found[r.b]))
		}
	}
	return texts
}

// Untested returns the built-in facts that were not put to the test.
func Untested(tested map[string]bool) (texts []string) {
	for _, r := range relations {
		for a := range strings.FieldsSeq(r.check) {
			for b := range strings.FieldsSeq(r.of) {
				one := a == b
				for o := range outcome(outcomeCount) {
					one = one || r.is.has(o) && tested[a+" "+finals[o].String()+" "+b]
				}
				if !one {
					texts = append(texts, a+" "+b)
				}
			}
		}
	}
	return texts
}

// Steps returns the work of a comparison of two policies.
func Steps(a, b verdict.Policy) int {
	m, err := newModel(nil, a, b)
	if err != nil {
		return -1
	}
	m.witness(m.differ(func(a, b verdict.Action) bool { return a != b }))
	return m.steps
}
