package greylist

import (
	"context"
	"iter"
	"sync"
)

// Memory is a Store in memory, for one program. What it holds is lost with the
// program unless it is saved by Snapshot. It is a Register too. Make one with
// NewMemory.
//
// It takes 37 to 44 octets for each record as long as there is room. When there
// is none it drops, for each new record, the least valuable among some 64: one
// that has expired, else the oldest that was never let in, as long as those are
// more than an eighth of all; else that which was not used for the longest time.
// So a flood of mail that never comes back can't drive out those who are known.
// What has expired is removed bit by bit as others are written.
type Memory struct {
	shards [shards]shard
	limit  int // slots of a shard
}

// shards is how many tables share the keys, each with a lock of its own. The
// last octet of a key says which; its first say where in the table.
const shards = 256

type shard struct {
	mu    sync.Mutex
	table table
	_     [cacheLine]byte // so that no two locks share a line of the processor's cache
}

const cacheLine = 64

// NewMemory returns an empty store that takes up to so many octets for its
// records: 64<<20 have room for 1.8 million. While one of its 256 tables grows,
// both its old and its new form are there, which is a 256th more.
func NewMemory(octets int) *Memory {
	return &Memory{limit: max(octets/slotSize/shards, 2*smallest)}
}

func (m *Memory) shard(key Key) *shard { return &m.shards[key[len(key)-1]] }

// Get implements Store.
func (m *Memory) Get(ctx context.Context, key Key) (Record, error) {
	if err := ctx.Err(); err != nil {
		return Record{}, err
	}
	s := m.shard(key)
	s.mu.Lock()
	r := s.table.get(&key)
	s.mu.Unlock()
	return r.record(), nil
}

// Touch implements Store.
func (m *Memory) Touch(ctx context.Context, key Key, s Sighting) (Record, error) {
	seen := packSighting(s)
	return m.update(ctx, key, seen, packed.seen, seen.last)
}

// Merge implements Register.
func (m *Memory) Merge(ctx context.Context, key Key, r Record) error {
	_, err := m.update(ctx, key, pack(r), packed.merge, 0) // at no time has anything expired
	return err
}

// update changes a record under the lock of its shard. now is the time for what
// has expired.
func (m *Memory) update(ctx context.Context, key Key, r packed, change func(old, r packed) packed, now uint32) (Record, error) {
	if err := ctx.Err(); err != nil {
		return Record{}, err
	}
	s := m.shard(key)
	s.mu.Lock()
	r = s.table.update(&key, r, change, now, m.limit)
	s.mu.Unlock()
	return r.record(), nil
}

// Forget implements Register.
func (m *Memory) Forget(ctx context.Context, key Key) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s := m.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.table.slots) > 0 {
		if i, found := s.table.find(&key); found {
			s.table.remove(i)
		}
	}
	return nil
}

// Len returns how many records there are, those included that have expired and
// are not removed yet.
func (m *Memory) Len() int {
	n := 0
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		n += s.table.used
		s.mu.Unlock()
	}
	return n
}

// All implements Register. It copies a 256th of the records at a time, so that
// others can write meanwhile, also from within the loop.
func (m *Memory) All(ctx context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for i := range m.shards {
			if err := ctx.Err(); err != nil {
				yield(Entry{}, err)
				return
			}
			for _, s := range m.shards[i].records() {
				if !yield(Entry{s.key, s.record.record()}, nil) {
					return
				}
			}
		}
	}
}

// records returns a copy of the slots that are used.
func (s *shard) records() []slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	slots := make([]slot, 0, s.table.used)
	for i := range s.table.slots {
		if slot := &s.table.slots[i]; !slot.empty() {
			slots = append(slots, *slot)
		}
	}
	return slots
}
