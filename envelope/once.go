package envelope

import (
	"context"
	"slices"
	"sync"
)

// memo holds the computations of [Once] by key. The zero value is ready for use.
type memo struct {
	mu   sync.Mutex
	few  []entry     // the first computations: comparing a few keys is faster than hashing one
	many map[any]any // the others, key -> *computation[T]
}

type entry struct {
	key         any
	computation any // a *computation[T]
}

// most is the number of computations that are found by comparing their keys.
const most = 16

// get returns the computation of a key, nil if there is none. The caller holds mu.
func (m *memo) get(key any) any {
	for i := range m.few {
		if m.few[i].key == key {
			return m.few[i].computation
		}
	}
	return m.many[key]
}

// put adds the computation of a key. The caller holds mu.
func (m *memo) put(key, computation any) {
	switch {
	case m.few == nil:
		m.few = make([]entry, 0, most)
		fallthrough
	case len(m.few) < most:
		m.few = append(m.few, entry{key, computation})
		return
	case m.many == nil:
		m.many = make(map[any]any)
	}
	m.many[key] = computation
}

// remove removes the computation of a key, unless the key has another one. The caller
// holds mu.
func (m *memo) remove(key, computation any) {
	if m.get(key) != computation {
		return
	}
	m.few = slices.DeleteFunc(m.few, func(e entry) bool { return e.key == key })
	delete(m.many, key)
}

// WithJudgement returns a context within which [Once] computes each key once.
// A judge calls it when it begins. A test of a single check need not call it.
func WithJudgement(ctx context.Context) context.Context {
	return newWork(ctx, true)
}

// Shares reports whether ctx belongs to a judgement, in which [Once] shares
// results. A package that computes ahead of need asks it first: without a
// judgement the work would be done twice.
func Shares(ctx context.Context) bool { return memoOf(ctx) != nil }

// Sequentially returns a context of the same judgement within which [Concurrently]
// starts each call only when its result is needed.
func Sequentially(ctx context.Context) context.Context {
	if workOf(ctx) == nil {
		ctx = newWork(ctx, false)
	}
	j := workOf(ctx).judgement
	j.mu.Lock()
	defer j.mu.Unlock()
	j.sequential = true
	return ctx
}

// Once returns the results of compute. During one judgement it calls compute once
// for each key, however many callers ask for that key and however many of them
// ask concurrently: five rules that need SPF share one evaluation. Outside a
// judgement Once calls compute every time.
//
// The key must hold all inputs of the computation except the resolver, of which
// a judgement has one. It must be of a type of the caller's own package, so that
// no other package can use the same key. compute must not ask for its own key,
// and it must return soon after ctx ends.
//
// Abandoned work is retried. If ctx ends before compute returns, the results go to
// this caller alone, and the next caller whose context has not ended computes the
// key again. A caller whose own ctx ends does not wait for the computation of
// another caller: it calls its own compute with the ended ctx.
//
// If compute panics, every caller of that key panics with the same value.
func Once[K comparable, T any](ctx context.Context, key K, compute func() (T, error)) (T, error) {
	return once(ctx, memoOf(ctx), key, compute)
}

// memoOf returns the memo of the judgement of ctx, nil if there is none.
func memoOf(ctx context.Context) *memo {
	w := workOf(ctx)
	if w == nil || !w.judgement.shares {
		return nil
	}
	return &w.judgement.memo
}

// OncePerMessage is [Once] for work that depends only on a message and the key: not
// on DNS, the clock or another field of the envelope. The results are kept with the
// message, so that all recipients and all judgements of a transaction share them. A
// message whose body is still arriving ([Envelope.Arriving]) shares them with the whole
// one, so they must not depend on the body there. Closing the message releases them.
func OncePerMessage[K comparable, T any](ctx context.Context, m *Message, key K, compute func() (T, error)) (T, error) {
	return once(ctx, m.results(), key, compute)
}

// once is [Once] with a memo. Without one it calls compute every time.
func once[T any](ctx context.Context, m *memo, key any, compute func() (T, error)) (T, error) {
	if m == nil {
		return compute()
	}
	for {
		c, mine, done := claim[T](m, key)
		if mine {
			return c.run(ctx, m, key, compute)
		}
		if !c.await(ctx, done) {
			return compute()
		}
		switch {
		case !c.abandoned:
			return c.answer()
		case ctx.Err() != nil:
			return compute()
		}
	}
}

// computation is the answer for one key. The others than its first caller may use it
// when it is complete.
type computation[T any] struct {
	value     T
	err       error
	rounds    int  // the number of successive waits that led to the answer
	abandoned bool // the context of the caller that ran it ended: there is no answer
	panicked  bool
	panic     any

	// Guarded by the memo.
	complete bool
	done     chan struct{} // closed when it is complete; nil if nobody waits
}

// claim returns the computation of a key, and reports whether the caller must run it.
// If another one runs it, done is closed at the end, and nil after it.
func claim[T any](m *memo, key any) (c *computation[T], mine bool, done <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c, ok := m.get(key).(*computation[T]); ok {
		if c.complete {
			return c, false, nil
		}
		if c.done == nil {
			c.done = make(chan struct{})
		}
		return c, false, c.done
	}
	c = &computation[T]{abandoned: true}
	m.put(key, c)
	return c, true, nil
}

// forget drops all computations.
func (m *memo) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.few, m.many = nil, nil
}

// run computes the answer for all callers, or for this one alone if ctx ends
// first.
func (c *computation[T]) run(ctx context.Context, m *memo, key any, compute func() (T, error)) (T, error) {
	returned := false
	defer func() {
		if !returned { // compute panicked, or ended its goroutine
			if c.panic = recover(); c.panic != nil {
				c.abandoned, c.panicked = false, true
			}
		}
		c.rounds = workOf(ctx).now()
		c.finish(m, key)
		if c.panicked {
			panic(c.panic)
		}
	}()
	c.value, c.err = compute()
	returned = true
	c.abandoned = ctx.Err() != nil
	return c.value, c.err
}

// finish makes the answer known to all who ask. An abandoned one is forgotten.
func (c *computation[T]) finish(m *memo, key any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.abandoned {
		m.remove(key, c) // unless forget was called meanwhile
	}
	c.complete = true
	if c.done != nil {
		close(c.done)
	}
}

// await waits until done is closed, if it is not nil. It reports false if ctx ends
// first. An answer that is there is used even if ctx has ended.
func (c *computation[T]) await(ctx context.Context, done <-chan struct{}) bool {
	w := workOf(ctx)
	if done == nil {
		w.reached(c.rounds)
		return true
	}
	w.pause()
	select {
	case <-done:
		w.resume(c.rounds)
		return true
	case <-ctx.Done():
		w.resume(0)
		return false
	}
}

func (c *computation[T]) answer() (T, error) {
	if c.panicked {
		panic(c.panic)
	}
	return c.value, c.err
}
