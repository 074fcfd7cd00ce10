package site

import (
	"fmt"
	"slices"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// KnowsMarks returns an error if one of the marks is not one that the policy can set, and
// so is perhaps misspelt. The error names those that it can set.
func KnowsMarks(policy verdict.Policy, marks ...string) error {
	var known []string
	for _, rule := range policy.Rules {
		if mark := rule.Mark(); mark != "" && !rule.IsShadow() && !slices.Contains(known, mark) {
			known = append(known, mark)
		}
	}
	for _, mark := range marks {
		if !slices.Contains(known, mark) {
			return fmt.Errorf("no rule sets the mark %q here; the marks are: %s", envelope.Excerpt(mark), orNone(known))
		}
	}
	return nil
}

func orNone(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}
