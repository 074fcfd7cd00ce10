// Package dkim verifies the DKIM signatures of a message (RFC 6376, with the
// algorithms of RFC 8301 and RFC 8463): which domains vouch for it, and is it
// still what they signed.
//
// A domain puts a signature over the body and some fields on top of a message,
// and its public key into DNS. A valid signature says that this domain has seen
// this message, and nothing about whether it is wanted, nor that the domain is
// the one that the reader is shown: that is for package dmarc to compare.
//
// # How
//
// Whoever sends a message writes its signatures, however many and however
// large, and may have them cost the verifier what he wants. So it goes from the
// cheap to the dear, and what can't be good any more goes no further. The
// signatures are read, and refused if they are malformed, expired or not
// acceptable. The body is read once, in pieces, and hashed once for each of the
// two canonical forms that a signature asks for; signatures over another body
// are done. Of the rest those are taken first that could be the word of an
// author's domain, ten at most; their keys are looked up, each once, and the
// header is hashed. Junk on top of a message hides no good signature, a message
// is not kept in memory, and time grows with its length and with nothing else.
//
// # What is refused
//
// By RFC 8301: rsa-sha1, and RSA keys of less than 1024 bits. By our own choice,
// with [WordPolicy]: signatures with l=, because anyone can add to the body
// behind it; signatures that leave out one of several From fields; and headers
// with NUL or CR inside a line, which programs read differently. A line of blanks
// only is a fold like any other (RFC 5322, section 4.2; RFC 7103, section 7.3).
// With [WordPermError]: keys of more than 4096 bits and records
// above 8 KiB, headers above 1 MiB or 1000 fields, and signatures of a public
// suffix such as com or co.uk, which stands for nobody. The clocks of signer and
// verifier may differ by five minutes.
//
// Letter case makes no difference where RFC 6376 says so (a=, c=, d=, the domain
// of i=). A line may end with LF alone and is verified as with CRLF, so that a
// message from a file verifies; message.WellFormed is the check that refuses it.
//
// # What it does not do
//
// It signs nothing. It knows no ARC (RFC 8617), no ADSP and no authorized third
// parties, and takes no key from elsewhere than DNS.
//
// The verifier is the library's own. The tests hold it to go-msgauth/dkim and to
// OpenDKIM, which agree with it but for what is listed there; go-msgauth takes
// time that is quadratic in some of these inputs, and takes signatures for bad
// that have b= inside another tag, or a= or i= in upper case.
package dkim

import (
	"context"
	"slices"
	"time"

	"mxrules.example/envelope"
)

// Verify returns what the signatures of m say at the time now; zero is the
// clock. What went wrong is in the result, signature by signature: there is no
// error besides. All who ask in one judgement share the result, and all judgements of
// a message share what does not depend on DNS and the clock: its header is read
// once, its body is hashed once, and a signature is held against its key once.
// The result is the caller's own.
//
// DNS: TXT for each key, ten at most, one after the other.
func Verify(ctx context.Context, r envelope.Resolver, m *envelope.Message, now time.Time) *Result {
	shared, _ := envelope.Once(ctx, verificationKey{m, now}, func() (*Result, error) {
		if now.IsZero() {
			now = time.Now()
		}
		return verify(ctx, r, m, now), nil
	})
	own := *shared
	own.Signatures = slices.Clone(own.Signatures)
	return &own
}

// verificationKey is the key of envelope.Once. A judgement has one resolver,
// which is why it is not part of it.
type verificationKey struct {
	message *envelope.Message
	now     time.Time
}
