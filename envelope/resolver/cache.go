package resolver

import (
	"hash/maphash"
	"sync"
	"time"
)

const (
	// maxShards is into how many parts a large cache is cut, so that many
	// goroutines don't wait for one lock.
	maxShards = 64
	// minShard is the least size of a part, in octets: four messages of the
	// greatest length.
	minShard = 256 << 10
	// entryOverhead is what an answer takes besides its texts, in octets: the
	// entry and its place in the map, measured with a million answers.
	entryOverhead = 160
)

// anyKind stands in the place of a type where a name does not exist at all:
// then it has no record of any type (RFC 2308, section 5).
const anyKind = 0

// cache keeps answers. What was not asked for longest leaves first when memory
// is short. Times are those of the clock of the Resolver.
type cache struct {
	seed   maphash.Seed
	shards []shard // a power of two; none: nothing is kept
}

type shard struct {
	mu      sync.Mutex
	entries map[uint64]*entry // by the hash of the question, under a seed that nobody knows
	recent  entry             // the head of a ring: behind it the entry used last, before it the one used first
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

// shard returns the part of the cache that a name belongs to, and its hash.
func (c *cache) shard(name string) (*shard, uint64) {
	hash := maphash.String(c.seed, name)
	return &c.shards[hash>>32&uint64(len(c.shards)-1)], hash
}

// key tells the types of one name apart.
func key(hash uint64, kind uint16) uint64 { return hash + uint64(kind)*0x9e3779b97f4a7c15 }

// get returns the answer to a question that is not too old.
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

// find returns an entry that is not too old, as the one used last.
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

// put keeps an answer for a time.
func (c *cache) put(q question, a answer, ttl, now time.Duration) {
	if len(c.shards) == 0 || ttl <= 0 {
		return
	}
	if a.outcome == noName && !a.exists {
		q.kind = anyKind
	}
	s, hash := c.shard(q.name)
	text := q.name + a.data + a.end // one piece of memory, and nothing of the message
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

// count returns how many answers there are, and what they take, in octets.
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
