// Package dkim verifies the DKIM signatures of a message (RFC 6376, with the
// algorithms of RFC 8301 and RFC 8463): which domains vouch for it, and is it
// still what they signed.
package dkim

import (
	"context"
	"slices"
	"time"

	"mxrules.example/envelope"
)

// Verify returns what the signatures of m say at the time now; zero is the
// clock. All who ask in one judgement share the work.
func Verify(ctx context.Context, r envelope.Resolver, m *envelope.Message, now time.Time) *Result {
	shared := envelope.Once(ctx, verificationKey{m, now}, func() shared { return share(ctx, r, m, now) })
	if shared.abandoned && ctx.Err() == nil {
		shared = share(ctx, r, m, now)
	}
	own := *shared.result
	own.Signatures = slices.Clone(own.Signatures)
	return &own
}

// verificationKey is the key of envelope.Once. A judgement has one resolver,
// which is why it is not part of it.
type verificationKey struct {
	message *envelope.Message
	now     time.Time
}

// shared is a result for all who ask in one judgement.
type shared struct {
	result    *Result
	abandoned bool // the context of whoever asked first ended before
}

func share(ctx context.Context, r envelope.Resolver, m *envelope.Message, now time.Time) shared {
	if now.IsZero() {
		now = time.Now()
	}
	result := verify(ctx, r, m, now)
	return shared{result, ctx.Err() != nil}
}
