package greylist

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// table maps keys to records by open addressing in one array without pointers,
// so that the garbage collector has nothing to look at, and 32 octets a slot are
// all that a record costs beside the empty slots. A key is a hash already: its
// first half says where its slot should be (its home), and the slots between the
// home and the next empty one are in the order of their homes (linear probing
// with Robin Hood hashing). So a search ends as soon as it meets a slot whose
// home is farther on, and nothing needs a mark when it is deleted.
type table struct {
	slots []slot
	used  int // slots that hold a record
	grey  int // those of them that were never let in
	hand  int // where the next sweep begins
}

// slot is one record. It is empty if until is 0.
type slot struct {
	key    Key
	record packed
}

const (
	slotSize  = 32
	smallest  = 16 // slots
	fullest   = 90 // percent of the slots that may be used
	roomiest  = 76 // percent that are used after the table has grown
	emptiest  = 30 // percent below which it shrinks
	perSweep  = 4  // slots looked at for each new record
	sample    = 64 // slots among which the least valuable is looked for
	greyShare = 8  // new ones may crowd out known ones up to one in so many
)

func (s *slot) empty() bool { return s.record.until == 0 }
func (s *slot) grey() bool  { return s.record.good == 0 }

// home returns the slot where key should be: its first 64 bits, scaled.
func (t *table) home(key *Key) int {
	high, _ := bits.Mul64(binary.BigEndian.Uint64(key[:8]), uint64(len(t.slots)))
	return int(high)
}

func (t *table) next(i int) int {
	if i++; i < len(t.slots) {
		return i
	}
	return 0
}

// distance returns how far slot i is behind the home of what it holds.
func (t *table) distance(i int) int {
	d := i - t.home(&t.slots[i].key)
	if d < 0 {
		d += len(t.slots)
	}
	return d
}

// find returns the slot of key, or that where it should be put.
func (t *table) find(key *Key) (at int, found bool) {
	i := t.home(key)
	for d := 0; ; d++ {
		s := &t.slots[i]
		if s.key == *key && !s.empty() {
			return i, true
		}
		if s.empty() || t.distance(i) < d {
			return i, false
		}
		i = t.next(i)
	}
}

// get returns the record of key, the zero one if there is none.
func (t *table) get(key *Key) packed {
	if len(t.slots) > 0 {
		if i, found := t.find(key); found {
			return t.slots[i].record
		}
	}
	return packed{}
}

// update makes of the record of key, and of r, what change says, and returns
// it. A key that is new is given room within limit slots: by growing, and then
// at the cost of the least valuable record.
func (t *table) update(key *Key, r packed, change func(old, r packed) packed, now uint32, limit int) packed {
	if len(t.slots) > 0 {
		if i, found := t.find(key); found {
			s := &t.slots[i]
			t.count(s, -1)
			s.record = change(s.record, r)
			t.count(s, +1)
			return s.record
		}
	}
	if r = change(packed{}, r); r.until == 0 {
		return packed{} // it never counted
	}
	t.sweep(now, limit)
	if (t.used+1)*100 > len(t.slots)*fullest {
		t.makeRoom(now, limit)
	}
	i, _ := t.find(key)
	t.insert(i, slot{*key, r})
	return r
}

// count keeps account of what slots hold.
func (t *table) count(s *slot, change int) {
	t.used += change
	if s.grey() {
		t.grey += change
	}
}

// insert puts s at i, and what stood there and behind it one slot on.
func (t *table) insert(i int, s slot) {
	t.count(&s, +1)
	for !t.slots[i].empty() {
		t.slots[i], s = s, t.slots[i]
		i = t.next(i)
	}
	t.slots[i] = s
}

// remove empties slot i, and moves what stands behind it nearer to its home.
func (t *table) remove(i int) {
	t.count(&t.slots[i], -1)
	for {
		next := t.next(i)
		if t.slots[next].empty() || t.distance(next) == 0 {
			t.slots[i] = slot{}
			return
		}
		t.slots[i] = t.slots[next]
		i = next
	}
}

// makeRoom sees to it that one more record fits.
func (t *table) makeRoom(now uint32, limit int) {
	if len(t.slots) < limit {
		t.resize(now, limit)
		if (t.used+1)*100 <= len(t.slots)*fullest {
			return
		}
	}
	t.evict(now)
}

// resize copies what has not expired into an array of the right size.
func (t *table) resize(now uint32, limit int) {
	old := t.slots
	live, free := 0, 0
	for i := range old {
		if s := &old[i]; s.empty() {
			free = i
		} else if s.record.until >= now {
			live++
		}
	}
	*t = table{slots: make([]slot, min(max((live+1)*100/roomiest, smallest), limit))}
	// Behind an empty slot what stands there is in the order of homes, and nearly
	// so in the new array: most of it can be put behind what was put last.
	last, lastHome := -1, 0
	for range old {
		if free++; free == len(old) {
			free, last, lastHome = 0, len(t.slots), len(t.slots)
		}
		s := &old[free]
		if s.empty() || s.record.until < now {
			continue
		}
		home := t.home(&s.key)
		at := max(home, last+1)
		if home >= lastHome && at < len(t.slots) {
			t.count(s, +1)
			t.slots[at] = *s
		} else {
			at, _ = t.find(&s.key)
			t.insert(at, *s)
			// What stood behind it may have moved on.
			at = last
			for at+1 < len(t.slots) && !t.slots[at+1].empty() {
				at++
			}
		}
		last, lastHome = at, max(home, lastHome)
	}
}

// sweep removes what has expired among the next few slots. Each new
// record sweeps, so that n of them have looked at all of a table of 4n slots,
// and no one ever has to wait until the whole of it is looked through.
func (t *table) sweep(now uint32, limit int) {
	for range min(perSweep, len(t.slots)) {
		if t.hand >= len(t.slots) {
			t.hand = 0
			if t.used*100 < len(t.slots)*emptiest && len(t.slots) > smallest {
				t.resize(now, limit)
			}
		}
		if s := &t.slots[t.hand]; !s.empty() && s.record.until < now {
			t.remove(t.hand) // and look at what comes in its place
			continue
		}
		t.hand++
	}
}

// evict removes the least valuable of the next slots that are used: one that
// has expired; else, if the new ones are more than their share, the oldest of
// those; else, of the known ones, that which was unused longest. New ones are
// what a flood of spam brings, and most never come back; but without a share
// nobody new could come to be known in a store that is full.
func (t *table) evict(now uint32) {
	wantGrey := t.grey*greyShare > t.used
	best, bestRank := -1, [2]uint32{}
	for seen := 0; seen < min(sample, t.used); t.hand = t.next(t.hand) {
		if t.hand >= len(t.slots) {
			t.hand = 0
		}
		s := &t.slots[t.hand]
		if s.empty() {
			continue
		}
		seen++
		// The least rank goes first: its class, and within that its age.
		rank := [2]uint32{1, s.record.last}
		switch {
		case s.record.until < now:
			rank[0] = 0
		case s.grey() != wantGrey:
			rank[0] = 2
		}
		if best < 0 || slices.Compare(rank[:], bestRank[:]) < 0 {
			best, bestRank = t.hand, rank
		}
	}
	t.remove(best)
}
