package replay

import (
	"context"
	"fmt"
	"slices"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
)

// Change is a policy, and one to replace it.
type Change struct{ Old, New verdict.Policy }

// Pair are the verdicts of a Change on one envelope.
type Pair struct{ Old, New verdict.Verdict }

// Judge judges e by both policies. Each question to DNS is asked once, and nothing is
// written: no Commit is called.
func (c Change) Judge(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) Pair {
	if e == nil {
		return Pair{}
	}
	seen, one := zone.Record(r), atOneTime(e)
	return Pair{withoutCommits(c.Old).Judge(ctx, seen, &one), withoutCommits(c.New).Judge(ctx, seen, &one)}
}

// JudgeEach is Judge for each recipient, as [verdict.Policy.JudgeEach].
func (c Change) JudgeEach(ctx context.Context, r envelope.Resolver, e *envelope.Envelope, recipients ...string) []Pair {
	pairs := make([]Pair, len(recipients))
	if e == nil {
		return pairs
	}
	seen, one := zone.Record(r), atOneTime(e)
	before := withoutCommits(c.Old).JudgeEach(ctx, seen, &one, recipients...)
	after := withoutCommits(c.New).JudgeEach(ctx, seen, &one, recipients...)
	for i := range pairs {
		pairs[i] = Pair{before[i], after[i]}
	}
	return pairs
}

// atOneTime returns e with the time of its judgements.
func atOneTime(e *envelope.Envelope) envelope.Envelope {
	one := *e
	one.Now = e.Time()
	return one
}

// withoutCommits returns the policy without the Commits of its findings.
func withoutCommits(p verdict.Policy) verdict.Policy {
	return replacing(p, func(_ place, check envelope.Check) envelope.Check {
		return func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			f := check(ctx, r, e)
			f.Commit = nil
			return f
		}
	})
}

// Differs reports whether the client or the recipient would notice the change: by another
// reply, or another mark. It does not matter which rule decides.
func (p Pair) Differs() bool {
	return p.Old.Action != p.New.Action || p.Old.Reply().String() != p.New.Reply().String() ||
		!slices.Equal(p.Old.Marks, p.New.Marks) || !slices.Equal(p.Old.Undecided, p.New.Undecided)
}

// String returns both verdicts in one line.
func (p Pair) String() string { return fmt.Sprintf("%v -> %v", p.Old, p.New) }
