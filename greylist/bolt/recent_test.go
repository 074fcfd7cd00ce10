package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"mxrules.example/greylist"
)

// model is a store and what it must have.
type model struct {
	*testing.T
	random *rand.Rand
	limits limits
	path   string
	store  *Store
	want   map[greylist.Key]greylist.Record
	now    time.Time
}

// Whatever is done, in whatever place a record is, and whenever the program ends, the
// store has the same records as a map.
func TestStoreEqualsMap(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(strconv.Itoa(int(seed)), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 7))
			m := &model{
				T: t, random: random, path: filepath.Join(t.TempDir(), "greylist"),
				limits: limits{long: 1 + random.IntN(60), moved: random.IntN(4)},
				want:   map[greylist.Key]greylist.Record{},
				now:    time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), // no record expires by itself
			}
			m.open()
			for range 300 {
				m.step()
				if t.Failed() {
					t.Fatalf("with %+v", m.limits)
				}
			}
		})
	}
}

func (m *model) open() {
	store, err := openStore(m.path, Options{}, m.limits)
	if err != nil {
		m.Fatal(err)
	}
	store.db.NoSync = true // for speed
	m.store = store
	m.Cleanup(func() { store.Close() })
}

func (m *model) key() greylist.Key {
	return greylist.Secret("model").Identity(strconv.Itoa(m.random.IntN(100)))
}

func (m *model) step() {
	m.now = m.now.Add(time.Duration(m.random.IntN(60)) * time.Second)
	switch m.random.IntN(12) {
	default:
		m.touch()
	case 0:
		key := m.key()
		other := greylist.Record{First: m.now, Last: m.now, Until: m.now.Add(time.Hour), Good: uint32(m.random.IntN(3))}
		if err := m.store.Merge(m.Context(), key, other); err != nil {
			m.Error(err)
		}
		m.want[key] = m.want[key].Merge(other)
	case 1, 2:
		key := m.key()
		if err := m.store.Forget(m.Context(), key); err != nil {
			m.Error(err)
		}
		delete(m.want, key)
	case 3:
		for list := m.store.list(); !list.done; {
			m.store.sweepStep(m.Context(), list, m.now, 1+m.random.IntN(20))
		}
		maps.DeleteFunc(m.want, func(_ greylist.Key, r greylist.Record) bool { return r.Expired(m.now) })
	case 4:
		if err := m.store.Close(); err != nil {
			m.Error(err)
		}
		m.open()
	case 5: // a crash: the file is as it is at this moment
		content, err := os.ReadFile(m.path)
		if err != nil {
			m.Fatal(err)
		}
		m.path += "+"
		if err := os.WriteFile(m.path, content, 0o600); err != nil {
			m.Fatal(err)
		}
		m.open()
	}
	m.compare()
}

// touch touches some keys in few transactions.
func (m *model) touch() {
	var group sync.WaitGroup
	for range m.random.IntN(10) {
		key := m.key()
		seen := greylist.Sighting{At: m.now, Until: m.now.Add(time.Duration(m.random.IntN(5)) * time.Hour), Good: uint32(m.random.IntN(2))}
		m.want[key] = m.want[key].Seen(seen)
		group.Go(func() {
			if _, err := m.store.Touch(m.Context(), key, seen); err != nil {
				m.Error(err)
			}
		})
	}
	group.Wait()
}

func (m *model) compare() {
	got := map[greylist.Key]greylist.Record{}
	var last greylist.Key
	for list, n := m.store.list(), 1+m.random.IntN(30); !list.done; {
		entries, err := list.next(m.Context(), n)
		if err != nil {
			m.Fatal(err)
		}
		for _, e := range entries {
			if bytes.Compare(e.Key[:], last[:]) <= 0 {
				m.Errorf("the list has %v after %v", e.Key, last)
			}
			got[e.Key], last = e.Record, e.Key
		}
	}
	if !maps.Equal(got, m.want) {
		m.Errorf("the list has %d records, want %d, or others", len(got), len(m.want))
	}
	key := m.key()
	if r, err := m.store.Get(m.Context(), key); err != nil || r != m.want[key] {
		m.Errorf("Get returns %v, error %v, want %v", r, err, m.want[key])
	}
}

