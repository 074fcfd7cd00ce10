package envelope

import (
	"context"
	"sync"
	"time"
)

// Consult calls f, a function of the site such as a set or a directory. It counts
// as a wait, as in [Wait], from the moment f asks the context when it ends (Done or
// Deadline), as database drivers and network clients do. From then on other checks
// of the judgement go on. A function that only looks into memory never asks, so that
// rules that it decides cost no lookups of the rules after it.
func Consult[T any](ctx context.Context, f func(ctx context.Context) (T, error)) (T, error) {
	w := workOf(ctx)
	if w == nil {
		return f(ctx)
	}
	c := &consultation{Context: ctx, work: w}
	defer c.end()
	return f(c)
}

// consultation is the context of a function that may wait.
type consultation struct {
	context.Context
	work *work

	mu     sync.Mutex
	waits  bool
	ended  bool
	rounds int // how many waits in a row led here and through this one
}

func (c *consultation) Done() <-chan struct{} {
	c.wait()
	return c.Context.Done()
}

func (c *consultation) Deadline() (time.Time, bool) {
	c.wait()
	return c.Context.Deadline()
}

func (c *consultation) wait() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waits || c.ended {
		return
	}
	c.waits = true
	c.rounds = c.work.pause() + 1
}

// end ends the wait. The context may be used after that, as by a goroutine that f
// has started, and then starts no other.
func (c *consultation) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	if c.waits {
		c.work.resume(c.rounds)
	}
}
