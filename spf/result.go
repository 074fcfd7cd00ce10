package spf

import (
	"mxrules.example/envelope"
)

// Word is the result of an evaluation in the words of RFC 7208, section 2.6,
// which are those of RFC 8601, section 2.7.2.
type Word string

const (
	// WordNone: there is no domain to ask, or it has no SPF record.
	WordNone Word = "none"
	// WordNeutral: the domain says that it does not say.
	WordNeutral Word = "neutral"
	// WordPass: the client may use the domain.
	WordPass Word = "pass"
	// WordFail: the client may not.
	WordFail Word = "fail"
	// WordSoftFail: the client probably may not.
	WordSoftFail Word = "softfail"
	// WordTempError: DNS failed for now.
	WordTempError Word = "temperror"
	// WordPermError: the records of the domain are wrong.
	WordPermError Word = "permerror"
)

// Result is what an evaluation found, and how. It is the Detail of every
// finding of this package, as a *Result of its own.
type Result struct {
	// Word is the result itself.
	Word Word `json:"result"`
	// Identity is "mailfrom" or "helo" (RFC 7208, section 9.1).
	Identity string `json:"identity"`
	// Sender is the mailbox that was checked: the sender, or postmaster at the
	// HELO name. It is "" if it has no domain that can be asked for.
	Sender string `json:"sender"`
	// Domain is the domain of Sender.
	Domain envelope.Host `json:"domain"`
	// Matched says which term decided, and where: the term of the record of
	// Domain first, then, if that was an include or a redirect, the term of the
	// record to which it led. It is empty if no term matched.
	Matched []Match `json:"matched,omitempty"`
	// Explanation is what the domain says about a fail (RFC 7208, section 6.2):
	// one line of printable ASCII, at most 250 octets. A stranger wrote it.
	Explanation string `json:"explanation,omitempty"`
	// Lookups counts the terms that asked DNS, of which there may be 10 (RFC
	// 7208, section 4.6.4); VoidLookups those that got nothing.
	Lookups     int `json:"lookups"`
	VoidLookups int `json:"void_lookups"`
	// Questions counts what DNS was asked.
	Questions int `json:"questions"`
	// Problem says why Word is a temperror or a permerror. It is nil otherwise.
	Problem *Problem `json:"problem,omitempty"`
	// Shaky says that Word rests on a lookup that failed, and could be another
	// once DNS answers: RFC 7208, section 5.5 takes a ptr term whose lookup
	// fails for one that does not match. It is nil otherwise.
	Shaky error `json:"-"`
	// Override says that a record came from Options.Records: that of Domain, or
	// one to which it led.
	Override bool `json:"override,omitempty"`

	// aboutLocalPart says that a term that was evaluated is about the local part
	// of Sender. If none is, nothing is proved of it.
	aboutLocalPart bool
}

// Match is one step to a result.
type Match struct {
	Record envelope.Host `json:"record"` // the domain in whose record the term stands
	Term   string        `json:"term"`   // as it stands there: "include:_spf.example.net"
}

// AuthenticationResults implements [envelope.AuthenticationResults]: one entry
// with the method spf and the identity, as smtp.mailfrom or smtp.helo. That is
// the domain alone, unless a term that was evaluated is about the local part of
// the sender, by a macro l or s: nothing else is proved of it (RFC 8601, section
// 2.7.2).
func (r *Result) AuthenticationResults() []envelope.AuthenticationResult {
	entry := envelope.AuthenticationResult{Method: "spf", Result: string(r.Word)}
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

// proved returns of Sender what the result is about.
func (r *Result) proved() string {
	if r.aboutLocalPart {
		return r.Sender
	}
	return string(r.Domain)
}

// Explain implements [envelope.Explainer]: the result, the terms that led to it,
// and what is wrong.
func (r *Result) Explain() []string {
	var lines []string
	if r.Sender != "" {
		lines = append(lines, "SPF of "+r.Sender+": "+string(r.Word))
	}
	for _, match := range r.Matched {
		lines = append(lines, "SPF term "+match.Term+" of "+string(match.Record))
	}
	if r.Problem != nil {
		lines = append(lines, "SPF: "+r.Problem.Error())
	}
	return lines
}
