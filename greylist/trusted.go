package greylist

import (
	"context"
	"fmt"

	"mxrules.example/envelope"
)

// Trusted passes when the identity of a sender has at least n good triplets: so
// many pairs of sender and recipient have come back as mail servers do, and are
// remembered. It reads what Known wrote with the same store and the same
// options, and writes nothing. That somebody comes back is no proof of honesty:
// take it as a condition, so that who has shown patience is spared a doubtful
// check, and never as a reason to accept. A sender without an identity fails,
// and n is at least 1. It answers from Rcpt on.
//
// A store or an Identity that fails is a TempError.
//
// DNS: what Options.Identity asks; nothing by default.
func Trusted(store Store, n int, options Options) envelope.Check {
	const check = "greylist.trusted"
	o, err := options.completed()
	switch {
	case err == nil && store == nil:
		err = errNoStore
	case err == nil && n < 1:
		err = fmt.Errorf("greylist: Trusted wants %d good triplets, which everybody has", n)
	}
	if err != nil {
		return envelope.Misconfigured(check, envelope.Rcpt, err)
	}
	return envelope.At(check, envelope.Rcpt, func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		identity, err := o.Identity(ctx, r, e)
		if err != nil {
			return envelope.Temporary(check, err)
		}
		if identity == "" {
			return envelope.Failed(check, refused, "it can't be told who sends this mail")
		}
		result := &Result{Identity: identity, IdentityKey: o.Secret.Identity(identity)}
		record, err := get(ctx, store, result.IdentityKey)
		if err != nil {
			return storeFailed(check, err).With(result)
		}
		if !record.Expired(e.Time()) {
			result.Good = record.Good
		}
		if int64(result.Good) < int64(n) {
			return envelope.Failed(check, refused,
				"mail from %s has come back after a delay for %d senders and recipients, and must for %d",
				identity, result.Good, n).With(result)
		}
		return envelope.Passed(check).With(result)
	})
}
