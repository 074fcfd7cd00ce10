// Package convoy batches concurrent calls to a slow store.
//
// A disk transaction or a round trip to a server costs about the same for one
// write and for a hundred. While one is in progress, new calls wait; then all of
// them form the next batch. A call waits for two batches at most. There is no
// timer: a call that finds the store idle runs at once.
package convoy

import (
	"context"
	"runtime"
	"slices"
	"sync"
)

// Convoy batches calls of type T. Create one with [New].
type Convoy[T any] struct {
	carry func([]T)
	lanes int
	most  int

	mu      sync.Mutex
	waiting []*call[T]
	busy    int // lanes in use
}

// call is a waiting item.
type call[T any] struct {
	item T
	done chan struct{}
}

// New returns a Convoy that runs carry with batches of up to most items, up to
// lanes batches concurrently. carry must not panic. A caller may return before
// its item is carried, so carry must not write what such a caller reads.
func New[T any](lanes, most int, carry func([]T)) *Convoy[T] {
	return &Convoy[T]{carry: carry, lanes: lanes, most: most}
}

// Do returns nil when item has been carried. When ctx ends first, Do returns its
// error; item may still be carried if its batch has started, and is dropped
// otherwise. If ctx has already ended, item is not carried.
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
	case <-own.done: // carried at the same moment
		return nil
	default:
		return ctx.Err()
	}
}

// DoHere is Do, but if a lane is free it carries item in the calling goroutine,
// which saves two goroutine switches. carry must then return itself when ctx
// ends.
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

// drive carries batches until no call waits.
func (c *Convoy[T]) drive() {
	expected := c.most
	for {
		c.gather(expected)
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
		expected = len(calls) // they may call again at once
	}
}

// gather lets other goroutines run while they add calls, up to an expected number.
// Otherwise a batch has only the first of the calls that are about to come, and the
// others wait for two batches.
func (c *Convoy[T]) gather(expected int) {
	for before := -1; ; {
		runtime.Gosched()
		c.mu.Lock()
		waiting := len(c.waiting)
		c.mu.Unlock()
		if waiting >= expected || waiting == before {
			return
		}
		before = waiting
	}
}

// board returns the next batch. If it is empty, the lane is free.
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