// Records that a list has not reached yet are moved from the logs into the tree, and
// none is missing or twice in the list.
func TestListWhileRecordsAreMoved(t *testing.T) {
	m := &model{T: t, path: filepath.Join(t.TempDir(), "greylist"), limits: limits{long: 50, moved: 5}}
	m.open()
	seen := greylist.Sighting{At: time.Now(), Until: time.Now().Add(time.Hour)}
	touch := func(n int) greylist.Key {
		key := greylist.Secret("list").Identity(strconv.Itoa(n))
		if _, err := m.store.Touch(t.Context(), key, seen); err != nil {
			t.Fatal(err)
		}
		return key
	}
	var want []greylist.Key
	for n := range 300 {
		want = append(want, touch(n))
	}
	sortKeys(want)
	var got []greylist.Key
	for list, n := m.store.list(), 0; !list.done; n++ {
		entries, err := list.next(t.Context(), 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			got = append(got, e.Key)
		}
		touch(n % 300) // an old key, so that the list has no others
		touch(n * 7 % 300)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the list has %d keys, want %d", len(got), len(want))
	}
}

// After a failure the file may have the transaction or not, and the store must agree
// with it.
func TestFailedTransactionChangesNothing(t *testing.T) {
	store := newStore(t)
	now := time.Now()
	seen := greylist.Sighting{At: now, Until: now.Add(time.Hour), Good: 1}
	key := greylist.Key{1}
	fail := &update{apply: func(b *batch) error {
		b.changed[key] = pack(greylist.Record{}.Seen(seen))
		return errors.New("disk full")
	}}
	for n := range 3 {
		if err := store.updates.Do(t.Context(), fail); err != nil || fail.err == nil {
			t.Fatalf("errors %v, %v", err, fail.err)
		}
		if r, err := store.Get(t.Context(), key); err != nil || r.Good != uint32(n) {
			t.Errorf("after the failure Get returns %v, error %v, want %d", r, err, n)
		}
		if r, err := store.Touch(t.Context(), key, seen); err != nil || r.Good != uint32(n+1) {
			t.Errorf("after the failure Touch returns %v, error %v, want %d", r, err, n+1)
		}
	}

	// A transaction that failed in its last sync, and is in the file.
	other := greylist.Key{2}
	err := store.db.Update(func(tx *bbolt.Tx) error {
		_, err := appendLog(tx.Bucket(logBuckets[0]), store.recent.number, map[greylist.Key]packed{other: pack(greylist.Record{}.Seen(seen))})
		return err
	})
	if err := errors.Join(err, store.updates.Do(t.Context(), fail)); err != nil {
		t.Fatal(err)
	}
	if r, err := store.Touch(t.Context(), other, seen); err != nil || r.Good != 2 {
		t.Errorf("after the failure Touch returns %v, error %v, want 2", r, err)
	}
}

// bbolt would give overflow pages to large values, and Open refuses those.
func TestLogsHaveNoOverflowPages(t *testing.T) {
	for _, size := range []int{1, 2, 14, 15, 16, 40, 100, 1024} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "greylist")
			store, err := Open(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			store.db.NoSync = true
			want := 0
			for range 40 {
				var updates []*update
				for range size {
					key := greylist.Secret("log").Identity(strconv.Itoa(want))
					want++
					updates = append(updates, &update{apply: func(b *batch) error { b.changed[key] = packed{8: 0xff}; return nil }})
				}
				store.write(updates)
				if updates[0].err != nil {
					t.Fatal(updates[0].err)
				}
			}
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			if store, err = Open(path, Options{}); err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			if got := count(t, store); got != want {
				t.Errorf("%d records, want %d", got, want)
			}
		})
	}
}

