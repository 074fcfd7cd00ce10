package envelope

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime/debug"
	"slices"
)

// Concurrently calls ask for each item and yields the results in the order of the
// items. The call for an item starts when every call before it has returned or
// waits for DNS, a store or a directory (see [Wait]). So independent DNS queries
// are sent together, and none is sent if the calls before it decide without
// waiting.
//
//	for name, found := range envelope.Concurrently(ctx, names, lookup) {
//		if found.ok {
//			return name
//		}
//	}
//
// A loop that ends early does not wait for the calls that still run: their context
// is cancelled, and no further call starts. ask must therefore not write to
// anything that the caller reads. If ask panics, the loop panics when it comes to
// that item.
//
// A goroutine starts only when an earlier call waits. A judgement has at most 128
// goroutines, and so at most that many questions in flight: further calls start when
// others end, in their order. In a sequential judgement (verdict.Policy.Sequential)
// each call starts when the loop comes to its item.
func Concurrently[I, T any](ctx context.Context, items []I, ask func(ctx context.Context, item I) T) iter.Seq2[I, T] {
	return func(yield func(I, T) bool) { concurrently(ctx, items, ask, yield) }
}

// concurrently is the loop of [Concurrently], which is small enough to be inlined, so
// that the body of the caller's loop needs no memory.
func concurrently[I, T any](ctx context.Context, items []I, ask func(context.Context, I) T, yield func(I, T) bool) {
	if workOf(ctx) == nil && len(items) > 1 {
		ctx = newWork(ctx, false)
	}
	w := workOf(ctx)
	if len(items) < 2 || w.judgement.sequential {
		for _, item := range items {
			if !yield(item, ask(ctx, item)) {
				return
			}
		}
		return
	}
	t := newTeam(ctx, w, items, ask)
	defer t.dismiss()
	for i, item := range items {
		if !yield(item, t.result(i)) {
			return
		}
	}
}

// Ready calls ask for each item as [Concurrently] does, but does not wait for the
// calls. It yields the results that are there when each call has returned or waits.
// The calls that wait continue until ctx ends. Ready is for a judge that cannot
// decide yet and starts the lookups that it will need. In a sequential judgement it
// calls nothing.
func Ready[I, T any](ctx context.Context, items []I, ask func(ctx context.Context, item I) T) iter.Seq2[I, T] {
	return func(yield func(I, T) bool) {
		w := workOf(ctx)
		if w == nil || w.judgement.sequential || len(items) == 0 {
			return
		}
		t := newTeam(ctx, w, items, ask)
		defer t.dismiss()
		t.own = ctx
		for i, r := range t.startAll() {
			if r.done && !yield(items[i], t.value(&r)) {
				return
			}
		}
	}
}

// Wait calls f, which waits for something outside the program: a store, a directory
// or the network. While f waits, other checks of the judgement run. Without Wait
// the time of f delays them. Checks that only ask DNS through their [Resolver] need
// not call it.
func Wait[T any](ctx context.Context, f func() (T, error)) (T, error) {
	w := workOf(ctx)
	rounds := w.pause() + 1
	defer func() { w.resume(rounds) }()
	return f()
}

// Rounds returns how many successive waits of the judgement of ctx led here: waits at
// the same time count as one. Outside a judgement it returns 0.
func Rounds(ctx context.Context) int { return workOf(ctx).now() }

// team is a crew with the results of its members.
type team[I, T any] struct {
	crew
	ctx     context.Context
	own     context.Context // of members that have their own goroutine, nil if there are none
	cancel  context.CancelFunc
	caller  *work
	rounds  int // the number of successive waits that led here
	items   []I
	ask     func(context.Context, I) T
	results []result[T] // nil until a member with its own goroutine has finished
	over    bool        // the caller needs no more results
	awaited int         // the member that the caller waits for, -1 if none
	arrived chan struct{}
}

type result[T any] struct {
	value    T
	done     bool
	rounds   int
	panicked error
}

