// Package dkim verifies the DKIM signatures of a message (RFC 6376, with the
// algorithms of RFC 8301 and RFC 8463): which domains signed it, and whether it is
// unchanged since.
//
// A signing domain adds a signature over the body and some header fields to a
// message and publishes its key in DNS. A valid signature proves that this domain
// signed this message. It does not prove that the message is wanted, nor that the
// domain is the one in From: package dmarc compares the two. [Pass] accepts a valid
// signature of any domain, [PassFor] one of the domains that you name, such as those of
// mailing lists, and [Covers] one that covers the header fields that you name.
//
// # How it works
//
// An attacker controls how many signatures a message has and how much they cost to
// verify. So the cheapest work is done first, and a signature that is known to be
// invalid costs no further work:
//
//  1. The signatures are parsed. Malformed, expired and unacceptable ones are
//     refused.
//  2. The body is read once, in pieces, and hashed once for each canonical form in
//     use. Signatures with another body hash are refused.
//  3. The others are sorted: domains that could be aligned with the author domain
//     first. The keys of the first ten are looked up, concurrently and each once, and
//     the header is hashed.
//
// So signatures that an attacker adds do not hide a valid one, a message is not kept
// in memory, and time grows only with the length of the message.
//
// # What is refused
//
// By RFC 8301: rsa-sha1, and RSA keys of less than 1024 bits.
//
// By choice of this package, with the result policy: signatures that leave the end of the
// body unsigned with l=, because anyone can add to it; signatures that do not cover
// every From field; and headers with NUL or with CR inside a line, which programs
// read differently. A line of blanks only is folding white space (RFC 5322, section
// 4.2; RFC 7103, section 7.3).
//
// With the result permerror: keys of more than 4096 bits, key records above 8 KiB, and
// headers above 1 MiB or 1000 fields.
//
// The clocks of signer and verifier may differ by five minutes. Letter case is
// ignored where RFC 6376 says so (a=, c=, d=, the domain of i=). A line may end with
// LF alone and is verified as with CRLF, so that a message from a file verifies;
// message.WellFormed is the check that refuses it.
//
// A signature of a public suffix is verified like any other, because some public
// suffixes send mail (gov.uk). Package dmarc does not let it count for the names
// below.
//
// # Why the package has its own verifier
//
// The usual library in Go, go-msgauth/dkim (v0.7.0), takes quadratic time on some
// messages that an attacker can send, and no context ends it. Limited to a number of
// signatures it verifies the topmost ones, so added signatures hide the one that
// counts. It does not return the selector and the algorithm, which
// Authentication-Results needs. It also rejects valid signatures that have b= inside
// another tag, or a= or i= in upper case. A wrapper cannot fix this. The tests compare
// this verifier with go-msgauth and with OpenDKIM, and list the differences.
//
// # What it does not do
//
// It does not sign. It does not implement ARC (RFC 8617), ADSP and third-party
// authorization. Keys come from DNS only.
package dkim

import (
	"context"
	"slices"
	"time"

	"mxrules.example/envelope"
)

// Evaluate verifies the signatures of the message and returns the result of each.
// There is no error: the result says what went wrong with each signature. The time
// is e.Now; zero means the clock. Before Data, and without a message, there are no
// signatures.
//
// While the body is still arriving ([envelope.Envelope.Arriving]), the results are
// those that the signatures have if the body is what was signed. So the keys are asked
// for early. With more than ten signatures there are no results then, because only the
// body shows for which of them keys are asked.
//
// Callers in one judgement share the result. All judgements of a message share
// what does not depend on DNS and the clock: its header is read once, its body is
// hashed once, and a signature is verified with its key once. The result belongs to
// the caller.
//
// DNS: TXT for each key, at most ten, concurrently.
func Evaluate(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) *Result {
	if e.Message == nil || !e.Reached(envelope.Data) && !e.Arriving() {
		return &Result{Signatures: []Signature{}}
	}
	shared, _ := envelope.Once(ctx, verificationKey{e.Message, e.Now}, func() (*Result, error) {
		now := e.Now
		if now.IsZero() {
			now = time.Now()
		}
		return verify(ctx, r, e, now), nil
	})
	own := *shared
	own.Signatures = slices.Clone(own.Signatures)
	return &own
}

// Domains returns the signing domain (d=) of each signature of a message that can be
// read, valid or not, from the top of the header.
func Domains(ctx context.Context, m *envelope.Message) []envelope.Host {
	var domains []envelope.Host
	for _, s := range readHeader(ctx, m).read {
		if s.Domain != "" {
			domains = append(domains, s.Domain)
		}
	}
	return domains
}

// verificationKey is the key of envelope.Once.
type verificationKey struct {
	message *envelope.Message
	now     time.Time
}
