package greylist

import (
	"context"
	"fmt"

	"mxrules.example/envelope"
	"mxrules.example/greylist/internal/stores"
)

// Trusted passes when the identity has at least n good triplets, and fails when
// it has fewer or is unidentified. It answers from Rcpt on.
//
// It reads what Known wrote with the same store and options, and writes nothing.
// Use it as a condition that exempts known systems from a check with false
// positives. It is not a reason to accept mail: good triplets show that a system
// retries, not that its mail is wanted.
//
// A store or an Identity that fails is a TempError. If n is less than 1 or
// the options are invalid, every finding is a TempError whose Err says so.
//
// DNS: the lookups of Options.Identity; none by default.
//
// Status: 550 5.7.1.
func Trusted(store Store, n int, options Options) envelope.Check {
	const check = "greylist.trusted"
	o, err := options.completed()
	switch {
	case err == nil && stores.IsNil(store):
		err = errNoStore
	case err == nil && n < 1:
		err = fmt.Errorf("greylist: Trusted: n is %d, must be at least 1", n)
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
			return envelope.Failed(check, refused, "the sender cannot be identified")
		}
		result := &Result{Identity: identity, IdentityKey: o.Secret.Identity(identity)}
		if err := result.readGood(ctx, store, e.Time()); err != nil {
			return storeFailed(check, err).With(result)
		}
		if int64(result.Good) < int64(n) {
			return envelope.Failed(check, refused,
				"%s has %d known pairs of sender and recipient, %d are required", identity, result.Good, n).With(result)
		}
		return envelope.Passed(check).With(result)
	})
}