func newTeam[I, T any](ctx context.Context, w *work, items []I, ask func(context.Context, I) T) *team[I, T] {
	j := w.judgement
	j.mu.Lock()
	defer j.mu.Unlock()
	t := &team[I, T]{ctx: ctx, caller: w, rounds: w.rounds, items: items, ask: ask, awaited: -1}
	t.crew = crew{parent: w.crew, member: w.member, size: len(items), start: t}
	j.enlist(&t.crew)
	if w.crews++; w.root && w.crews == 1 {
		j.running++
	}
	return t
}

// result returns the result of member i. A member that has not started runs in the
// goroutine of the caller.
func (t *team[I, T]) result(i int) T {
	w, j := t.caller, t.caller.judgement
	j.mu.Lock()
	w.crew, w.member = &t.crew, i
	if i == t.next {
		t.next++
		j.mu.Unlock()
		return t.ask(t.ctx, t.items[i])
	}
	if t.results == nil || !t.results[i].done {
		t.awaited, t.arrived = i, make(chan struct{})
		arrived := t.arrived
		w.rest()
		j.mu.Unlock()
		<-arrived
		j.mu.Lock()
	}
	r := t.results[i]
	j.mu.Unlock()
	w.reached(r.rounds)
	return t.value(&r)
}

// value returns the value of a finished member, or panics as it did.
func (t *team[I, T]) value(r *result[T]) T {
	if r.panicked != nil {
		panic(r.panicked)
	}
	return r.value
}

// startAll starts every member and returns the results that are there when all work
// of the judgement waits.
func (t *team[I, T]) startAll() []result[T] {
	w, j := t.caller, t.caller.judgement
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.idle == nil {
		j.idle = make(chan struct{})
	}
	idle := j.idle
	w.rest()
	j.startNext()
	j.mu.Unlock()
	<-idle
	j.mu.Lock()
	w.wake()
	return slices.Clone(t.results)
}

// start runs member i in a new goroutine. The caller holds the lock of the
// judgement.
func (t *team[I, T]) start(i int) {
	if t.own == nil {
		t.own, t.cancel = context.WithCancel(t.ctx)
	}
	go t.run(i)
}

// dismiss cancels the members that still run and starts no more.
func (t *team[I, T]) dismiss() {
	j := t.caller.judgement
	j.mu.Lock()
	defer j.mu.Unlock()
	j.remove(&t.crew)
	t.over, t.results = true, nil
	t.caller.crew, t.caller.member = t.parent, t.member
	if t.cancel != nil {
		t.cancel()
	}
	if t.caller.crews--; t.caller.root && t.caller.crews == 0 {
		j.stop()
	}
}

// run runs member i in its own goroutine.
func (t *team[I, T]) run(i int) {
	w := &work{judgement: t.caller.judgement, crew: &t.crew, member: i, rounds: t.rounds}
	r := result[T]{done: true, panicked: errors.New("the goroutine of a concurrent call ended")}
	defer func() {
		if v := recover(); v != nil {
			r.panicked = fmt.Errorf("panic in a concurrent call: %v\n%s", v, debug.Stack())
		}
		t.finish(i, w, r)
	}()
	r.value = t.ask(context.WithValue(t.own, workKey{}, w), t.items[i])
	r.panicked = nil
}

// finish stores the result of member i. If the caller waits for it, the caller counts
// as running in place of the member, so that no other member starts before the
// caller has seen the result.
func (t *team[I, T]) finish(i int, w *work, r result[T]) {
	j := w.judgement
	j.mu.Lock()
	defer j.mu.Unlock()
	if !t.over {
		if t.results == nil {
			t.results = make([]result[T], len(t.items))
		}
		r.rounds = w.rounds
		t.results[i] = r
	}
	j.goroutines--
	if t.awaited == i {
		t.awaited = -1
		close(t.arrived)
		if t.caller.waits--; t.caller.waits == 0 && t.caller.computes() {
			return
		}
	}
	j.stop()
}
