package bolt_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mxrules.example/greylist"
	"mxrules.example/greylist/bolt"
)

// user uses a store, and knows what it must have.
type user struct {
	*testing.T
	what   string
	path   string
	store  *bolt.Store
	random *rand.Rand
	stored map[greylist.Key]greylist.Record // what was said to be stored
	fails  func(greylist.Key) bool          // nil if it is not known whether a call fails
	now    time.Time
}

// use makes some transactions, which end several logs. In the middle, what was not
// touched expires and is removed.
func (u *user) use() {
	for n := range 80 {
		var group sync.WaitGroup
		picked := map[greylist.Key]bool{}
		for range 8 {
			if key := u.key(); !picked[key] {
				picked[key] = true
				u.act(&group, key)
			}
		}
		group.Wait()
		if n == 50 {
			u.now = u.now.Add(2 * time.Hour)
			u.store.Sweep(u.T, u.now)
		}
		u.get(u.key())
	}
	for key := range u.stored {
		u.get(key)
	}
}

func (u *user) get(key greylist.Key) {
	got, err := u.store.Get(u.Context(), key)
	u.check("Get", key, err)
	if want, known := u.stored[key]; known && err == nil && u.unexpired(got) != u.unexpired(want) {
		u.Errorf("%s: Get returns %v, want %v", u.what, got, want)
	}
}

// unexpired returns the zero Record if r has expired.
func (u *user) unexpired(r greylist.Record) greylist.Record {
	if r.Expired(u.now) {
		return greylist.Record{}
	}
	return r
}

// live removes what has expired.
func (u *user) live(records map[greylist.Key]greylist.Record) map[greylist.Key]greylist.Record {
	maps.DeleteFunc(records, func(_ greylist.Key, r greylist.Record) bool { return r.Expired(u.now) })
	return records
}

// key returns one of 800 keys: 500 are in the specimen, 100 were.
func (u *user) key() greylist.Key { return key(u.random.IntN(800)) }

var together sync.Mutex // guards stored

// act touches or forgets a record.
func (u *user) act(group *sync.WaitGroup, key greylist.Key) {
	if u.random.IntN(8) == 0 {
		group.Go(func() {
			err := u.store.Forget(u.Context(), key)
			together.Lock()
			defer together.Unlock()
			if u.check("Forget", key, err); err == nil {
				u.stored[key] = greylist.Record{}
			}
		})
		return
	}
	seen := greylist.Sighting{At: u.now, Until: u.now.Add(time.Hour), Good: 1}
	group.Go(func() {
		got, err := u.store.Touch(u.Context(), key, seen)
		together.Lock()
		defer together.Unlock()
		if u.check("Touch", key, err); err != nil {
			return
		}
		if before, known := u.stored[key]; known && got != before.Seen(seen) {
			u.Errorf("%s: Touch returns %v, want %v", u.what, got, before.Seen(seen))
		}
		u.stored[key] = got
	})
}

// check checks the error of a call.
func (u *user) check(name string, key greylist.Key, err error) {
	if err != nil && (!errors.Is(err, bolt.ErrDamaged) || !strings.Contains(err.Error(), u.path)) {
		u.Errorf("%s: %s: error %v", u.what, name, err)
	}
	if _, known := u.stored[key]; u.fails != nil && (err != nil) != (!known && u.fails(key)) {
		u.Errorf("%s: %s of %v: error %v", u.what, name, key, err)
	}
}

// While the file is open, a page is altered that some calls need. All others succeed,
// also after several logs. When the page is as it was, nothing is lost.
func TestCallsThatNeedNoDamagedPage(t *testing.T) {
	s := newSpecimen(t)
	random := rand.New(rand.NewPCG(11, 28))
	pages := map[int]string{}
	store := s.open(t)
	for n := range 800 {
		for depth, id := range store.PathTo(t, key(n)) {
			pages[id] = fmt.Sprintf("page %d of the tree, depth %d", id, depth)
		}
	}
	old, young := store.LogPages(t)
	for _, id := range old {
		pages[id] = fmt.Sprintf("page %d of the old log", id)
	}
	for _, id := range young[:len(young)-2] { // each transaction needs the last leaf and the root
		pages[id] = fmt.Sprintf("page %d of the young log", id)
	}
	for id, what := range pages {
		t.Run(what, func(t *testing.T) {
			for _, altered := range s.alterations(id) {
				s.without(t, random, what, id, altered)
			}
		})
	}
}

