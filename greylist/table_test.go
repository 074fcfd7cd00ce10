package greylist

import (
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"testing"
)

// replaced ignores the old record.
func replaced(_, r packed) packed { return r }

// check checks the invariants of a table.
func (t *table) check(tb testing.TB) {
	tb.Helper()
	used, grey := 0, 0
	for i := range t.slots {
		s := &t.slots[i]
		if s.empty() {
			if *s != (slot{}) {
				tb.Fatalf("slot %d is empty and contains %v", i, s)
			}
			continue
		}
		used++
		if s.grey() {
			grey++
		}
		if at, found := t.find(&s.key); !found || at != i {
			tb.Fatalf("the key in slot %d is searched in slot %d", i, at)
		}
		// Robin Hood: a record is at most one slot farther from its home than
		// the record before it.
		if next := t.next(i); !t.slots[next].empty() && t.distance(next) > t.distance(i)+1 {
			tb.Fatalf("slot %d is %d from its home, but slot %d is %d from its own", i, t.distance(i), next, t.distance(next))
		}
	}
	if used != t.used || grey != t.grey {
		tb.Fatalf("the table counts %d records, %d of them grey, and contains %d, %d of them grey", t.used, t.grey, used, grey)
	}
}

// numbered returns the key of n. Crowded keys have few homes, others are spread
// evenly.
func numbered(n uint64, crowded bool) (k Key) {
	home := n * 0x9e3779b97f4a7c15
	if crowded {
		home = n % 3 << 62
	}
	binary.BigEndian.PutUint64(k[:8], home)
	binary.BigEndian.PutUint64(k[8:], n)
	return k
}

