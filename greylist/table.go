package greylist

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// table is a hash table from keys to records: an array of slots with linear
// probing and Robin Hood hashing. It has no pointers, so the garbage collector
// does not scan it, and a slot is 32 bytes.
//
// A key is already a hash. Its first half determines its preferred slot, its
// home. Used slots from a home to the next empty slot are sorted by key.
// Therefore a search ends at the first greater key, a deletion leaves no
// tombstone, and growing copies the slots in order.
type table struct {
	slots []slot
	used  int // slots with a record
	grey  int // slots with a record that is not good
	hand  int // the slot where the next sweep starts
	fresh int // new records since the last sweep
}

// slot is one record. It is empty if until is 0.
type slot struct {
	key    Key
	record packed
}

const (
	slotSize  = 32 // bytes
	smallest  = 16 // slots of a table
	fullest   = 87 // percent of used slots at which a table grows
	roomiest  = 73 // percent of used slots after it has grown
	emptiest  = 30 // percent of used slots at which it shrinks
	sweepOf   = 64 // slots examined in a sweep
	perSweep  = 16 // new records between two sweeps
	sample    = 64 // records from which the least valuable is evicted
	greyShare = 8  // grey records are evicted first if more than 1 in greyShare are grey
)

func (s *slot) empty() bool { return s.record.until == 0 }
func (s *slot) grey() bool  { return s.record.good == 0 }

// prefix returns the part of key that determines its home.
func prefix(key *Key) uint64 { return binary.BigEndian.Uint64(key[:8]) }

// home returns the preferred slot of keys with the prefix p.
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

// distance returns how many slots the record in slot i is from its home.
func (t *table) distance(i int) int {
	d := i - t.home(prefix(&t.slots[i].key))
	if d < 0 {
		d += len(t.slots)
	}
	return d
}

// find returns the slot of key, or the slot to insert it at. There must be slots.
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

// get returns the record of key, the zero record if there is none.
func (t *table) get(key *Key) packed {
	if len(t.slots) > 0 {
		if i, found := t.find(key); found {
			return t.slots[i].record
		}
	}
	return packed{}
}

// update replaces the record of key by change of it and r, and returns the new
// one. For a new key the table grows up to limit slots, and then evicts a record.
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
		return packed{} // nothing to store
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

// count adjusts used and grey for a record in s that is added or removed.
func (t *table) count(s *slot, change int) {
	t.used += change
	if s.grey() {
		t.grey += change
	}
}

// insert puts s into slot i. It moves the records from there to the next empty
// slot by one slot.
func (t *table) insert(i int, s slot) {
	t.count(&s, +1)
	end := i
	for end < len(t.slots) && !t.slots[end].empty() {
		end++
	}
	if end == len(t.slots) { // the last record wraps around to the first slot
		t.insertFirst(t.slots[end-1])
		end--
	}
	copy(t.slots[i+1:end+1], t.slots[i:end])
	t.slots[i] = s
}

// insertFirst is insert for the first slot, without counting.
func (t *table) insertFirst(s slot) {
	for i := 0; ; i++ {
		t.slots[i], s = s, t.slots[i]
		if s.empty() {
			return
		}
	}
}

// remove empties slot i and moves the records after it closer to their homes.
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

// makeRoom makes room for one more record.
func (t *table) makeRoom(now uint32, limit int) {
	if len(t.slots) < limit {
		t.resize(now, limit)
		if (t.used+1)*100 <= len(t.slots)*fullest {
			return
		}
	}
	t.evict(now)
}

// resize copies the records that have not expired into a new array that fits them.
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
	// From an empty slot to the end, records are sorted by key. They keep that
	// order: each goes to its home, or after the previous one if that is taken.
	// Records before the empty slot, and those that do not fit before the end,
	// may collide and are inserted.
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

// add inserts s, whose key is not in the table.
func (t *table) add(s *slot) {
	i, _ := t.find(&s.key)
	t.insert(i, *s)
}

// sweep removes expired records among the next few slots. With one sweep for
// every 16 new records, n new records sweep 4n slots, and no caller waits for
// a sweep of the whole table.
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
			t.remove(t.hand) // another record may move into this slot
			continue
		}
		t.hand++
	}
}

// evict removes the least valuable of the next used slots: an expired record;
// otherwise the oldest grey one, if grey records exceed their share; otherwise
// the good one that was written longest ago. A flood of spam consists of grey
// records that are never retried. They still need a share, or no new sender
// could become known while the table is full.
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
		// The lowest rank is evicted: first by class, then by age.
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