// alterations returns contents of a page that make each call fail that needs it.
func (s *specimen) alterations(id int) [][]byte {
	long := bytes.Clone(s.whole[id*s.pageSize:][:s.pageSize])
	binary.NativeEndian.PutUint32(long[12:], 1<<26) // overflow pages
	return [][]byte{long, make([]byte, s.pageSize)}
}

// without uses the specimen while a page is altered.
func (s *specimen) without(t *testing.T, random *rand.Rand, what string, id int, altered []byte) {
	store := s.open(t)
	failing := map[greylist.Key]bool{}
	for n := range 800 {
		failing[key(n)] = !store.Logged(key(n)) && slices.Contains(store.PathTo(t, key(n)), id)
	}
	stored := maps.Clone(s.newest)
	maps.DeleteFunc(stored, func(key greylist.Key, _ greylist.Record) bool { return failing[key] })
	s.alter(t, id, altered)
	u := &user{
		T: t, what: what, path: s.path, store: store, random: random, stored: stored, now: then.Add(time.Minute),
		fails: func(key greylist.Key) bool { return failing[key] },
	}
	allocated(t, what, u.use)
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	now, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(now[id*s.pageSize:][:s.pageSize], altered) {
		s.alter(t, id, s.whole[id*s.pageSize:][:s.pageSize])
	}
	if store, err = bolt.Open(s.path, bolt.Options{}); err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	got := u.live(records(t, store))
	if !maps.Equal(got, u.live(u.stored)) {
		t.Errorf("the file has %d records, want %d, or others", len(got), len(u.stored))
	}
}

// allocated fails if work allocates much memory.
func allocated(t *testing.T, what string, work func()) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	work()
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 64<<20 {
		t.Errorf("%s: %d MiB allocated", what, allocated>>20)
	}
}

// open opens a new copy of the file until the test ends.
func (s *specimen) open(t *testing.T) *bolt.Store {
	if s.store != nil {
		s.store.Close()
	}
	if err := os.WriteFile(s.path, s.whole, 0o600); err != nil {
		t.Fatal(err)
	}
	s.store = openWith(t, s.path, 50, 5)
	return s.store
}

