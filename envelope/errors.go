package envelope

import "strconv"

// SyntaxError is the error of every parser of this package, as *SyntaxError.
type SyntaxError struct {
	Kind   string // what was expected, such as "host name"
	Value  string // what was parsed, unchanged
	Reason string // what is wrong: "is empty", "has a label of more than 63 octets"
}

// Error names the value, quoted and cut to a readable length, and the reason.
func (e *SyntaxError) Error() string {
	return e.Kind + " " + strconv.QuoteToASCII(Excerpt(e.Value)) + " " + e.Reason
}
