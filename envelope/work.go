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

// work is what one goroutine of a judgement does.
type work struct {
	judgement *judgement
	root      bool  // it is the judge's own, and computes while it has crews
	crews     int   // of the root
	crew      *crew // whose member it is at the moment, nil for the root
	member    int
	waits     int // how many waits it is in: a check may have goroutines of its own
	rounds    int // how many waits in a row led here
}

// judgement is what all work of one judgement shares: the answers that were
// computed, and who computes and who waits.
type judgement struct {
	shares bool // Once computes each key once
	memo   memo

	mu         sync.Mutex
	sequential bool
	running    int     // work that computes, and does not wait
	crews      []*crew // with members that may still start, in the order of the rules
	few        [3]*crew
	idle       chan struct{} // closed when all work waits and no more can start; nil if nobody asks
}

// newWork returns the first work of a judgement.
func newWork(shares bool) *work {
	first := &struct {
		work
		judgement
	}{}
	first.judgement.shares = shares
	first.judgement.crews = first.judgement.few[:0]
	first.work.judgement, first.work.root = &first.judgement, true
	return &first.work
}

// computes reports whether w counts among what runs unless it waits.
func (w *work) computes() bool { return !w.root || w.crews > 0 }

// rest says that w waits. The caller holds mu.
func (w *work) rest() {
	if w.waits++; w.waits == 1 && w.computes() {
		w.judgement.stop()
	}
}

// wake says that w computes again. The caller holds mu.
func (w *work) wake() {
	if w.waits--; w.waits == 0 && w.computes() {
		w.judgement.running++
	}
}

// crew is one call of [Concurrently]: its members start in order.
type crew struct {
	parent *crew // whose member called, nil for the judge
	member int   // which one
	next   int   // the first member that has not started
	size   int
	start  starter
}

type starter interface {
	start(member int) // in a goroutine of its own
}

// pause says that w waits for something. What comes next starts meanwhile. It
// returns how many waits in a row led here. Outside a judgement, where w is nil,
// nothing comes of it, as of the other methods.
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

// resume says that w computes again. The wait ended after rounds waits in a row.
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

// reached says that w goes on with what rounds waits in a row led to.
func (w *work) reached(rounds int) {
	if w == nil {
		return
	}
	w.judgement.mu.Lock()
	defer w.judgement.mu.Unlock()
	w.rounds = max(w.rounds, rounds)
}

// now returns how many waits in a row led here.
func (w *work) now() int {
	if w == nil {
		return 0
	}
	w.judgement.mu.Lock()
	defer w.judgement.mu.Unlock()
	return w.rounds
}

// stop takes note of work that no longer computes. If none does, the next
// member starts. The caller holds mu.
func (j *judgement) stop() {
	j.running--
	j.startNext()
}

// startNext starts the next member unless some work computes. The caller holds
// mu.
func (j *judgement) startNext() {
	if j.running > 0 {
		return
	}
	for _, c := range j.crews {
		if c.next < c.size {
			member := c.next
			c.next++
			j.running++
			c.start.start(member)
			return
		}
	}
	if j.idle != nil {
		close(j.idle)
		j.idle = nil
	}
}

// enlist puts a crew of w where the order of the rules has it: before what
// comes after the member that called, and after the crews of members before it.
// The caller holds mu.
func (j *judgement) enlist(c *crew) {
	at := slices.IndexFunc(j.crews, func(other *crew) bool { return other.comesAfter(c) })
	if at < 0 {
		at = len(j.crews)
	}
	j.crews = slices.Insert(j.crews, at, c)
}

// remove starts no more members of a crew. The caller holds mu.
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
