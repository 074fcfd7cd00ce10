// Package leaves takes checks apart.
package leaves

import "mxrules.example/envelope"

// Of returns the checks that a check combines by All, Any and Not, or the check itself.
func Of(check envelope.Check) []envelope.Check {
	word, operands := check.Operands()
	if word == "" {
		return []envelope.Check{check}
	}
	var all []envelope.Check
	for _, operand := range operands {
		all = append(all, Of(operand)...)
	}
	return all
}
