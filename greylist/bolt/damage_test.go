package bolt_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"mxrules.example/greylist"
	"mxrules.example/greylist/bolt"
)

// Whatever is damaged in a file, Open either fails or returns a Store that works.
// Neither panics, hangs or allocates much memory. MXRULES_CASES multiplies the
// number of damages.
func TestRandomDamageIsRefusedOrHarmless(t *testing.T) {
	damages := 2_000
	if times, err := strconv.Atoi(os.Getenv("MXRULES_CASES")); err == nil {
		damages *= times
	}
	s := newSpecimen(t)
	random := rand.New(rand.NewPCG(20, 28))
	refused := 0
	for n := range damages {
		damaged, what := s.damage(random)
		if s.try(t, damaged, fmt.Sprintf("damage %d, %s", n, what)) {
			refused++
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("Open fails with %d of %d damages", refused, damages)
	if refused < damages/10 || refused > damages*9/10 {
		t.Errorf("Open fails with %d of %d damages: the test needs both cases", refused, damages)
	}
}

func TestOpenOfDamagedPages(t *testing.T) {
	s := newSpecimen(t)
	const branch, leaf, free = 1, 2, 16
	order := binary.NativeEndian
	count := func(page []byte) uint16 { return order.Uint16(page[10:]) }
	overflow := func(page []byte, _ int) { order.PutUint32(page[12:], 1<<26) }
	for _, tc := range []struct {
		name   string
		kind   uint16
		damage func(page []byte, id int)
	}{
		{"leaf with millions of overflow pages", leaf, overflow},
		{"branch with millions of overflow pages", branch, overflow},
		{"freelist with millions of overflow pages", free, overflow},
		{"branch that is its own child", branch, func(page []byte, id int) { order.PutUint64(page[16+8:], uint64(id)) }},
		{"branch key differs from the first key of the child", branch, func(page []byte, _ int) { page[16+16*count(page)+15] ^= 1 }},
		{"used page in the freelist", free, func(page []byte, id int) { order.PutUint64(page[16:], uint64(id)) }},
		{"page beyond the end in the freelist", free, func(page []byte, _ int) { order.PutUint64(page[16:], 1<<40) }},
		{"leaf without its last element", leaf, func(page []byte, _ int) { order.PutUint16(page[10:], count(page)-1) }},
		{"leaf without elements", leaf, func(page []byte, _ int) {
			if count(page) > 4 { // not the page of the buckets: that would be another format
				order.PutUint16(page[10:], 0)
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			damaged := bytes.Clone(s.whole)
			for id := range s.pages {
				if page := damaged[id*s.pageSize:]; order.Uint16(page[8:]) == tc.kind {
					tc.damage(page, id)
				}
			}
			if err := os.WriteFile(s.path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			store, err := bolt.Open(s.path, bolt.Options{})
			if err == nil {
				store.Close()
			}
			if !errors.Is(err, bolt.ErrDamaged) {
				t.Errorf("Open: %v", err)
			}
		})
	}
}

// Open accepts every file that the store wrote, however the tree grew and shrank.
func TestOpenAcceptsWhatTheStoreWrote(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 10))
	path := filepath.Join(inMemory(t), "greylist")
	next, present := 0, []int{}
	for _, wanted := range []int{0, 1, 3, 40, 90, 20, 0, 300, 2, 9000, 7000, 1000, 100, 5000, 0, 10, 10} {
		store := openWith(t, path, 500, 64)
		if got := len(records(t, store)); got != len(present) {
			t.Errorf("%d records, want %d", got, len(present))
		}
		for len(present) != wanted {
			var group sync.WaitGroup // for few transactions
			for range 1 + random.IntN(500) {
				switch i := random.IntN(len(present) + 1); {
				case len(present) < wanted:
					present = append(present, next)
					n := next
					group.Go(func() { touch(t, store, n) })
					next++
				case len(present) > wanted && i < len(present):
					n := present[i]
					present[i] = present[len(present)-1]
					present = present[:len(present)-1]
					group.Go(func() { forget(t, store, n) })
				}
			}
			group.Wait()
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func sightingOf(n int) greylist.Sighting {
	return greylist.Sighting{At: then, Until: then.Add(time.Hour), Good: uint32(n)}
}

func touch(t *testing.T, store *bolt.Store, n int) (r greylist.Record) {
	r, err := store.Touch(t.Context(), key(n), sightingOf(n))
	if err != nil {
		t.Error(err)
	}
	return r
}

func forget(t *testing.T, store *bolt.Store, n int) {
	if err := store.Forget(t.Context(), key(n)); err != nil {
		t.Error(err)
	}
}

func records(t *testing.T, store *bolt.Store) map[greylist.Key]greylist.Record {
	list := map[greylist.Key]greylist.Record{}
	for entry, err := range store.All(t.Context()) {
		if err != nil {
			t.Error(err)
			break
		}
		list[entry.Key] = entry.Record
	}
	return list
}

// specimen is a file with a tree and two logs, all of several pages, and free pages,
// to be damaged.
type specimen struct {
	path     string
	whole    []byte
	pageSize int
	pages    int // used
	newest   map[greylist.Key]greylist.Record
	older    map[greylist.Key]greylist.Record // before the last transaction
}

// then is the constant time of the records, in the future so that none expires.
var then = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

func newSpecimen(t *testing.T) *specimen {
	s := &specimen{
		path:     filepath.Join(inMemory(t), "greylist"),
		pageSize: os.Getpagesize(),
		newest:   map[greylist.Key]greylist.Record{},
	}
	// The second log becomes the old one after 520 of the 600 touches, and 160 of its
	// 260 records are moved.
	store := openWith(t, s.path, 260, 0)
	for n := range 600 {
		s.newest[key(n)] = touch(t, store, n)
	}
	for n := range 100 {
		forget(t, store, n)
		s.older = maps.Clone(s.newest)
		delete(s.newest, key(n))
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	s.pages = used(t, s.path) / s.pageSize
	var err error
	if s.whole, err = os.ReadFile(s.path); err != nil {
		t.Fatal(err)
	}
	return s
}

// inMemory returns a folder in memory if possible: with 100,000 syncs to a disk the
// test would take minutes.
func inMemory(t *testing.T) string {
	folder, err := os.MkdirTemp("/dev/shm", "greylist")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

// damage returns a damaged copy of the file. Most damages are in page headers and
// elements, which bbolt relies on.
func (s *specimen) damage(random *rand.Rand) (damaged []byte, what string) {
	damaged = append([]byte(nil), s.whole...)
	for range 1 + random.IntN(2) {
		page := random.IntN(s.pages)
		start := page * s.pageSize
		content := damaged[start : start+s.pageSize]
		switch random.IntN(8) {
		case 0:
			i := random.IntN(len(content))
			content[i] ^= 1 << random.IntN(8)
			what += fmt.Sprintf("one bit at %d of page %d; ", i, page)
		case 1:
			clear(content[random.IntN(len(content)):])
			what += fmt.Sprintf("zeros to the end of page %d; ", page)
		case 2:
			other := random.IntN(s.pages) * s.pageSize
			copy(content, s.whole[other:other+s.pageSize])
			what += fmt.Sprintf("page %d is page %d; ", page, other/s.pageSize)
		case 3:
			at := 16 * random.IntN(1+len(content)/32) // an element of a leaf or a branch, or ids
			binary.NativeEndian.PutUint64(content[at+8*random.IntN(2):], oddNumber(random, s.pages))
			what += fmt.Sprintf("8 bytes at %d of page %d; ", at, page)
		case 4:
			at := 4 * random.IntN(1+len(content)/16)
			binary.NativeEndian.PutUint32(content[at:], uint32(oddNumber(random, s.pages)))
			what += fmt.Sprintf("4 bytes at %d of page %d; ", at, page)
		case 5:
			binary.NativeEndian.PutUint16(content[8:], uint16(1)<<random.IntN(6))
			what += fmt.Sprintf("the flags of page %d; ", page)
		case 6:
			binary.NativeEndian.PutUint16(content[10:], uint16(oddNumber(random, s.pages)))
			what += fmt.Sprintf("the count of page %d; ", page)
		default:
			binary.NativeEndian.PutUint32(content[12:], uint32(oddNumber(random, s.pages)))
			what += fmt.Sprintf("the overflow of page %d; ", page)
		}
	}
	return damaged, what
}

// oddNumber returns a number of a page, a small number, or any number.
func oddNumber(random *rand.Rand, pages int) uint64 {
	switch random.IntN(4) {
	case 0:
		return uint64(random.IntN(pages + 2))
	case 1:
		return uint64(random.IntN(5000))
	case 2:
		return 1<<random.IntN(64) - 1
	}
	return random.Uint64()
}

// try opens and uses a damaged file. It reports whether Open failed.
func (s *specimen) try(t *testing.T, damaged []byte, what string) (refused bool) {
	hang := time.AfterFunc(time.Minute, func() { panic(what + ": the store hangs") })
	defer hang.Stop()
	if err := os.WriteFile(s.path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	refused = s.work(t, what, !bytes.Equal(damaged[:2*s.pageSize], s.whole[:2*s.pageSize]))
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 16<<20 {
		t.Errorf("%s: %d MiB allocated", what, allocated>>20)
	}
	return refused
}

// work opens the file, reads all records, writes some and opens it again. The
// records may be those before the last transaction if maybeOlder is set: then a
// meta page is damaged.
func (s *specimen) work(t *testing.T, what string, maybeOlder bool) (refused bool) {
	touched := map[greylist.Key]greylist.Record{key(1): {}, key(150): {}, key(399): {}, key(1000): {}}
	for round := range 2 {
		store, err := bolt.Open(s.path, bolt.Options{})
		if err != nil {
			if round > 0 {
				t.Errorf("%s: Open fails after writes: %v", what, err)
			}
			return true
		}
		got := records(t, store)
		if round == 0 && !maps.Equal(got, s.newest) && !(maybeOlder && maps.Equal(got, s.older)) {
			t.Errorf("%s: the %d records are not the %d that were written", what, len(got), len(s.newest))
		}
		for k, want := range touched {
			got, err := store.Get(t.Context(), k)
			if err != nil || round > 0 && got != want {
				t.Errorf("%s: Get in round %d: %v, error %v, want %v", what, round, got, err, want)
			}
			if round > 0 {
				continue
			}
			if touched[k], err = store.Touch(t.Context(), k, greylist.Sighting{At: then, Until: then.Add(2 * time.Hour)}); err != nil {
				t.Errorf("%s: Touch: %v", what, err)
			}
		}
		if err := store.Close(); err != nil {
			t.Errorf("%s: Close: %v", what, err)
		}
	}
	return false
}
