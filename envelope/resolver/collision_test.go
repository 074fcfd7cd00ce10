package resolver

import (
	"testing"

	"github.com/miekg/dns"
)

// Two questions with one hash must not get each other's answer. The later one
// takes the place of the other.
func TestQuestionsWithOneHash(t *testing.T) {
	c := newCache(minShard)
	mine, others := question{"mine.example.", dns.TypeTXT}, question{"others.example.", dns.TypeTXT}
	c.put(others, answer{outcome: found, data: "others"}, maxTTL, 0)
	s, hash := c.shard(mine.name)
	_, hashOfOthers := c.shard(others.name)
	s.entries[key(hash, mine.kind)] = s.entries[key(hashOfOthers, others.kind)]
	delete(s.entries, key(hashOfOthers, others.kind))

	if a, ok := c.get(mine, 0); ok {
		t.Errorf("got the answer %q", a.data)
	}
	c.put(mine, answer{outcome: found, data: "mine"}, maxTTL, 0)
	if a, ok := c.get(mine, 0); !ok || a.data != "mine" {
		t.Errorf("got the answer %q, %v", a.data, ok)
	}
	if answers, size := c.count(); answers != 1 || size != int64(len("mine.example.")+len("mine")+entryOverhead) {
		t.Errorf("%d answers of %d octets", answers, size)
	}
}
