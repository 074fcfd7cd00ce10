// Package convoy lets calls to a slow engine go together.
//
// A transaction on disk or a round trip to a server costs about the same for
// one write and for a hundred. So while one is under way, the calls that come
// in wait, and then all go in the next: each waits for two at the most, and the
// engine does as few as it can. There is no timer: a call that comes alone goes
// at once, alone.
//
// It knows nothing of what it carries.
package convoy

import (
	"context"
	"runtime"
	"slices"
	"sync"
)

// Convoy gathers calls of type T. Make one with New.
type Convoy[T any] struct {
	carry func([]T)
	lanes int
	most  int

	mu      sync.Mutex
	waiting []*call[T]
	busy    int // lanes that are carrying
}

// call is one item on its way.
type call[T any] struct {
	item T
	done chan struct{}
}

// New returns a Convoy that carries at most so many items at a time, and so many
// times at once (lanes). Carry must not panic. An item may be carried when its
// caller waits no longer, so that carry must not write where a caller that has
// given up could read.
func New[T any](lanes, most int, carry func([]T)) *Convoy[T] {
	return &Convoy[T]{carry: carry, lanes: lanes, most: most}
}

// Do returns when item has been carried, or with the error of ctx when that
// ends. Then the item is taken back if it was not on its way yet; if it was,
// it may have been carried or not. A context that has ended carries nothing.
func (c *Convoy[T]) Do(ctx context.Context, item T) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	own := &call[T]{item, make(chan struct{})}
	c.mu.Lock()
	c.waiting = append(c.waiting, own)
	if c.busy < c.lanes {
		c.busy++
		go c.drive()
	}
	c.mu.Unlock()

	select {
	case <-own.done:
		return nil
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.waiting, own); i >= 0 {
		c.waiting = slices.Delete(c.waiting, i, i+1)
	}
	select {
	case <-own.done: // it had arrived in the same moment
		return nil
	default:
		return ctx.Err()
	}
}

// DoHere is Do, but carries item on the goroutine of the caller if a lane is
// free, which spares two changes of goroutines. Carry must then see to it itself
// that the caller does not wait for longer than it wants to.
func (c *Convoy[T]) DoHere(ctx context.Context, item T) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	if c.busy == c.lanes {
		c.mu.Unlock()
		return c.Do(ctx, item)
	}
	c.busy++
	c.mu.Unlock()
	c.carry([]T{item})
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) > 0 {
		go c.drive()
	} else {
		c.busy--
	}
	return nil
}

// drive carries until nobody waits.
func (c *Convoy[T]) drive() {
	for {
		calls := c.board()
		if len(calls) == 0 {
			return
		}
		items := make([]T, len(calls))
		for i, call := range calls {
			items[i] = call.item
		}
		c.carry(items)
		for _, call := range calls {
			close(call.done)
		}
		// Those who were carried may have more to send. Let them, or the next
		// convoy leaves with the first of them alone.
		runtime.Gosched()
	}
}

// board takes those who wait, as many as may go together. If there are none the
// lane ends.
func (c *Convoy[T]) board() []*call[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(c.waiting), c.most)
	calls := slices.Clone(c.waiting[:n])
	c.waiting = slices.Delete(c.waiting, 0, n)
	if n == 0 {
		c.busy--
	}
	return calls
}
