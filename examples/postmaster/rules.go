package postmaster

import (
	"net/http"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/explain"
)

// ruleInWords is one rule as a page shows it.
type ruleInWords struct {
	Place      int
	Name       string
	Does       []string
	Conditions []string
	Asks       []string
}

// rules shows the rules of the policy, in order.
func (h *handler) rules(w http.ResponseWriter, _ *http.Request) {
	var all []ruleInWords
	for i := range h.Policy.Rules {
		if rule := &h.Policy.Rules[i]; !rule.IsShadow() {
			all = append(all, inWords(h.Book, i, rule))
		}
	}
	h.page(w, http.StatusOK, "rules", all)
}

// inWords describes a rule.
func inWords(book explain.Book, i int, rule *verdict.Rule) ruleInWords {
	words := ruleInWords{Place: i + 1, Name: rule.Name()}
	check, _ := rule.Check().Describe()
	for _, name := range operands(check) {
		if entry, ok := book[name]; ok {
			words.Asks = append(words.Asks, entry.Asks)
		}
	}
	for _, outcome := range []envelope.Outcome{envelope.Pass, envelope.Fail, envelope.PermError, envelope.None} {
		if text := does(rule, outcome); text != "" {
			words.Does = append(words.Does, text)
		}
	}
	for _, c := range rule.Conditions() {
		name, _ := c.Check.Describe()
		if c.Unless {
			words.Conditions = append(words.Conditions, "not if "+name+" passes")
		} else {
			words.Conditions = append(words.Conditions, "only if "+name+" passes")
		}
	}
	return words
}

// does says what a rule does for an outcome, "" if nothing.
func does(rule *verdict.Rule, outcome envelope.Outcome) string {
	when := map[envelope.Outcome]string{
		envelope.Pass: "if this is so", envelope.Fail: "if this is not so",
		envelope.PermError: "if what is published about it is invalid", envelope.None: "if it does not apply",
	}[outcome]
	switch rule.Action(outcome) {
	case verdict.Accept:
		return "accepts the mail " + when
	case verdict.Reject:
		return "rejects the mail " + when
	case verdict.TempFail:
		return "asks for another try " + when
	case verdict.Mark:
		return "marks the mail “" + rule.Mark() + "” " + when
	}
	return ""
}

// operands returns the names of the checks in the name of a combination.
func operands(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune("(), ", r) })
}