func (s *specimen) alter(t *testing.T, page int, content []byte) {
	file, err := os.OpenFile(s.path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt(content, int64(page*s.pageSize)); err != nil {
		t.Fatal(err)
	}
}

// Whatever is damaged while the file is open, calls succeed or fail with ErrDamaged, and
// what they said to be stored is found by all that follow. MXRULES_CASES multiplies the
// number of damages.
func TestRandomDamageWhileTheFileIsOpen(t *testing.T) {
	damages := 50
	if times, err := strconv.Atoi(os.Getenv("MXRULES_CASES")); err == nil {
		damages *= times
	}
	s := newSpecimen(t)
	random := rand.New(rand.NewPCG(28, 11))
	for n := range damages {
		damaged, what := s.damage(random)
		s.damageWhileOpen(t, random, damaged, fmt.Sprintf("damage %d, %s", n, what))
		if t.Failed() {
			return
		}
	}
}

func (s *specimen) damageWhileOpen(t *testing.T, random *rand.Rand, damaged []byte, what string) {
	hang := time.AfterFunc(time.Minute, func() { panic(what + ": the store hangs") })
	defer hang.Stop()
	u := &user{
		T: t, what: what, path: s.path, store: s.open(t), random: random,
		stored: map[greylist.Key]greylist.Record{}, now: then.Add(time.Minute),
	}
	for id := range s.pages {
		if page := damaged[id*s.pageSize:][:s.pageSize]; !bytes.Equal(page, s.whole[id*s.pageSize:][:s.pageSize]) {
			s.alter(t, id, page)
		}
	}
	allocated(t, what, u.use)
	u.store.Close()
	store, err := bolt.Open(s.path, bolt.Options{})
	if err != nil {
		if !strings.Contains(err.Error(), s.path) || !errors.Is(err, bolt.ErrDamaged) && bytes.Equal(damaged[:2*s.pageSize], s.whole[:2*s.pageSize]) {
			t.Errorf("%s: Open: %v", what, err) // without meta pages it is not a file of this package
		}
		return
	}
	defer store.Close()
	for key, want := range u.stored {
		if got, err := store.Get(t.Context(), key); err != nil || u.unexpired(got) != u.unexpired(want) {
			t.Errorf("%s: after Open Get returns %v, error %v, want %v", what, got, err, want)
		}
	}
}

// Without a page that each transaction needs, nothing is written. When the page is as it
// was, the store works.
func TestDamagedPageThatEachTransactionNeeds(t *testing.T) {
	s := newSpecimen(t)
	for what, id := range s.open(t).NeededPages(t) {
		t.Run(what, func(t *testing.T) {
			for _, altered := range s.alterations(id) {
				if what == "meta page" {
					altered = make([]byte, s.pageSize) // its header is not used
				}
				store := s.open(t)
				s.alter(t, id, altered)
				allocated(t, what, func() {
					for n := range 5 {
						_, err := store.Touch(t.Context(), key(150+n), sightingOf(1))
						checkError(t, "Touch", err, s.path, "the file is damaged")
					}
				})
				if id < 2 {
					_, err := store.Get(t.Context(), key(120)) // in the tree
					checkError(t, "Get", err, s.path, "the file is damaged")
				}
				s.alter(t, id, s.whole[id*s.pageSize:][:s.pageSize])
				touch(t, store, 150)
				if err := store.Close(); err != nil {
					t.Error(err)
				}
				store = open(t, s.path)
				if n := len(records(t, store)); n != len(s.newest) {
					t.Errorf("%d records, want %d", n, len(s.newest))
				}
				store.Close()
			}
		})
	}
}

// A branch that is its own child would make bbolt use all of the stack.
func TestEndlessPath(t *testing.T) {
	s := newSpecimen(t)
	store := s.open(t)
	path := store.PathTo(t, greylist.Key{})
	page := bytes.Clone(s.whole[path[0]*s.pageSize:][:s.pageSize])
	binary.NativeEndian.PutUint64(page[16+8:], uint64(path[0]))
	s.alter(t, path[0], page)
	_, err := store.Get(t.Context(), greylist.Key{})
	checkError(t, "Get", err, s.path, "the file is damaged")
	_, err = store.Touch(t.Context(), greylist.Key{}, sightingOf(1))
	checkError(t, "Touch", err, s.path, "the file is damaged")
	for _, err = range store.All(t.Context()) {
		if err != nil {
			break
		}
	}
	checkError(t, "All", err, s.path, "the file is damaged")
}

// An error must come soon, and Close must not wait for a lock of bbolt.
func TestTruncatedWhileOpen(t *testing.T) {
	s := newSpecimen(t)
	hang := time.AfterFunc(time.Minute, func() { panic("the store hangs") })
	defer hang.Stop()
	for pages := range s.pages {
		store := s.open(t)
		if err := os.Truncate(s.path, int64(pages*s.pageSize)); err != nil {
			t.Fatal(err)
		}
		u := &user{
			T: t, what: fmt.Sprintf("%d pages", pages), path: s.path, store: store, random: rand.New(rand.NewPCG(1, uint64(pages))),
			stored: map[greylist.Key]greylist.Record{}, now: then.Add(time.Minute),
		}
		u.use()
		if err := store.Close(); err != nil {
			t.Errorf("%d pages: Close: %v", pages, err)
		}
	}
}
