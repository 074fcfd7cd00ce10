package spf

import "mxrules.example/envelope"

// The results of RFC 7208, section 2.6. [Result] documents them.
const (
	none      = "none"
	neutral   = "neutral"
	pass      = "pass"
	fail      = "fail"
	softFail  = "softfail"
	tempError = "temperror"
	permError = "permerror"
)

// Result is the result of an evaluation and how it came about. It is the Detail of
// every finding of this package, as a *Result that belongs to the caller.
type Result struct {
	// Word is the result itself, in the words of RFC 7208, section 2.6 and RFC 8601,
	// section 2.7.2:
	//   - "none": there is no domain to evaluate, or it has no SPF record.
	//   - "neutral": the domain makes no statement about the client.
	//   - "pass": the client may use the domain.
	//   - "fail": the client may not use the domain.
	//   - "softfail": the client probably may not use the domain.
	//   - "temperror": a lookup failed.
	//   - "permerror": a record of the domain is invalid, or the client address is
	//     unknown.
	Word string `json:"result"`
	// Identity is "mailfrom" or "helo" (RFC 7208, section 9.1).
	Identity string `json:"identity"`
	// Sender is the mailbox that was evaluated: the sender, or postmaster at the
	// HELO name. It is "" if it has no domain that DNS can hold.
	Sender string `json:"sender"`
	// Domain is the domain of Sender.
	Domain envelope.Host `json:"domain"`
	// Matched is the term that decided. The first step is the term in the record of
	// Domain. If that is an include or a redirect, the next step is the term in the
	// record it leads to, and so on. It is empty if no term matched.
	Matched []Match `json:"matched,omitempty"`
	// Explanation is the text of the domain for a fail (RFC 7208, section 6.2): one
	// line of printable ASCII, at most 250 octets. The domain owner controls it.
	Explanation string `json:"explanation,omitempty"`
	// Lookups counts the terms that asked DNS, at most 10 (RFC 7208, section
	// 4.6.4), and VoidLookups those that found nothing.
	Lookups     int `json:"lookups"`
	VoidLookups int `json:"void_lookups"`
	// Questions counts the questions to DNS.
	Questions int `json:"questions"`
	// Problem says why Word is a temperror or a permerror. It is nil otherwise.
	Problem *Problem `json:"problem,omitempty"`
	// Shaky is the error of a lookup of reverse names that failed and could have
	// changed Word: by RFC 7208, section 5.5 a ptr term whose lookup fails does not
	// match. It is nil otherwise.
	Shaky error `json:"-"`
	// Override reports whether a record came from Options.Records.
	Override bool `json:"override,omitempty"`

	// aboutLocalPart reports whether an evaluated term uses the local part of Sender.
	// Otherwise nothing is proved about it.
	aboutLocalPart bool
}

// Match is one step to a result.
type Match struct {
	Record envelope.Host `json:"record"` // the domain of the record that has the term
	Term   string        `json:"term"`   // as published: "include:_spf.example.net"
}

// AuthenticationResults returns for package verdict/headers one entry with the method
// spf and the identity, as smtp.mailfrom or smtp.helo. The value is the domain alone,
// unless an evaluated term uses the local part of the sender by a macro l or s:
// otherwise nothing is proved about it (RFC 8601, section 2.7.2).
func (r *Result) AuthenticationResults() []envelope.AuthenticationResult {
	entry := envelope.AuthenticationResult{Method: "spf", Result: r.Word}
	if r.Problem != nil {
		entry.Reason = r.Problem.Error()
	}
	switch {
	case r.Domain == "":
	case r.Identity == heloIdentity:
		entry.Properties = []envelope.AuthenticationProperty{{Type: "smtp", Name: "helo", Value: string(r.Domain)}}
	default:
		entry.Properties = []envelope.AuthenticationProperty{{Type: "smtp", Name: "mailfrom", Value: r.proved()}}
	}
	return []envelope.AuthenticationResult{entry}
}

// proved returns the part of Sender that was evaluated.
func (r *Result) proved() string {
	if r.aboutLocalPart {
		return r.Sender
	}
	return string(r.Domain)
}

// Explain returns for verdict.Verdict.Explain the result, the terms that led to it,
// and the problem.
func (r *Result) Explain() []string {
	var lines []string
	if r.Sender != "" {
		lines = append(lines, "SPF of "+r.Sender+": "+r.Word)
	}
	for _, match := range r.Matched {
		lines = append(lines, "SPF term "+match.Term+" of "+string(match.Record))
	}
	if r.Problem != nil {
		lines = append(lines, "SPF: "+r.Problem.Error())
	}
	return lines
}
