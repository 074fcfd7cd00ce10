package envelope

import "slices"

// combination is, at Start, the Detail of the finding of All, Any or Not.
type combination struct {
	name, word string
	checks     []Check
}

// Operands returns the word of a combination ("all" for [All], "any" for [Any], "not"
// for [Not]) and its operands. For any other check it returns "" and nil, also for one
// that calls a combination and gives the finding another name. Like Describe, it calls
// the check at Start. It is for programs that reason about policies.
func (check Check) Operands() (word string, operands []Check) {
	f, err := check.atStart()
	if err != nil {
		return "", nil
	}
	c, ok := f.Detail.(combination)
	if !ok || c.name != f.Check {
		return "", nil
	}
	return c.word, slices.Clone(c.checks)
}
