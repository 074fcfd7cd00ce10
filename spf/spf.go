// Package spf asks a domain whether a client may send its mail: SPF (RFC 7208).
package spf

import (
	"context"

	"mxrules.example/envelope"
)

// Evaluate evaluates SPF for one identity of a client (RFC 7208, section 4). It
// never fails: whatever is wrong is a result.
func Evaluate(ctx context.Context, r envelope.Resolver, in Input) Result {
	return defaults.Evaluate(ctx, r, in)
}
