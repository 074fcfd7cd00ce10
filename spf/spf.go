// Package spf evaluates SPF, the Sender Policy Framework (RFC 7208): whether a
// client may use the domain in MAIL FROM or HELO.
//
// Anyone can write any domain into HELO and MAIL. A domain owner publishes in a TXT
// record which hosts may use the domain. The receiver evaluates that record for the
// client (check_host(), section 4) and gets one of seven results, from none to
// permerror (Result.Word). A pass proves which domain sent the message, not that the
// message is wanted. SPF says nothing about the author that a reader sees; see
// package dmarc. Forwarded mail fails, because the forwarder is not in the record.
//
// # How it works
//
// [Evaluate] evaluates the sender, [HeloNotFail] the HELO name. The null sender is
// postmaster at the HELO name. A domain that is not a full name, such as an address
// literal, has the result none and costs no question. U-labels become A-labels, and
// a term about a local part that is not ASCII matches nothing (RFC 8616, section 4).
// Each record is parsed completely and strictly before it is evaluated (section 12),
// so an error in it is a permerror whatever matches before the error (section 4.6).
//
// # Why the library sees numbers
//
// The library blitiri.com.ar/go/spf decides, but it is not given the record as
// published. It is given one in which a number stands for each term:
//
//	v=spf1 mx ip4:192.0.2.0/24 include:_spf.example.net ~all
//	v=spf1 +exists:1 +include:2 ~exists:3
//
// Networks that do not contain the client are left out. When the library asks DNS
// about a number, this package evaluates the term with that number. So the library
// does what it does well: the order of terms, qualifiers, include, redirect and the
// default result. This package does what the library does not do as the RFC says, or
// does not report: macros, lookups and their limits, and the explanation. That is
// why a [Result] can name the term that matched or is wrong, the record that holds
// it, and the number of questions.
//
// One case needs no library: the first term that can match is all, or a network that
// contains the client. That term decides, whatever follows.
//
// # Bounds
//
// An attacker controls the records. At most 10 terms may ask DNS, and at most 2 of
// them may find nothing; an mx term may have 10 hosts; 10 names of the client are
// used (section 4.6.4). A record has at most 64 KB. So a conforming record needs at
// most 111 questions, which is the limit unless [Options] set another. Exceeding a
// limit is a permerror. Addresses are looked up in the family of the client only,
// except for exists, which is about A records. Hosts of an mx term are used one by
// one, up to the first that matches. The context bounds the time: if it ends, the
// result is a temperror.
//
// Within a judgement the evaluation reads ahead: while it waits for an answer, it
// asks what include, redirect, a, mx and exists will need, level by level. So 111
// questions take three rounds. The result and its counts are those of asking in
// order.
//
// # Failures
//
// A lookup that fails makes a temperror, with one exception. The owner of an address
// can make the lookup of its names fail, so section 5.5 says that a ptr term whose
// lookup fails does not match. The Result follows that rule. If another answer could
// have changed the result, Shaky holds the error, and the checks are TempError: a
// failure of DNS must neither refuse mail nor accept it.
//
// # What it does not do
//
// It writes no header field: the Detail of a finding has what
// Authentication-Results needs. It does not cache answers; the Resolver does. It
// does not look up records of type SPF, which RFC 7208 has discontinued (section
// 3.1), and it does not implement Sender ID.
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
