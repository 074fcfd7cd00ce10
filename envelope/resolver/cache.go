package resolver

import (
	"hash/maphash"
	"sync"
	"time"
)

const (
	// maxShards is the number of parts of a large cache. Each part has its own
	// lock, so that goroutines rarely wait for each other.
	maxShards = 64
	// minShard is the minimum size of a part, in bytes: four DNS messages of
	// maximum length.
	minShard = 256 << 10
	// entryOverhead is the memory of an answer besides its texts, in bytes: the
	// entry and its place in the map, measured with a million answers.
	entryOverhead = 160
)

// anyKind is the type under which NXDOMAIN is cached: a name that does not exist
// has no records of any type (RFC 2308, section 5).
const anyKind = 0

// cache keeps answers. When it is full, it removes the least recently used one.
// Times are those of Resolver.clock.
type cache struct {
	seed   maphash.Seed // random, so that an attacker cannot choose names with one hash
	shards []shard      // their number is a power of two; 0 disables the cache
}

type shard struct {
	mu      sync.Mutex
	entries map[uint64]*entry // by the hash of the question
	recent  entry             // the head of a ring: next is the most recently used entry, prev the least
	size    int64
	limit   int64
}

type entry struct {
	question
	answer     answer
	expires    time.Duration
	prev, next *entry
}

func newCache(size int64) *cache {
	c := &cache{seed: maphash.MakeSeed()}
	if size <= 0 {
		return c
	}
	n := 1
	for n < maxShards && size/int64(2*n) >= minShard {
		n *= 2
	}
	c.shards = make([]shard, n)
	for i := range c.shards {
		s := &c.shards[i]
		s.entries = map[uint64]*entry{}
		s.limit = size / int64(n)
		s.recent.prev, s.recent.next = &s.recent, &s.recent
	}
	return c
}

// shard returns the hash of a name and the part of the cache that it belongs to.
func (c *cache) shard(name string) (*shard, uint64) {
	hash := maphash.String(c.seed, name)
	return &c.shards[hash>>32&uint64(len(c.shards)-1)], hash
}

// key returns the key of a question: the hash of its name, mixed with its type.
func key(hash uint64, kind uint16) uint64 { return hash + uint64(kind)*0x9e3779b97f4a7c15 }

// get returns the answer to a question, unless it has expired.
func (c *cache) get(q question, now time.Duration) (answer, bool) {
	if len(c.shards) == 0 {
		return answer{}, false
	}
	s, hash := c.shard(q.name)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, kind := range [...]uint16{q.kind, anyKind} {
		if e := s.find(hash, question{q.name, kind}, now); e != nil {
			return e.answer, true
		}
	}
	return answer{}, false
}

// find returns the entry of a question, unless it has expired, and marks it as the
// most recently used one.
func (s *shard) find(hash uint64, q question, now time.Duration) *entry {
	e := s.entries[key(hash, q.kind)]
	if e == nil || e.question != q {
		return nil
	}
	if now >= e.expires {
		s.remove(hash, e)
		return nil
	}
	if s.recent.next != e {
		e.unlink()
		s.insert(e)
	}
	return e
}

// put keeps an answer for the time ttl; 0 is not at all.
func (c *cache) put(q question, a answer, ttl, now time.Duration) {
	if len(c.shards) == 0 || ttl <= 0 {
		return
	}
	if a.outcome == noName && !a.exists {
		q.kind = anyKind
	}
	s, hash := c.shard(q.name)
	text := q.name + a.data + a.end // one allocation, which does not keep the message alive
	e := &entry{question: q, answer: a, expires: now + ttl}
	e.name = text[:len(q.name)]
	e.answer.data = text[len(q.name) : len(q.name)+len(a.data)]
	e.answer.end = text[len(q.name)+len(a.data):]

	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.entries[key(hash, q.kind)]; old != nil {
		s.remove(hash, old)
	}
	if e.size() > s.limit {
		return
	}
	s.entries[key(hash, q.kind)] = e
	s.insert(e)
	s.size += e.size()
	for s.size > s.limit {
		oldest := s.recent.prev
		s.remove(maphash.String(c.seed, oldest.name), oldest)
	}
}

func (s *shard) remove(hash uint64, e *entry) {
	delete(s.entries, key(hash, e.kind))
	e.unlink()
	s.size -= e.size()
}

func (s *shard) insert(e *entry) {
	e.prev, e.next = &s.recent, s.recent.next
	e.prev.next, e.next.prev = e, e
}

func (e *entry) unlink() { e.prev.next, e.next.prev = e.next, e.prev }

func (e *entry) size() int64 {
	return int64(len(e.name) + len(e.answer.data) + len(e.answer.end) + entryOverhead)
}

// count returns the number of answers and their size in bytes.
func (c *cache) count() (answers int, size int64) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		answers += len(s.entries)
		size += s.size
		s.mu.Unlock()
	}
	return answers, size
}
