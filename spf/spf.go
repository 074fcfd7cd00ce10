// Package spf asks a domain whether a client may send its mail: SPF (RFC 7208).
package spf

import (
	"context"

	"mxrules.example/envelope"
)

// Options are the settings of a [Checker]. The zero value is what RFC 7208
// says.
type Options struct {
	// WithoutExplanation leaves the explanation of a domain alone, and its
	// lookup.
	WithoutExplanation bool
	// Records are SPF records that stand in for what the domains themselves
	// publish, such as that of a forwarder that a site knows. The keys are
	// domains.
	Records map[string]string
	// MaxQuestions bounds what one evaluation asks DNS. 0 means 60.
	MaxQuestions int
	// MaxVoidLookups bounds the terms that may find nothing (RFC 7208, section
	// 4.6.4). 0 means 2, less than 0 none.
	MaxVoidLookups int
}

// Checker evaluates SPF with the settings of a site. Make one with New. It is
// safe for use by many goroutines.
type Checker struct {
	options Options
}

// New returns a Checker. The error names an Options.Records entry that is wrong.
func New(options Options) (*Checker, error) {
	return &Checker{options}, nil
}

// defaults is the Checker of the functions. It does not change.
var defaults = &Checker{}

// Evaluate evaluates SPF for one identity of a client (RFC 7208, section 4). It
// never fails: whatever is wrong is a result.
func Evaluate(ctx context.Context, r envelope.Resolver, in Input) Result {
	return defaults.Evaluate(ctx, r, in)
}

// key is what an evaluation depends on, and the key of envelope.Once. A
// judgement has one resolver, which is why it is not part of it.
type key struct {
	checker *Checker
	in      Input
}

// shared evaluates once per judgement. The result is the caller's own. A check
// whose context ended before the answer came leaves no answer behind: another
// that still has time asks for itself.
func (c *Checker) shared(ctx context.Context, r envelope.Resolver, in Input) Result {
	type answer struct {
		result    Result
		abandoned bool
	}
	a := envelope.Once(ctx, key{c, in}, func() answer {
		result := c.Evaluate(ctx, r, in)
		return answer{result, result.Word == WordTempError && ctx.Err() != nil}
	})
	if a.abandoned && ctx.Err() == nil {
		return c.Evaluate(ctx, r, in)
	}
	return a.result
}
