package resolver

import (
	"testing"

	"github.com/miekg/dns"
)

// Two questions with the same hash do not get each other's answer. The later one
// replaces the other.
func TestQuestionsWithTheSameHash(t *testing.T) {
	c := newCache(minShard)
	mine, other := question{"mine.example.", dns.TypeTXT}, question{"other.example.", dns.TypeTXT}
	c.put(other, answer{outcome: found, data: "other"}, maxTTL, 0)
	s, hash := c.shard(mine.name)
	_, otherHash := c.shard(other.name)
	s.entries[key(hash, mine.kind)] = s.entries[key(otherHash, other.kind)]
	delete(s.entries, key(otherHash, other.kind))

	if a, ok := c.get(mine, 0); ok {
		t.Errorf("got the answer %q", a.data)
	}
	c.put(mine, answer{outcome: found, data: "mine"}, maxTTL, 0)
	if a, ok := c.get(mine, 0); !ok || a.data != "mine" {
		t.Errorf("got the answer %q, %v", a.data, ok)
	}
	if answers, size := c.count(); answers != 1 || size != int64(len("mine.example.")+len("mine")+entryOverhead) {
		t.Errorf("%d answers of %d bytes", answers, size)
	}
}
