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

// flights holds the open lookups, at most one for each question.
type flights struct {
	mu     sync.Mutex
	open   map[question]*flight
	closed bool
	group  sync.WaitGroup // one goroutine for each flight
}

// flight is one open lookup: a goroutine that runs it and the callers that wait
// for its answer.
type flight struct {
	waiting int // the number of callers; guarded by flights.mu
	cancel  context.CancelCauseFunc
	done    chan struct{} // closed after answer is set
	answer  answer
}

// errNoCaller is the reason why a flight is cancelled.
var errNoCaller = errors.New("no caller is waiting for the answer")

// ask joins the flight of a question, or starts one, and waits for its answer. It
// returns false if the context ends first.
func (r *Resolver) ask(ctx context.Context, q question) (answer, source, bool) {
	f, a, from := r.join(q)
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

// join returns the flight of a question, and starts it if there is none. It looks
// into the cache again under the lock: a flight caches its answer before it is
// removed, so that no second flight starts in between.
func (r *Resolver) join(q question) (*flight, answer, source) {
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
	fs.group.Go(func() { r.run(ctx, q, f) })
	return f, answer{}, asked
}

// run looks up the answer of a flight. The callers get an answer in any case. A
// panic is a failure of the question: no caller could recover from it, since it
// is in another goroutine, and it would end the program. So is [runtime.Goexit].
func (r *Resolver) run(ctx context.Context, q question, f *flight) {
	a, ttl := answer{outcome: failed, data: "the lookup was aborted"}, time.Duration(0)
	defer func() {
		if p := recover(); p != nil {
			a.data = fmt.Sprint("panic: ", p)
		}
		r.cache.put(q, a, ttl, r.clock())
		f.answer = a
		r.flights.remove(q, f)
		f.cancel(nil)
		close(f.done)
	}()
	a, ttl = r.resolve(ctx, q)
}

// remove removes a flight that has ended.
func (fs *flights) remove(q question, f *flight) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.open[q] == f {
		delete(fs.open, q)
	}
}

// leave removes one caller from a flight, and cancels the flight after the last
// one. The next caller starts another flight.
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
	f.cancel(errNoCaller)
}

// close cancels every flight and waits until all have ended.
func (fs *flights) close() {
	fs.mu.Lock()
	fs.closed = true
	for _, f := range fs.open {
		f.cancel(errClosed)
	}
	fs.mu.Unlock()
	fs.group.Wait()
}
