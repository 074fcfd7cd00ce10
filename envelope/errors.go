package envelope

import "strconv"

// SyntaxError says why a text is not what it should be. Every parser of this
// package returns it, as *SyntaxError.
type SyntaxError struct {
	Kind   string // what was expected, such as "host name"
	Value  string // what was given, as it came
	Reason string // what is wrong with it: "is empty", "has a label of more than 63 octets"
}

// Error names the value, quoted and cut to a readable length, and the reason.
func (e *SyntaxError) Error() string {
	return e.Kind + " " + strconv.QuoteToASCII(Excerpt(e.Value)) + " " + e.Reason
}
