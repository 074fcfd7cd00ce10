// Package spf asks a domain whether a client may use it: SPF, the Sender Policy
// Framework (RFC 7208).
//
// Anybody can write any domain into HELO and MAIL. A domain that does not want
// that publishes, in a TXT record, which hosts may use its name. Whoever
// receives mail evaluates the record for the client (check_host(), section 4)
// and gets one of seven words, from none to permerror ([Word]). SPF says
// nothing of the author that a reader sees, which is for package dmarc, and
// nothing of whether mail is good: a pass means that a domain stands by its
// name, and is worth something only to who knows the domain. Forwarded mail
// fails, because the forwarder is not in the record.
//
// # How it works
//
// [Evaluate] evaluates the sender, [EvaluateHelo] the HELO name:
// the null sender is postmaster at the HELO name; what is no full name, such as
// a literal, is none without a question; U-labels become A-labels, and a term
// about a local part that is not ASCII matches nothing (RFC 8616, section 4).
// Each record on the way is read strictly, by the grammar of section 12 and
// from end to end, so that an error in it is a permerror whatever matched
// before (section 4.6).
//
// Then blitiri.com.ar/go/spf decides, but not over the record as it stands. It
// is given one in which a number stands for each term,
//
//	v=spf1 mx ip4:192.0.2.0/24 include:_spf.example.net ~all
//	v=spf1 +exists:1 +include:2 ~exists:3
//
// without the networks in which the client is not, and whenever it asks about a
// number this package looks into the term. So the order of the terms, the
// qualifiers, what include and redirect make of another record and what the
// default is are the library's. Macros, the questions to DNS, their bounds and
// the explanation are ours, because the library can't do them as the RFC says,
// or does not tell enough: a [Result] names the term that matched or is wrong,
// the record in which it stands, and what was asked.
//
// # Bounds
//
// A stranger writes the records. Of their terms 10 may ask DNS and 2 find
// nothing; an mx may lead to 10 hosts, and of the names of a client 10 are
// looked at (section 4.6.4). A record has at most 64 KB. So a record that conforms
// to the RFC asks at most 111 questions, which is the bound unless [Options] say
// otherwise; more is a permerror. Within a judgement the evaluation reads ahead:
// while it waits for an answer, what include, redirect, a, mx and exists will need
// is asked for, level by level, so that 111 questions take three rounds. The
// result and its counts are those of asking in order. Except for exists, which is
// about A records, only addresses of the client's own family are asked for;
// names that DNS can't hold never are, and an mx is asked host by host up to the
// first that matches. The context bounds the time: if it ends, the result is a
// temperror.
//
// # Failures
//
// A lookup that fails makes a temperror, with one exception. The owner of an
// address can make the lookup of its names fail, and a domain can't help that:
// section 5.5 takes a ptr term for one that does not match then. The Result
// keeps to that and says in Shaky that it rests on a failure, if another answer
// could have changed it. The checks are then TempError, because a failure of
// DNS must not refuse mail, nor let it in.
//
// # What it does not do
//
// It writes no header: the Detail of a finding has what Authentication-Results
// needs. It keeps no answers, which is for the Resolver to do. It does not ask
// for records of type SPF, which RFC 7208 has given up (section 3.1), and knows
// nothing of Sender ID.
package spf

import (
	"context"

	"mxrules.example/envelope"
)

// Evaluate returns the result of SPF for the sender, the identity MAIL FROM. For
// the null sender it evaluates postmaster at the HELO name (RFC 7208, section
// 2.4). There is no error: the result says what went wrong. Before Mail the result
// is none.
//
// Callers in one judgement share the evaluation. The result belongs to the caller.
//
// DNS: TXT of the domain, then what its record asks for, at most 111 questions.
// After a fail, TXT of the explanation.
func Evaluate(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) *Result {
	return defaults.Evaluate(ctx, r, e)
}

// EvaluateHelo returns the result of SPF for the HELO name (RFC 7208, section
// 2.3). Before Helo the result is none. Otherwise it is as Evaluate.
func EvaluateHelo(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) *Result {
	return defaults.EvaluateHelo(ctx, r, e)
}
