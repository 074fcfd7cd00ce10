package bolt_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"mxrules.example/greylist"
	"mxrules.example/greylist/bolt"
	"mxrules.example/greylist/greylisttest"
)

// open opens a file until the test ends.
func open(t testing.TB, path string) *bolt.Store {
	t.Helper()
	store, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

func key(n int) greylist.Key { return greylist.Secret("bolt").Identity(strconv.Itoa(n)) }

func TestStoreKeepsTheContract(t *testing.T) {
	greylisttest.TestStore(t, func(t *testing.T) greylist.Store {
		return open(t, filepath.Join(t.TempDir(), "greylist"))
	})
}

// written makes a file with so many records and returns its path and them.
func written(t testing.TB, records int) (string, map[greylist.Key]greylist.Record) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "greylist")
	store := open(t, path)
	want := map[greylist.Key]greylist.Record{}
	now := time.Now()
	errs := make(chan error, records)
	for n := range records {
		seen := greylist.Sighting{At: now, Until: now.Add(time.Hour), Good: uint32(n)}
		want[key(n)] = greylist.Record{}.Seen(seen)
		go func() {
			_, err := store.Touch(t.Context(), key(n), seen)
			errs <- err
		}()
	}
	for range records {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return path, want
}

func TestWhatIsWrittenIsThereAfterwards(t *testing.T) {
	path, want := written(t, 3000)
	for range 2 {
		store := open(t, path)
		seen := 0
		for entry, err := range store.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if want[entry.Key] != entry.Record {
				t.Fatalf("%v has %v, want %v", entry.Key, entry.Record, want[entry.Key])
			}
			seen++
		}
		if seen != len(want) {
			t.Errorf("%d records, want %d", seen, len(want))
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has the mode %v, %v: others may read it", info.Mode(), err)
	}
}

func TestAClosedStoreSaysSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "greylist")
	store := open(t, path)
	for range 2 {
		if err := store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	_, get := store.Get(t.Context(), key(1))
	_, touch := store.Touch(t.Context(), key(1), greylist.Sighting{At: time.Now(), Until: time.Now()})
	var all error
	for _, err := range store.All(t.Context()) {
		all = err
	}
	for name, err := range map[string]error{"Get": get, "Touch": touch, "All": all} {
		if !errors.Is(err, bolt.ErrClosed) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAFileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "greylist")
	store := open(t, path)
	if _, err := store.Touch(t.Context(), key(1), greylist.Sighting{At: time.Now(), Until: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	_, err := bolt.Open(path, bolt.Options{Timeout: 50 * time.Millisecond})
	if !errors.Is(err, bolt.ErrInUse) || !strings.Contains(err.Error(), path) {
		t.Errorf("the second Open: %v", err)
	}
}

func TestAPathThatCanNotBe(t *testing.T) {
	for _, path := range []string{
		filepath.Join(t.TempDir(), "no such folder", "greylist"),
		t.TempDir(),
	} {
		if _, err := bolt.Open(path, bolt.Options{}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: the error is %v", path, err)
		}
	}
}

// used returns how many octets of a file are in use.
func used(t *testing.T, path string) (octets int) {
	t.Helper()
	db, err := bbolt.Open(path, 0, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.View(func(tx *bbolt.Tx) error { octets = int(tx.Size()); return nil }); err != nil {
		t.Fatal(err)
	}
	return octets
}

// A file that can't be trusted is told so, and stays as it is.
func TestADamagedFileIsLeftAlone(t *testing.T) {
	path, _ := written(t, 2000)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pageSize := os.Getpagesize()
	zeroed := func(from, to int) []byte {
		b := bytes.Clone(whole)
		clear(b[from:to])
		return b
	}
	record := bytes.Index(whole, func() []byte { k := key(7); return k[:] }())
	for _, tc := range []struct {
		name    string
		content []byte
		want    error
	}{
		{"cut off by one page of those in use", whole[:used(t, path)-pageSize], bolt.ErrDamaged},
		{"cut off to half", whole[:len(whole)/2/pageSize*pageSize], bolt.ErrDamaged},
		{"cut off in the third page", whole[:2*pageSize+10], bolt.ErrDamaged},
		{"cut off in the first page", whole[:100], bolt.ErrForeign},
		{"without both of its first pages", zeroed(0, 2*pageSize), bolt.ErrForeign},
		{"with everything behind them lost", zeroed(2*pageSize, len(whole)), bolt.ErrDamaged},
		{"with one bit of a record changed", func() []byte {
			b := bytes.Clone(whole)
			// The key may stand in a page that is not used any more, too.
			for i := record; i >= 0; {
				b[i+3] ^= 4
				k := key(7)
				i = bytes.Index(b, k[:])
			}
			return b
		}(), bolt.ErrDamaged},
		{"something else", bytes.Repeat([]byte("From: ann@sender.example\r\n"), 2000), bolt.ErrForeign},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "greylist")
			if err := os.WriteFile(path, tc.content, 0o600); err != nil {
				t.Fatal(err)
			}
			for range 2 { // and it is let go of
				store, err := bolt.Open(path, bolt.Options{Timeout: 50 * time.Millisecond})
				if err == nil {
					store.Close()
				}
				if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), path) {
					t.Errorf("Open: %v, want %v", err, tc.want)
				}
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, tc.content) {
				t.Errorf("the file was changed, %v", err)
			}
		})
	}
}