func TestTableIsAMap(t *testing.T) {
	for _, crowded := range []bool{false, true} {
		random := rand.New(rand.NewPCG(rand.Uint64(), 1))
		var table table
		want := map[Key]packed{}
		const limit, now = 1 << 12, 1000
		for range 20_000 {
			n := random.Uint64N(600)
			key := numbered(n, crowded)
			switch random.IntN(3) {
			case 0:
				if i := 0; len(table.slots) > 0 {
					var found bool
					if i, found = table.find(&key); found {
						table.remove(i)
					}
				}
				delete(want, key)
			case 1:
				r := packed{first: uint32(n), until: now + 1, good: random.Uint32N(2)}
				table.update(&key, r, replaced, now, limit)
				want[key] = r
			default:
				if got := table.get(&key); got != want[key] {
					t.Fatalf("crowded %t: key %d has %v, want %v", crowded, n, got, want[key])
				}
			}
			if random.IntN(400) == 0 {
				table.check(t)
			}
		}
		got := map[Key]packed{}
		for _, s := range table.slots {
			if !s.empty() {
				got[s.key] = s.record
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("crowded %t: the table has %d records, want %d", crowded, len(got), len(want))
		}
	}
}

func TestExpiredRecordsAreSwept(t *testing.T) {
	table := table{slots: make([]slot, 1<<14)} // large enough not to grow
	const limit = 1 << 16
	for n := range uint64(10_000) {
		key := numbered(n, false)
		table.update(&key, packed{until: 100, good: 1}, replaced, 50, limit)
	}
	slots := len(table.slots)
	// Enough new records for a sweep of all slots. A slot is examined again after
	// a removal.
	fresh := (slots + 10_000) * perSweep / sweepOf * 11 / 10
	for n := range uint64(fresh) {
		key := numbered(1_000_000+n, false)
		table.update(&key, packed{until: 200, good: 1}, replaced, 101, limit)
		if n == 200 && table.used > 10_000 {
			t.Errorf("after 200 new records no expired one is removed: there are %d", table.used)
		}
	}
	table.check(t)
	if table.used != fresh {
		t.Errorf("%d records are left, want the %d that have not expired", table.used, fresh)
	}
	if len(table.slots) > slots {
		t.Errorf("the table has grown from %d slots to %d", slots, len(table.slots))
	}
}

func TestTableShrinks(t *testing.T) {
	var table table
	const limit, live = 1 << 16, 100
	for n := range uint64(10_000) {
		key := numbered(n, false)
		r := packed{until: 100, good: 1}
		if n < live {
			key[0], r.until = 0xff, 1000 // crowded, so that some wrap around
		}
		table.update(&key, r, replaced, 50, limit)
	}
	slots := len(table.slots)
	for range 2 * (slots + 10_000) / sweepOf {
		table.sweep(101, limit)
	}
	table.check(t)
	if table.used != live || len(table.slots) > live*100/emptiest {
		t.Errorf("the table has %d slots, before %d, for %d records, want %d", len(table.slots), slots, table.used, live)
	}
}

// fill adds good records and then grey ones, each a second younger than the one
// before.
func fill(t *table, limit, good, grey int) {
	for n := range uint64(good + grey) {
		key := numbered(n, false)
		r := packed{last: uint32(1000 + n), until: 1 << 30}
		if n < uint64(good) {
			r.good = 1
		}
		t.update(&key, r, replaced, 1000, limit)
	}
}

func TestFloodOfGreyRecordsKeepsGoodOnes(t *testing.T) {
	const limit = 1 << 12
	good := limit * 75 / 100
	var table table
	fill(&table, limit, good, 100_000)
	table.check(t)
	left := table.used - table.grey
	if len(table.slots) != limit || table.used != limit*fullest/100 {
		t.Errorf("the table has %d records in %d slots", table.used, len(table.slots))
	}
	if left < good*98/100 {
		t.Errorf("%d of %d good records were evicted", good-left, good)
	}
	// The oldest grey records were evicted.
	oldest := uint32(1 << 30)
	for _, s := range table.slots {
		if !s.empty() && s.grey() {
			oldest = min(oldest, s.record.last)
		}
	}
	if youngest := uint32(1000 + good + 100_000); youngest-oldest > 10*uint32(table.grey) {
		t.Errorf("of %d grey records the oldest is %d seconds old", table.grey, youngest-oldest)
	}
}

func TestGreyRecordsHaveAShareOfAFullTable(t *testing.T) {
	const limit = 1 << 12
	var table table
	fill(&table, limit, 50_000, 10_000)
	table.check(t)
	if share := float64(table.grey) / float64(table.used); share < 0.11 || share > 0.14 {
		t.Errorf("grey records have a share of %.3f, want an eighth", share)
	}
	// The good records that were written last remain.
	count, sum := 0, 0
	for _, s := range table.slots {
		if !s.empty() && !s.grey() {
			count, sum = count+1, sum+int(s.record.last)-1000
		}
	}
	if mean := sum / count; mean < 50_000-2*count {
		t.Errorf("the mean number of the %d good records left is %d of 50000", count, mean)
	}
}

func TestExpiredRecordsAreEvictedFirst(t *testing.T) {
	const limit, now = 1 << 10, 5000
	var table table
	for n := range uint64(limit * fullest / 100) {
		key := numbered(n, false)
		r := packed{last: now, until: now + 1, good: 1}
		if n%4 == 0 {
			r.until = now - 1 // expired, though written last
			r.last = now + 1000
		}
		table.update(&key, r, replaced, now-1, limit)
	}
	for n := range uint64(100) {
		key := numbered(1_000_000+n, false)
		table.update(&key, packed{last: now, until: now + 1}, replaced, now, limit)
	}
	table.check(t)
	left := 0
	for _, s := range table.slots {
		if !s.empty() && !s.grey() && s.record.until > now {
			left++
		}
	}
	if want := limit * fullest / 100; left != want-(want+3)/4 {
		t.Errorf("%d records that have not expired are left, want %d", left, want-(want+3)/4)
	}
}

func TestGrowingLosesNoRecord(t *testing.T) {
	for seed := range uint64(20) {
		var table table
		slots, records := 0, uint64(3000)
		if seed%2 == 1 {
			records = 300
		}
		for n := range records {
			key := numbered(seed<<32+n, false)
			if seed%2 == 1 { // all in the last eighth, so that some wrap around
				key[0] |= 7 << 5
			}
			table.update(&key, packed{first: uint32(n), until: 2, good: uint32(n % 2)}, replaced, 1, 1<<16)
			if len(table.slots) == slots {
				continue
			}
			slots = len(table.slots)
			table.check(t)
			if table.used != int(n)+1 {
				t.Fatalf("seed %d: the table has %d of %d records in %d slots", seed, table.used, n+1, slots)
			}
		}
	}
}
