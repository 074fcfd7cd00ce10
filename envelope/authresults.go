package envelope

// AuthenticationResult is one result of one method in an Authentication-Results field
// (resinfo in RFC 8601, section 2.2). The Detail of a [Finding] has them, so that what
// writes the field need not import the packages of SPF, DKIM, DMARC and reverse DNS.
type AuthenticationResult struct {
	// Method is the name of the method: "spf", "dkim", "dmarc", "iprev".
	Method string
	// Result is the result in the words of the method: "pass", "softfail" (RFC 8601,
	// section 2.7).
	Result string
	// Reason is a text that says why. It may be "".
	Reason string
	// Properties are what was evaluated, in the order in which they are written.
	Properties []AuthenticationProperty
}

// AuthenticationProperty is a value that a method evaluated (propspec in RFC 8601,
// section 2.2), such as smtp.mailfrom=user@example.org.
//
// Type and Name are keywords of the method. The sender may have chosen the Value,
// which is unchanged: what writes the field must clean and quote it.
type AuthenticationProperty struct {
	Type  string // ptype: "smtp", "header", "body", "policy"
	Name  string // property: "mailfrom", "d"
	Value string
}
