package envelope

import (
	"context"
	"slices"
	"sync"
)

type workKey struct{}

// workOf returns the work that ctx belongs to, nil outside a judgement and
// outside [Concurrently].
func workOf(ctx context.Context) *work {
	w, _ := ctx.Value(workKey{}).(*work)
	return w
}

// work is the state of one goroutine of a judgement.
type work struct {
	judgement *judgement
	root      bool  // the goroutine of the judge, which counts as running while it has crews
	crews     int   // of the root
	crew      *crew // the crew that it works for at the moment, nil for the root
	member    int   // which member of crew it is, or whose result it uses
	waits     int   // the waits that it is in; several if a check starts goroutines itself
	rounds    int   // the number of successive waits that led here
}

// judgement is what all work of one judgement shares: the answers of [Once], and
// how many goroutines run.
type judgement struct {
	shares bool // Once computes each key once
	memo   memo

	mu         sync.Mutex
	sequential bool
	running    int           // work that does not wait
	goroutines int           // of members, whether they wait or not
	crews      []*crew       // with members that may still start, in the order of the rules
	few        [3]*crew      // the first array of crews, to save an allocation
	idle       chan struct{} // closed when all work waits and no more can start; nil if unused
}

// judging is the context of the first work of a judgement, in one allocation.
type judging struct {
	context.Context
	work   work
	shared judgement
}

func newWork(ctx context.Context, shares bool) context.Context {
	c := &judging{Context: ctx}
	c.shared.shares = shares
	c.shared.crews = c.shared.few[:0]
	c.work.judgement, c.work.root = &c.shared, true
	return c
}

func (c *judging) Value(key any) any {
	if _, ok := key.(workKey); ok {
		return &c.work
	}
	return c.Context.Value(key)
}

// computes reports whether w counts as running when it does not wait.
func (w *work) computes() bool { return !w.root || w.crews > 0 }

// rest records that w waits. The caller holds mu.
func (w *work) rest() {
	if w.waits++; w.waits == 1 && w.computes() {
		w.judgement.stop()
	}
}

// wake records that a wait of w ended. The caller holds mu.
func (w *work) wake() {
	if w.waits--; w.waits == 0 && w.computes() {
		w.judgement.running++
	}
}

// crew is one call of [Concurrently]: its members start in order.
type crew struct {
	parent *crew // the crew of the caller, nil for the judge
	member int   // the caller's place in parent
	next   int   // the first member that has not started
	size   int
	start  starter
}

type starter interface {
	start(member int) // in a new goroutine
}

// pause records that w waits, so that the next member can start. It returns the
// number of successive waits that led here. Outside a judgement, where w is nil,
// pause does nothing, like the methods below.
func (w *work) pause() (rounds int) {
	if w == nil {
		return 0
	}
	j := w.judgement
	j.mu.Lock()
	defer j.mu.Unlock()
	w.rest()
	return w.rounds
}

// resume records that a wait of w ended, after rounds successive waits.
func (w *work) resume(rounds int) {
	if w == nil {
		return
	}
	j := w.judgement
	j.mu.Lock()
	defer j.mu.Unlock()
	w.rounds = max(w.rounds, rounds)
	w.wake()
}

// reached records that w uses a result to which rounds successive waits led.
func (w *work) reached(rounds int) {
	if w == nil {
		return
	}
	w.judgement.mu.Lock()
	defer w.judgement.mu.Unlock()
	w.rounds = max(w.rounds, rounds)
}

// now returns the number of successive waits that led here.
func (w *work) now() int {
	if w == nil {
		return 0
	}
	w.judgement.mu.Lock()
	defer w.judgement.mu.Unlock()
	return w.rounds
}

// maxGoroutines bounds the goroutines of a judgement, and so its questions in flight.
// It lets an SPF record ask for all addresses at once that RFC 7208 allows it: those
// of a hundred hosts, for which about 115 goroutines wait. One that waits takes 4 to
// 8 KB.
const maxGoroutines = 128

// stop records that one goroutine no longer runs. If none does, the next member
// starts. The caller holds mu.
func (j *judgement) stop() {
	j.running--
	j.startNext()
}

// startNext starts the next member unless a goroutine runs. If there are too many
// goroutines, the member starts when one of them ends. The caller holds mu.
func (j *judgement) startNext() {
	if j.running > 0 {
		return
	}
	for _, c := range j.crews {
		if c.next < c.size && j.goroutines < maxGoroutines {
			member := c.next
			c.next++
			j.running++
			j.goroutines++
			c.start.start(member)
			return
		}
	}
	if j.idle != nil {
		close(j.idle)
		j.idle = nil
	}
}

// enlist inserts a crew in the order of the rules: after the crews of members before
// its caller, and before the members that come after its caller. The caller holds
// mu.
func (j *judgement) enlist(c *crew) {
	at := slices.IndexFunc(j.crews, func(other *crew) bool { return other.comesAfter(c) })
	if at < 0 {
		at = len(j.crews)
	}
	j.crews = slices.Insert(j.crews, at, c)
}

// remove removes a crew, so that no more of its members start. The caller holds mu.
func (j *judgement) remove(c *crew) {
	if at := slices.Index(j.crews, c); at >= 0 {
		j.crews = slices.Delete(j.crews, at, at+1)
	}
}

// comesAfter reports whether the members of c that have not started come after
// those of a new crew.
func (c *crew) comesAfter(fresh *crew) bool {
	if c == fresh.parent {
		return true
	}
	for ; c != nil; c = c.parent {
		if c.parent == fresh.parent {
			return c.member > fresh.member
		}
	}
	return false
}
