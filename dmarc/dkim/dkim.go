// Package dkim verifies the DKIM signatures of a message (RFC 6376, with the
// algorithms of RFC 8301 and RFC 8463): which domains signed it, and whether it
// is still what they signed.
//
// A signing domain puts a signature over the body and some fields on top of a
// message, and its public key into DNS. A valid signature proves that this domain
// has seen this message. It does not prove that the message is wanted, nor that
// the domain is the one that the reader is shown: package dmarc compares the two.
//
// # How
//
// An attacker controls how many signatures a message has and how much they cost
// to verify. So the cheapest work is done first, and a signature that cannot be
// valid any more goes no further. The signatures are read, and refused if they are
// malformed, expired or not acceptable. The body is read once, in pieces, and
// hashed once for each of the two canonical forms that a signature asks for;
// signatures over another body are settled. Of the rest those come first whose
// domain could be aligned with an author's, ten at most; their keys are looked up,
// each once, and the header is hashed. So signatures that are put on top of a
// message hide no valid one, a message is not kept in memory, and time grows with
// its length and with nothing else.
//
// # What is refused
//
// By RFC 8301: rsa-sha1, and RSA keys of less than 1024 bits.
//
// By choice of this package, with [WordPolicy]: signatures that leave the end of
// the body unsigned with l=, because anyone can add to it; signatures that leave
// out one of several From fields; and headers with NUL or CR inside a line, which
// programs read differently. A line of blanks only is a fold like any other (RFC
// 5322, section 4.2; RFC 7103, section 7.3).
//
// With [WordPermError]: keys of more than 4096 bits, key records above 8 KiB, and
// headers above 1 MiB or 1000 fields.
//
// The clocks of signer and verifier may differ by five minutes. Letter case makes
// no difference where RFC 6376 says so (a=, c=, d=, the domain of i=). A line may
// end with LF alone and is verified as with CRLF, so that a message from a file
// verifies; message.WellFormed is the check that refuses it.
//
// A signature of a public suffix is verified like any other, because some send
// mail (gov.uk). Package dmarc keeps it from counting for the names below.
//
// # What it does not do
//
// It signs nothing. It does not know ARC (RFC 8617), ADSP and third-party
// authorization, and takes keys from DNS alone.
//
// The tests compare the verifier with go-msgauth/dkim and with OpenDKIM, which
// agree with it except for what is listed there. go-msgauth takes quadratic time
// on some of these inputs, and rejects signatures that have b= inside another tag,
// or a= or i= in upper case.
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
// Callers in one judgement share the result. All judgements of a message share
// what does not depend on DNS and the clock: its header is read once, its body is
// hashed once, and a signature is verified with its key once. The result belongs to
// the caller.
//
// DNS: TXT for each key, at most ten, concurrently.
func Evaluate(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) *Result {
	if !e.Reached(envelope.Data) || e.Message == nil {
		return &Result{Signatures: []Signature{}}
	}
	shared, _ := envelope.Once(ctx, verificationKey{e.Message, e.Now}, func() (*Result, error) {
		now := e.Now
		if now.IsZero() {
			now = time.Now()
		}
		return verify(ctx, r, e.Message, now), nil
	})
	own := *shared
	own.Signatures = slices.Clone(own.Signatures)
	return &own
}

// verificationKey is the key of envelope.Once.
type verificationKey struct {
	message *envelope.Message
	now     time.Time
}