// A file without logs, as version 1 was.
func TestFileOfVersion1(t *testing.T) {
	now := time.Now()
	record := greylist.Record{}.Seen(greylist.Sighting{At: now, Until: now.Add(time.Hour), Good: 2})
	for _, records := range []int{0, 1, 1000} {
		t.Run(strconv.Itoa(records), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "greylist")
			db, err := bbolt.Open(path, 0o600, nil)
			if err != nil {
				t.Fatal(err)
			}
			err = db.Update(func(tx *bbolt.Tx) error {
				about, err := tx.CreateBucket([]byte("mxrules greylist"))
				if err != nil {
					return err
				}
				tree, err := tx.CreateBucket([]byte("records"))
				if err != nil {
					return err
				}
				for n := range records {
					key := greylist.Secret("1").Identity(strconv.Itoa(n))
					if err := tree.Put(key[:], appendValue(nil, key, pack(record))); err != nil {
						return err
					}
				}
				return about.Put([]byte("version"), []byte("1"))
			})
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				store, err := Open(path, Options{})
				if err != nil {
					t.Fatal(err)
				}
				if got := count(t, store); got != records {
					t.Errorf("%d records, want %d", got, records)
				}
				for e := range store.All(t.Context()) {
					if e.Record != record {
						t.Errorf("the record %v, want %v", e.Record, record)
					}
				}
				err = store.db.View(func(tx *bbolt.Tx) error {
					if got := tx.Bucket(aboutBucket).Get(versionKey); string(got) != "2" {
						t.Errorf("the version is %q, programs that know only version 1 would open the file", got)
					}
					return nil
				})
				if err := errors.Join(err, store.Close()); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// Values of a log that are altered, missing, repeated or in another place.
func TestDamagedLogs(t *testing.T) {
	keyOf := func(n int) (k greylist.Key) { k[0] = byte(n); return k }
	build := func(tx *bbolt.Tx) error {
		for name, last := range map[string]uint64{"recent 0": 9, "recent 1": 12} {
			log, err := tx.CreateBucketIfNotExists([]byte(name))
			if err != nil {
				return err
			}
			for n := range uint64(3) {
				if _, err := appendLog(log, last+n, map[greylist.Key]packed{keyOf(int(n)): {byte(last)}}); err != nil {
					return err
				}
			}
		}
		return nil
	}
	number := func(n uint64) []byte { return []byte{0, 0, 0, 0, 0, 0, 0, byte(n)} }
	for _, tc := range []struct {
		name   string
		damage func(old, young *bbolt.Bucket) error
		valid  bool
	}{
		{"none", func(_, _ *bbolt.Bucket) error { return nil }, true},
		{"the last value is missing", func(_, young *bbolt.Bucket) error { return young.Delete(number(15)) }, true}, // as before the last transaction
		{"the first value is missing", func(_, young *bbolt.Bucket) error { return young.Delete(number(13)) }, false},
		{"a value in the middle is missing", func(_, young *bbolt.Bucket) error { return young.Delete(number(14)) }, false},
		{"the last value of the old log is missing", func(old, _ *bbolt.Bucket) error { return old.Delete(number(12)) }, false},
		{"a value is in the place of another", func(old, young *bbolt.Bucket) error { return young.Put(number(14), old.Get(number(12))) }, false},
		{"a number is too long", func(_, young *bbolt.Bucket) error { return young.Put(append(number(14), 0), young.Get(number(14))) }, false},
		{"a value is empty", func(_, young *bbolt.Bucket) error { return young.Put(number(14), nil) }, false},
		{"a value has no record", func(_, young *bbolt.Bucket) error { return young.Put(number(14), make([]byte, sumSize)) }, false},
		{"a value is too short", func(_, young *bbolt.Bucket) error {
			v := young.Get(number(14))
			return young.Put(number(14), v[:len(v)-1])
		}, false},
	} {
		t.Run(tc.name, func(t *testing.T) { checkDamaged(t, build, tc.damage, tc.valid) })
	}
	for i := range entrySize + sumSize {
		t.Run(fmt.Sprintf("byte %d is altered", i), func(t *testing.T) {
			checkDamaged(t, build, func(_, young *bbolt.Bucket) error {
				v := bytes.Clone(young.Get(number(14)))
				v[i] ^= 1
				return young.Put(number(14), v)
			}, false)
		})
	}
}

func checkDamaged(t *testing.T, build func(*bbolt.Tx) error, damage func(old, young *bbolt.Bucket) error, valid bool) {
	path := filepath.Join(t.TempDir(), "greylist")
	store, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = store.db.Update(func(tx *bbolt.Tx) error {
		return errors.Join(build(tx), damage(tx.Bucket(logBuckets[0]), tx.Bucket(logBuckets[1])))
	})
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
	store, err = Open(path, Options{})
	if err == nil {
		store.Close()
	}
	if valid != (err == nil) || !valid && !errors.Is(err, ErrDamaged) {
		t.Errorf("Open: %v", err)
	}
}
