package envelope

// AuthenticationResults is what the Detail of a finding implements if it
// belongs into an Authentication-Results field (RFC 8601). So whoever writes
// the field need not import the packages that found something: SPF, DKIM, DMARC
// and the reverse name all look the same.
type AuthenticationResults interface {
	// AuthenticationResults returns one entry for each result, in the order in
	// which they should stand. There may be none. The entries belong to the
	// caller.
	AuthenticationResults() []AuthenticationResult
}

// AuthenticationResult is one result of one method (resinfo in RFC 8601,
// section 2.2).
type AuthenticationResult struct {
	// Method is the name of the method: "spf", "dkim", "dmarc", "iprev".
	Method string
	// Result is the word that the method has for what it found: "pass",
	// "softfail" (RFC 8601, section 2.7).
	Result string
	// Reason says why, in words. It may be "".
	Reason string
	// Properties are what was looked at, in the order in which they should
	// stand.
	Properties []AuthenticationProperty
}

// AuthenticationProperty is one thing that a method looked at (propspec in RFC
// 8601, section 2.2), such as smtp.mailfrom=user@example.org.
//
// Type and Name are words of the method. A stranger may have chosen the Value,
// and it is given as it came: whoever writes it into a field cleans and quotes
// it.
type AuthenticationProperty struct {
	Type  string // ptype: "smtp", "header", "body", "policy"
	Name  string // property: "mailfrom", "d"
	Value string
}
