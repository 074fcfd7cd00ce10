package headers

import "mxrules.example/envelope"

// Results is the content of an Authentication-Results field, for tests.
type Results struct {
	Service string
	Entries []envelope.AuthenticationResult
}

// Parse parses the value of an Authentication-Results field, as Deliver does to find
// forged ones.
func Parse(field string) (Results, error) {
	r := reader{rest: field}
	p := r.payload()
	if r.fault != "" {
		return Results{p.service, p.entries}, &envelope.SyntaxError{Kind: fieldName + " field", Value: field, Reason: r.fault}
	}
	return Results{p.service, p.entries}, nil
}
