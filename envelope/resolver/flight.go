package resolver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mxrules.example/envelope"
)

var errClosed = errors.New("the resolver is closed")

// flights are the questions that are open. Equal ones share one flight.
type flights struct {
	mu     sync.Mutex
	open   map[question]*flight
	closed bool
	group  sync.WaitGroup // one goroutine for each flight
}

// flight is one open question, on which one goroutine works and for which
// callers wait.
type flight struct {
	waiting int // guarded by flights
	cancel  context.CancelCauseFunc
	done    chan struct{} // closed when the answer is there
	answer  answer
}

// errNobodyWaits is why a flight ends early.
var errNobodyWaits = errors.New("nobody waits for the answer")

// ask waits for the answer to a question: that of the cache if it came
// meanwhile, that of the flight if there is one, else that of a new flight. It
// is false if the context ends first.
func (r *Resolver) ask(ctx context.Context, q question) (answer, source, bool) {
	f, a, from := r.board(q)
	if f == nil {
		return a, from, true
	}
	_, err := envelope.Wait(ctx, func() (struct{}, error) {
		select {
		case <-f.done:
			return struct{}{}, nil
		case <-ctx.Done():
			r.flights.leave(q, f)
			return struct{}{}, ctx.Err()
		}
	})
	if err != nil {
		return answer{}, from, false
	}
	return f.answer, from, true
}

// board finds or begins the flight of a question. A flight puts its answer into
// the cache before it goes, so that there is no moment between the two in which
// a second one could begin.
func (r *Resolver) board(q question) (*flight, answer, source) {
	fs := &r.flights
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.closed {
		return nil, answer{outcome: failed, data: errClosed.Error()}, unasked
	}
	if f := fs.open[q]; f != nil {
		f.waiting++
		return f, answer{}, shared
	}
	if a, ok := r.cache.get(q, r.clock()); ok {
		return nil, a, cached
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	f := &flight{waiting: 1, cancel: cancel, done: make(chan struct{})}
	fs.open[q] = f
	fs.group.Go(func() { r.fly(ctx, q, f) })
	return f, answer{}, asked
}

// fly finds the answer to a question, for all who wait. They get one whatever
// happens: a panic is a failure, because no caller could recover from one in
// this goroutine, and the mail server would end with it; so is the end of the
// goroutine by [runtime.Goexit].
func (r *Resolver) fly(ctx context.Context, q question, f *flight) {
	a, ttl := answer{outcome: failed, data: "the question was given up"}, time.Duration(0)
	defer func() {
		if p := recover(); p != nil {
			a.data = fmt.Sprint("panic: ", p)
		}
		r.cache.put(q, a, ttl, r.clock())
		f.answer = a
		r.flights.land(q, f)
		f.cancel(nil)
		close(f.done)
	}()
	a, ttl = r.resolve(ctx, q)
}

// land takes a flight off the list.
func (fs *flights) land(q question, f *flight) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.open[q] == f {
		delete(fs.open, q)
	}
}

// leave says that one caller does not wait any more. With the last one the
// flight ends, and who comes after begins another.
func (fs *flights) leave(q question, f *flight) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f.waiting--
	if f.waiting > 0 {
		return
	}
	if fs.open[q] == f {
		delete(fs.open, q)
	}
	f.cancel(errNobodyWaits)
}

// close ends every flight and waits until they are down.
func (fs *flights) close() {
	fs.mu.Lock()
	fs.closed = true
	for _, f := range fs.open {
		f.cancel(errClosed)
	}
	fs.mu.Unlock()
	fs.group.Wait()
}