func TestAFileOfAnotherProgramIsLeftAlone(t *testing.T) {
	for name, fill := range map[string]func(tx *bbolt.Tx) error{
		"of another program": func(tx *bbolt.Tx) error {
			_, err := tx.CreateBucket([]byte("sessions"))
			return err
		},
		"of another version": func(tx *bbolt.Tx) error {
			if _, err := tx.CreateBucket([]byte("records")); err != nil {
				return err
			}
			about, err := tx.CreateBucket([]byte("mxrules greylist"))
			if err != nil {
				return err
			}
			return about.Put([]byte("version"), []byte("2"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "greylist")
			db, err := bbolt.Open(path, 0o600, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Update(fill); err != nil {
				t.Fatal(err)
			}
			db.Close()
			before, _ := os.ReadFile(path)
			if _, err := bolt.Open(path, bolt.Options{}); !errors.Is(err, bolt.ErrForeign) {
				t.Errorf("Open: %v", err)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

// An empty file is what a program leaves that was killed as it made one.
func TestAnEmptyFileIsNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "greylist")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

// Damage that comes while the file is open is told to whoever meets it, and to
// no one else.
func TestDamageWhileTheFileIsOpen(t *testing.T) {
	path, _ := written(t, 2000)
	store := open(t, path)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	k := key(7)
	for from := 0; ; {
		i := bytes.Index(whole[from:], k[:])
		if i < 0 {
			break
		}
		// The value stands behind the key.
		if _, err := file.WriteAt([]byte{0xff}, int64(from+i+len(k))); err != nil {
			t.Fatal(err)
		}
		from += i + 1
	}
	seen := greylist.Sighting{At: time.Now(), Until: time.Now().Add(time.Hour)}
	if _, err := store.Get(t.Context(), key(7)); !errors.Is(err, bolt.ErrDamaged) {
		t.Errorf("Get: %v", err)
	}
	if _, err := store.Touch(t.Context(), key(7), seen); !errors.Is(err, bolt.ErrDamaged) {
		t.Errorf("Touch: %v", err)
	}
	if _, err := store.Touch(t.Context(), key(8), seen); err != nil {
		t.Errorf("Touch of another key: %v", err)
	}
	var group sync.WaitGroup
	for n := range 100 { // in one transaction with it
		group.Go(func() {
			if n%10 == 0 {
				store.Touch(t.Context(), key(7), seen)
			} else if _, err := store.Touch(t.Context(), key(100+n), seen); err != nil {
				t.Errorf("Touch of another key at the same time: %v", err)
			}
		})
	}
	group.Wait()
	if err := store.Forget(t.Context(), key(7)); !errors.Is(err, bolt.ErrDamaged) {
		t.Errorf("Forget: %v", err)
	}
	if err := file.Truncate(2 * int64(os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Get(t.Context(), key(8)); !errors.Is(err, bolt.ErrDamaged) {
		t.Errorf("Get from a file that was cut off: %v", err)
	}
}
