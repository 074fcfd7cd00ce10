package greylist

import (
	"cmp"
	"context"
	"iter"
	"sync"
)

// Memory is a Register in memory. Its records are lost when the program exits,
// unless Snapshot saves them. The zero Memory is empty and ready to use.
//
// A record takes 37 to 44 bytes. Expired records are removed gradually, as new
// ones are written. When the memory is full, each new record replaces another
// one, the least valuable of about 64:
//
//   - one that has expired;
//   - otherwise the oldest that is not good, if more than an eighth of all
//     records are not good;
//   - otherwise the good one that was written longest ago.
//
// So a flood of mail that is never retried cannot displace known senders. Records of
// package quota and reputation are good, and would: they need a Memory of their own.
type Memory struct {
	// Size is the most bytes that the records take; they take fewer while there are
	// few. 0 means 64 MiB, which hold 1.8 million records. Sizes below 256 KiB are
	// raised to it. While one of its 256 tables grows, a Memory takes a 256th more.
	// Size must not change after the first use.
	Size int

	shards [shards]shard
}

const defaultSize = 64 << 20

// shards is the number of tables, each with its own lock. The last byte of a key
// selects the table, its first eight the place in the table.
const shards = 256

type shard struct {
	mu    sync.Mutex
	table table
	_     [cacheLine]byte // no two locks share a cache line
}

const cacheLine = 64

// limit returns the most slots of a shard.
func (m *Memory) limit() int {
	return max(cmp.Or(m.Size, defaultSize)/slotSize/shards, 2*smallest)
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
	return m.update(ctx, key, seen, packed.seen, seen.last, s.Limit)
}

// Merge implements Register.
func (m *Memory) Merge(ctx context.Context, key Key, r Record) error {
	_, err := m.update(ctx, key, pack(r), packed.merge, 0, 0) // at time 0 nothing has expired
	return err
}

// update changes a record under the lock of its shard. Records that end before
// now have expired. A record with more than most good, if that is not 0, is returned
// and not written.
func (m *Memory) update(ctx context.Context, key Key, r packed, change func(old, r packed) packed, now, most uint32) (Record, error) {
	if err := ctx.Err(); err != nil {
		return Record{}, err
	}
	s := m.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if most > 0 {
		if next := change(s.table.get(&key), r); next.good > most {
			return next.record(), nil
		}
	}
	return s.table.update(&key, r, change, now, m.limit()).record(), nil
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

// Len returns the number of records, including expired ones that are not removed
// yet.
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

// All implements Register. It copies a 256th of the records at a time and holds
// no lock while the loop body runs.
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

// records returns a copy of the used slots.
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
