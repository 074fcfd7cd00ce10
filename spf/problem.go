package spf

import (
	"strconv"

	"mxrules.example/envelope"
)

// Kind says of what sort a Problem is.
type Kind uint8

const (
	_ Kind = iota
	// DNSFailure: a lookup failed for now, or the context ended.
	DNSFailure
	// UnknownClient: the address of the client is not known.
	UnknownClient
	// BadSyntax: a record is not written as RFC 7208, section 12 wants it.
	BadSyntax
	// SeveralRecords: a domain has more than one SPF record (section 4.5).
	SeveralRecords
	// RecordTooLong: an SPF record is longer than 64 KB.
	RecordTooLong
	// NoRecord: an include or a redirect leads to a domain without a record
	// (sections 5.2 and 6.1).
	NoRecord
	// TooManyLookups: more than 10 terms ask DNS (section 4.6.4).
	TooManyLookups
	// TooManyVoidLookups: more than 2 of them got nothing (section 4.6.4).
	TooManyVoidLookups
	// TooManyMX: an mx term leads to more than 10 hosts (section 4.6.4).
	TooManyMX
	// TooManyQuestions: DNS would be asked more than the bound allows.
	TooManyQuestions
)

var kindWords = [...]string{
	DNSFailure:         "a DNS lookup failed",
	UnknownClient:      "the address of the client is not known",
	BadSyntax:          "the SPF record is malformed",
	SeveralRecords:     "there are several SPF records",
	RecordTooLong:      "the SPF record is longer than 64 KB",
	NoRecord:           "there is no SPF record where the term leads",
	TooManyLookups:     "too many terms need a DNS lookup",
	TooManyVoidLookups: "too many DNS lookups found nothing",
	TooManyMX:          "too many MX records",
	TooManyQuestions:   "too many questions to DNS",
}

// String says in words what k is.
func (k Kind) String() string {
	if int(k) < len(kindWords) {
		return kindWords[k]
	}
	return "kind(" + strconv.Itoa(int(k)) + ")"
}

// MarshalText writes what String returns.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Problem says why an evaluation came to a temperror or a permerror.
type Problem struct {
	Kind Kind `json:"kind"`
	// Record is the domain whose record is at fault, "" if no record is.
	Record envelope.Host `json:"record,omitempty"`
	// Term is the term at fault as it stands in the record, "" if it is the
	// whole record, or its first lookup.
	Term string `json:"term,omitempty"`
	// Name is the name that DNS was asked for, "" if it was not asked.
	Name string `json:"name,omitempty"`
	// Err is the cause: of a DNSFailure the error of the lookup, of BadSyntax an
	// *[envelope.SyntaxError]. It may be nil.
	Err error `json:"-"`
}

// Error says what is wrong and where, in one clean line.
func (p *Problem) Error() string {
	record := envelope.Excerpt(string(p.Record)) // an include may lead anywhere
	switch {
	case p.Kind == BadSyntax && p.Err != nil: // which names the term
		return "the SPF record of " + record + " is malformed: " + p.Err.Error()
	case p.Kind == DNSFailure && p.Name != "" && p.Term == "":
		return "the DNS lookup of " + envelope.Excerpt(p.Name) + " failed"
	case p.Term != "":
		return p.Kind.String() + ", at the term " + envelope.Excerpt(p.Term) + " in the SPF record of " + record
	case record != "":
		return p.Kind.String() + ", at " + record
	}
	return p.Kind.String()
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Err }
