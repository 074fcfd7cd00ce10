package envelope

import (
	"context"
	"sync"
)

type judgementKey struct{}

// judgement holds what was computed once during one judgement.
type judgement struct{ done sync.Map } // key -> func() T

// WithJudgement returns a context within which [Once] computes each key once.
// A judge calls it when it begins; whoever tests a check alone need not.
func WithJudgement(ctx context.Context) context.Context {
	return context.WithValue(ctx, judgementKey{}, new(judgement))
}

// Once returns what compute returns, and calls it once per judgement for each
// key, whoever asks and however many ask at the same time: so five rules that
// need SPF share one evaluation. The key must hold all inputs of the
// computation, and be of a type of the caller's own package, so that no one
// else can have the same. Outside a judgement Once just calls compute. If
// compute panics, every caller of that key panics with the same value; compute
// must not ask for its own key.
func Once[K comparable, T any](ctx context.Context, key K, compute func() T) T {
	j, ok := ctx.Value(judgementKey{}).(*judgement)
	if !ok {
		return compute()
	}
	once, ok := j.done.Load(key)
	if !ok {
		once, _ = j.done.LoadOrStore(key, sync.OnceValue(compute))
	}
	return once.(func() T)()
}
