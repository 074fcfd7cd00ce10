package envelope

import (
	"context"
	"sync"
	"time"
)

// Consult calls f, a function that may wait, such as a set or a directory. It counts
// as waiting, as in [Wait], from the first call of Done or Deadline of its context,
// which database drivers and network clients make. From then on other checks of the
// judgement run. A function that only reads memory does not call them, so that later
// rules start no lookups if it decides.
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
	rounds int // the number of successive waits that led here, with this one
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

// end ends the wait. If the context is used after that, as by a goroutine that f has
// started, it does not count as waiting.
func (c *consultation) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	if c.waits {
		c.work.resume(c.rounds)
	}
}
