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
	"sync"
	"testing"
	"time"

	"mxrules.example/greylist"
	"mxrules.example/greylist/bolt"
)

// Whatever is damaged in a file, either Open refuses it or the store works, and
// neither panics, hangs or takes much memory. bbolt itself believes what its
// pages say: a page that claims to go on for four billion more, for one, takes
// more than a gigabyte when it is freed.
func TestRandomDamageIsRefusedOrHarmless(t *testing.T) {
	damages := 20_000
	if testing.Short() {
		damages = 1000
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
	t.Logf("%d of %d damages were refused", refused, damages)
	if refused < damages/10 || refused > damages*9/10 {
		t.Errorf("%d of %d damages were refused: the test does not see both cases", refused, damages)
	}
}

func TestPagesThatLie(t *testing.T) {
	s := newSpecimen(t)
	const branch, leaf, free = 1, 2, 16
	order := binary.NativeEndian
	count := func(page []byte) uint16 { return order.Uint16(page[10:]) }
	goesOn := func(page []byte, _ int) { order.PutUint32(page[12:], 1<<26) }
	for _, tc := range []struct {
		name string
		kind uint16
		lie  func(page []byte, id int)
	}{
		{"a leaf goes on for millions of pages", leaf, goesOn},
		{"a branch goes on for millions of pages", branch, goesOn},
		{"the list of free pages goes on for millions", free, goesOn},
		{"a branch is its own child", branch, func(page []byte, id int) { order.PutUint64(page[16+8:], uint64(id)) }},
		{"a branch has another key than its child", branch, func(page []byte, _ int) { page[16+16*count(page)+15] ^= 1 }},
		{"a page in use is free", free, func(page []byte, id int) { order.PutUint64(page[16:], uint64(id)) }},
		{"a page beyond the end is free", free, func(page []byte, _ int) { order.PutUint64(page[16:], 1<<40) }},
		{"a leaf has lost its last element", leaf, func(page []byte, _ int) { order.PutUint16(page[10:], count(page)-1) }},
		{"a leaf has lost all elements", leaf, func(page []byte, _ int) {
			if count(page) > 2 { // not that of the buckets, which would be a file of another program
				order.PutUint16(page[10:], 0)
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			damaged := bytes.Clone(s.whole)
			for id := range s.pages {
				if page := damaged[id*s.pageSize:]; order.Uint16(page[8:]) == tc.kind {
					tc.lie(page, id)
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

// What Open checks is what bbolt writes: no file that was written is refused,
// however the tree in it grew and shrank.
func TestOpenTakesWhateverWasWritten(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 10))
	path := filepath.Join(inMemory(t), "greylist")
	next, present := 0, []int{}
	for _, wanted := range []int{0, 1, 3, 40, 90, 20, 0, 300, 2, 9000, 7000, 1000, 100, 5000, 0, 10, 10} {
		store := open(t, path)
		if got := len(records(t, store)); got != len(present) {
			t.Errorf("there are %d records, want %d", got, len(present))
		}
		for len(present) != wanted {
			var group sync.WaitGroup // what it does goes into a few transactions
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

func touch(t *testing.T, store *bolt.Store, n int) (r greylist.Record) {
	r, err := store.Touch(t.Context(), key(n), greylist.Sighting{At: then, Until: then.Add(time.Hour), Good: uint32(n)})
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

// specimen is a file with a branch page, leaf pages and free pages, as it is and
// as a file that is damaged again and again.
type specimen struct {
	path     string
	whole    []byte
	pageSize int
	pages    int // in use
	newest   map[greylist.Key]greylist.Record
	older    map[greylist.Key]greylist.Record // before the last transaction
}

// then is when the records of a specimen were made: the same each time, and so
// late that none has expired.
var then = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

func newSpecimen(t *testing.T) *specimen {
	s := &specimen{
		path:     filepath.Join(inMemory(t), "greylist"),
		pageSize: os.Getpagesize(),
		newest:   map[greylist.Key]greylist.Record{},
	}
	store := open(t, s.path)
	for n := range 400 {
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

// inMemory returns a folder on a file system in memory, if there is one: the test
// syncs some 100,000 times, for which a disk takes minutes.
func inMemory(t *testing.T) string {
	folder, err := os.MkdirTemp("/dev/shm", "greylist")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

// damage returns a damaged copy of the file. Most damages are to what bbolt
// goes by: the header of a page and the elements behind it.
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
			what += fmt.Sprintf("a number behind %d of page %d; ", at, page)
		case 4:
			at := 4 * random.IntN(1+len(content)/16)
			binary.NativeEndian.PutUint32(content[at:], uint32(oddNumber(random, s.pages)))
			what += fmt.Sprintf("four octets at %d of page %d; ", at, page)
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

// oddNumber returns a number that may be a page, a little more or less, or more
// than there can be of anything.
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

// try opens the file in a damaged state and works with it. It reports whether
// Open refused it.
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
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 16<<20 {
		t.Errorf("%s: %d MiB were taken", what, taken>>20)
	}
	return refused
}

// work opens the file, reads every record, writes some and opens it again. Of the
// two states that a file holds, the older one may count if one of the first two
// pages is damaged.
func (s *specimen) work(t *testing.T, what string, maybeOlder bool) (refused bool) {
	touched := map[greylist.Key]greylist.Record{key(1): {}, key(150): {}, key(399): {}, key(1000): {}}
	for round := range 2 {
		store, err := bolt.Open(s.path, bolt.Options{})
		if err != nil {
			if round > 0 {
				t.Errorf("%s: once it was written to, Open refuses it: %v", what, err)
			}
			return true
		}
		got := records(t, store)
		if round == 0 && !maps.Equal(got, s.newest) && !(maybeOlder && maps.Equal(got, s.older)) {
			t.Errorf("%s: there are %d records, which are not the %d that were written", what, len(got), len(s.newest))
		}
		for k, want := range touched {
			got, err := store.Get(t.Context(), k)
			if err != nil || round > 0 && got != want {
				t.Errorf("%s: Get in round %d: %v, %v, want %v", what, round, got, err, want)
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
