package spf

import "mxrules.example/envelope"

// The kinds of problems.
const (
	dnsFailure         = "a DNS lookup failed" // or the context ended
	unknownClient      = "the client address is unknown"
	badSyntax          = "the SPF record is malformed"                 // RFC 7208, section 12
	severalRecords     = "there are several SPF records"               // section 4.5
	recordTooLong      = "the SPF record is longer than 64 KB"         // a bound of this package
	noRecord           = "there is no SPF record where the term leads" // sections 5.2 and 6.1
	tooManyLookups     = "too many terms need a DNS lookup"            // section 4.6.4
	tooManyVoidLookups = "too many DNS lookups found nothing"          // section 4.6.4
	tooManyMX          = "too many MX records"                         // section 4.6.4
	tooManyQuestions   = "too many questions to DNS"                   // Options.MaxQuestions
	noChecker          = "there is no SPF checker"
)

// Problem is why the result is a temperror or a permerror.
type Problem struct {
	// Kind is the problem in words, such as "there are several SPF records".
	Kind string `json:"kind"`
	// Record is the domain whose record has the problem, "" if none has.
	Record envelope.Host `json:"record,omitempty"`
	// Term is the term with the problem as published, "" if the problem is the whole
	// record or its lookup.
	Term string `json:"term,omitempty"`
	// Name is the name that was looked up, "" if none was.
	Name string `json:"name,omitempty"`
	// Err is the cause: the error of the lookup that failed, or for a malformed
	// record an *[envelope.SyntaxError]. It may be nil.
	Err error `json:"-"`
}

// Error returns the problem and where it is, in one clean line.
func (p *Problem) Error() string {
	record := envelope.Excerpt(string(p.Record)) // an include may lead anywhere
	switch {
	case p.Kind == badSyntax && p.Err != nil: // which names the term
		return "the SPF record of " + record + " is malformed: " + p.Err.Error()
	case p.Kind == dnsFailure && p.Name != "" && p.Term == "":
		return "the DNS lookup of " + envelope.Excerpt(p.Name) + " failed"
	case p.Term != "":
		return p.Kind + ", at the term " + envelope.Excerpt(p.Term) + " in the SPF record of " + record
	case record != "":
		return p.Kind + ", at " + record
	}
	return p.Kind
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Err }
