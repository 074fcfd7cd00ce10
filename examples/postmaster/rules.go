package postmaster

import (
	"net/http"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/explain"
)

// ruleInWords is one rule as a page shows it.
type ruleInWords struct {
	Place      int
	Name       string
	Does       []string
	Conditions []conditionInWords
	Asks       []asked
}

// conditionInWords says when a rule acts, and what the check of that requires.
type conditionInWords struct {
	Text string
	Asks []asked
}

// asked is what a check requires, in a language.
type asked struct{ Language, Text string }

// rules shows the rules of the policy, in order.
func (h *handler) rules(w http.ResponseWriter, r *http.Request) {
	book := h.shelf.book(r)
	var all []ruleInWords
	for i := range h.Policy.Rules {
		if rule := &h.Policy.Rules[i]; !rule.IsShadow() {
			all = append(all, inWords(book, i, rule))
		}
	}
	h.page(w, http.StatusOK, "rules", english, all)
}

// inWords describes a rule.
func inWords(book explain.Book, i int, rule *verdict.Rule) ruleInWords {
	words := ruleInWords{Place: i + 1, Name: rule.Name()}
	var not bool
	words.Asks, not = asks(book, rule)
	for _, outcome := range []envelope.Outcome{envelope.Pass, envelope.Fail, envelope.PermError, envelope.None} {
		if text := does(rule, rule.Action(outcome)); text != "" {
			words.Does = append(words.Does, text+" "+when(outcome, not))
		}
	}
	for _, c := range rule.Conditions() {
		name, _ := c.Check.Describe()
		text := "It acts only if "
		if c.Unless {
			text = "It does not act if "
		}
		words.Conditions = append(words.Conditions, conditionInWords{text + name + " passes:", entries(book, c.Check, false)})
	}
	return words
}

// asks says what a rule requires. With not that is the opposite of its check, because the
// rule refuses what passes.
func asks(book explain.Book, rule *verdict.Rule) (all []asked, not bool) {
	for _, not := range []bool{refuses(rule.Action(envelope.Pass)), false} {
		if all := entries(book, rule.Check(), not); len(all) > 0 {
			return all, not
		}
	}
	return nil, false
}

// entries returns what a check requires, and with not what its opposite does.
func entries(book explain.Book, check envelope.Check, not bool) (all []asked) {
	for _, name := range requirements(check, not) {
		if entry, language, ok := book.Entry(name); ok {
			all = append(all, asked{language, entry.Asks})
		}
	}
	return all
}

// when says when a rule acts, after the sentences of asks.
func when(outcome envelope.Outcome, not bool) string {
	switch {
	case outcome == envelope.Pass && !not, outcome == envelope.Fail && not:
		return "if this is so"
	case outcome == envelope.Pass, outcome == envelope.Fail:
		return "if this is not so"
	case outcome == envelope.PermError:
		return "if what is published about it is invalid"
	}
	return "if it does not apply"
}

// does says what a rule does by an action, "" if nothing.
func does(rule *verdict.Rule, action verdict.Action) string {
	switch action {
	case verdict.Accept:
		return "accepts the mail"
	case verdict.Reject:
		return "rejects the mail"
	case verdict.TempFail:
		return "asks for another try"
	case verdict.Mark:
		return "marks the mail “" + rule.Mark() + "”"
	}
	return ""
}

func refuses(action verdict.Action) bool {
	return action == verdict.Reject || action == verdict.TempFail
}

// requirements returns the names of the entries that say what a check requires, and with
// not what its opposite does. A combination has those of its operands.
func requirements(check envelope.Check, not bool) (names []string) {
	word, operands := check.Operands()
	if word == "" {
		name, _ := check.Describe()
		if not {
			name = "not(" + name + ")"
		}
		return []string{name}
	}
	for _, operand := range operands {
		names = append(names, requirements(operand, not != (word == "not"))...)
	}
	return names
}
