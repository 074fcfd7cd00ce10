package analysis

import (
	"fmt"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// Contradictions returns the built-in facts that outcomes of checks contradict, and
// notes those that were put to the test.
func Contradictions(found map[string]envelope.Outcome, tested map[string]bool) (texts []string) {
	k := knowledgeOf(nil)
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
		text := fmt.Sprintf("%s is %v and %s is %v", r.a, found[r.a], r.b, found[r.b])
		tested[fmt.Sprintf("%s %05b: %s", r.a, r.when, r.b)] = true
		if !r.then.has(b) {
			texts = append(texts, text)
		}
	}
	return texts
}

// Facts returns the built-in relations as Contradictions names them.
func Facts() (texts []string) {
	for _, r := range knowledgeOf(nil).relations {
		texts = append(texts, fmt.Sprintf("%s %05b: %s", r.a, r.when, r.b))
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
