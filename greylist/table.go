package greylist

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// table maps keys to records by open addressing in one array without pointers,
// so that the garbage collector has nothing to look at, and 32 octets a slot are
// all that a record costs beside the empty slots. A key is a hash already: its
// first half says where its slot should be (its home), and the slots between a
// home and the next empty one are in the order of keys (linear probing with
// Robin Hood hashing). So a search ends as soon as it meets a greater key,
// nothing needs a mark when it is deleted, and a table grows by being copied.
type table struct {
	slots []slot
	used  int // slots that hold a record
	grey  int // those of them that were never let in
	hand  int // where the next sweep begins
	fresh int // new records since the last
}

// slot is one record. It is empty if until is 0.
type slot struct {
	key    Key
	record packed
}

const (
	slotSize  = 32
	smallest  = 16 // slots
	fullest   = 87 // percent of the slots that may be used
	roomiest  = 73 // percent that are used after the table has grown
	emptiest  = 30 // percent below which it shrinks
	sweepOf   = 64 // slots looked at in a sweep
	perSweep  = 16 // new records between two sweeps
	sample    = 64 // slots among which the least valuable is looked for
	greyShare = 8  // new ones may crowd out known ones up to one in so many
)

func (s *slot) empty() bool { return s.record.until == 0 }
func (s *slot) grey() bool  { return s.record.good == 0 }

// prefix returns what decides where a key should be.
func prefix(key *Key) uint64 { return binary.BigEndian.Uint64(key[:8]) }

// home returns the slot where a key should be that has the prefix p.
func (t *table) home(p uint64) int {
	high, _ := bits.Mul64(p, uint64(len(t.slots)))
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
	d := i - t.home(prefix(&t.slots[i].key))
	if d < 0 {
		d += len(t.slots)
	}
	return d
}

// find returns the slot of key, or that where it should be put.
func (t *table) find(key *Key) (at int, found bool) {
	p := prefix(key)
	i := t.home(p)
	for d := 0; ; d++ {
		s := &t.slots[i]
		if s.empty() {
			return i, false
		}
		if s.key == *key {
			return i, true
		}
		if behind := t.distance(i); behind < d || behind == d && prefix(&s.key) > p {
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
	if t.fresh++; t.fresh == perSweep {
		t.sweep(now, limit)
	}
	if (t.used+1)*100 > len(t.slots)*fullest {
		t.makeRoom(now, limit)
	}
	t.add(&slot{*key, r})
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
	end := i
	for end < len(t.slots) && !t.slots[end].empty() {
		end++
	}
	if end == len(t.slots) { // on to the beginning, where the last one goes
		t.insertFirst(t.slots[end-1])
		end--
	}
	copy(t.slots[i+1:end+1], t.slots[i:end])
	t.slots[i] = s
}

// insertFirst puts s into the first slot, and what stood there one slot on.
func (t *table) insertFirst(s slot) {
	for i := 0; ; i++ {
		t.slots[i], s = s, t.slots[i]
		if s.empty() {
			return
		}
	}
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
	live, free := 0, len(old)
	for i := range old {
		if s := &old[i]; s.empty() {
			free = min(free, i)
		} else if s.record.until >= now {
			live++
		}
	}
	*t = table{slots: make([]slot, min(max((live+1)*100/roomiest, smallest), limit))}
	// Behind an empty slot all is in the order of keys, to the end and then from
	// the beginning, and so it will be in the new array: each goes to its home, or
	// behind what was put last. Only what was before the empty slot may find its
	// place taken.
	last := -1
	for i := free + 1; i < len(old); i++ {
		s := &old[i]
		if s.empty() || s.record.until < now {
			continue
		}
		if last = max(t.home(prefix(&s.key)), last+1); last < len(t.slots) {
			t.count(s, +1)
			t.slots[last] = *s
		} else {
			t.add(s)
		}
	}
	for i := range free {
		if s := &old[i]; !s.empty() && s.record.until >= now {
			t.add(s)
		}
	}
}

// add puts a record of another table into its place.
func (t *table) add(s *slot) {
	i, _ := t.find(&s.key)
	t.insert(i, *s)
}

// sweep removes what has expired among the next few slots. It is called once
// for some new records, so that n of them have looked at all of a table of 4n
// slots, and no one ever has to wait until the whole of it is looked through.
func (t *table) sweep(now uint32, limit int) {
	t.fresh = 0
	for range min(sweepOf, len(t.slots)) {
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
