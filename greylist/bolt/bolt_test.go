package bolt_test

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
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

// openWith opens a file, whose logs are long at a number of records, until the test
// ends.
func openWith(t *testing.T, path string, long, moved int) *bolt.Store {
	t.Helper()
	store, err := bolt.OpenWith(path, long, moved)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// written returns the path of a file with n records, a multiple of 100, and the records.
// The first are in the tree, the last in logs.
func written(t *testing.T, n int) (string, map[greylist.Key]greylist.Record) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "greylist")
	store := openWith(t, path, 100, 10)
	for from := 0; from < n; from += 100 {
		var group sync.WaitGroup // for few transactions
		for n := from; n < from+100; n++ {
			group.Go(func() { touch(t, store, n) })
		}
		group.Wait()
	}
	want := records(t, store)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return path, want
}

func TestRecordsPersist(t *testing.T) {
	path, _ := written(t, 3000)
	for range 2 {
		store := open(t, path)
		got := records(t, store)
		for n := range 3000 {
			want := greylist.Record{}.Seen(sightingOf(n))
			if got[key(n)] != want {
				t.Fatalf("key %d has %v, want %v", n, got[key(n)], want)
			}
		}
		if len(got) != 3000 {
			t.Errorf("%d records, want 3000", len(got))
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the mode of the file is %v, error %v", info.Mode(), err)
	}
}

func TestClosedStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "greylist")
	store := open(t, path)
	for range 2 {
		if err := store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	_, get := store.Get(t.Context(), key(1))
	_, touch := store.Touch(t.Context(), key(1), sightingOf(1))
	var all error
	for _, err := range store.All(t.Context()) {
		all = err
	}
	for name, err := range map[string]error{"Get": get, "Touch": touch, "All": all} {
		checkError(t, name, err, path, "the store is closed")
	}
}

// checkError checks that an error names the file and the reason.
func checkError(t *testing.T, name string, err error, path, reason string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), reason) {
		t.Errorf("%s: error %v, want %q", name, err, reason)
	}
	if damaged := reason == "the file is damaged"; errors.Is(err, bolt.ErrDamaged) != damaged {
		t.Errorf("%s: error %v is ErrDamaged: %t", name, err, !damaged)
	}
}

func TestFileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "greylist")
	touch(t, open(t, path), 1)
	_, err := bolt.Open(path, bolt.Options{Timeout: 50 * time.Millisecond})
	checkError(t, "the second Open", err, path, "the file is in use by another process")
}

func TestInvalidPath(t *testing.T) {
	for _, path := range []string{
		filepath.Join(t.TempDir(), "no such folder", "greylist"),
		t.TempDir(),
	} {
		_, err := bolt.Open(path, bolt.Options{})
		checkError(t, "Open", err, path, "")
	}
}

// used returns the number of used bytes of a file.
func used(t *testing.T, path string) (size int) {
	t.Helper()
	db, err := bbolt.Open(path, 0, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.View(func(tx *bbolt.Tx) error { size = int(tx.Size()); return nil }); err != nil {
		t.Fatal(err)
	}
	return size
}

// layout creates the buckets of a version.
func layout(tx *bbolt.Tx, version string) error {
	if _, err := tx.CreateBucket([]byte("records")); err != nil {
		return err
	}
	about, err := tx.CreateBucket([]byte("mxrules greylist"))
	if err != nil {
		return err
	}
	return about.Put([]byte("version"), []byte(version))
}

// bboltFile returns the content of a file that bbolt wrote.
func bboltFile(t *testing.T, fill func(tx *bbolt.Tx) error) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(fill), db.Close()); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// positions returns where a record is in the content of a file, with its key
// before it: in the page in use, and in pages that are free now.
func positions(content []byte, key greylist.Key, r greylist.Record) (list []int) {
	entry, _ := r.AppendBinary(key[:])
	for from := 0; ; {
		i := bytes.Index(content[from:], entry)
		if i < 0 {
			return list
		}
		list = append(list, from+i+len(key))
		from += i + 1
	}
}

func TestInvalidFileIsNotChanged(t *testing.T) {
	path, want := written(t, 2000)
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
	altered := bytes.Clone(whole)
	for _, i := range positions(whole, key(7), want[key(7)]) {
		altered[i+3] ^= 4
	}
	const damaged, foreign = "the file is damaged", "not a greylist file of version 1 or 2"
	for _, tc := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"without its last page", whole[:used(t, path)-pageSize], damaged},
		{"half of what is in use", whole[:used(t, path)/2/pageSize*pageSize], damaged},
		{"truncated in the third page", whole[:2*pageSize+10], damaged},
		{"truncated in the first page", whole[:100], foreign},
		{"without meta pages", zeroed(0, 2*pageSize), foreign},
		{"only meta pages", zeroed(2*pageSize, len(whole)), damaged},
		{"with an altered record", altered, damaged},
		{"another format", bytes.Repeat([]byte("From: ann@sender.example\r\n"), 2000), foreign},
		{"a bbolt file of another program", bboltFile(t, func(tx *bbolt.Tx) error {
			_, err := tx.CreateBucket([]byte("sessions"))
			return err
		}), foreign},
		{"an unknown bucket", bboltFile(t, func(tx *bbolt.Tx) error {
			_, err := tx.CreateBucket([]byte("recent 2"))
			return errors.Join(err, layout(tx, "2"))
		}), foreign},
		{"version 3", bboltFile(t, func(tx *bbolt.Tx) error { return layout(tx, "3") }), foreign},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "greylist")
			if err := os.WriteFile(path, tc.content, 0o600); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the first Open must close the file
				store, err := bolt.Open(path, bolt.Options{Timeout: 50 * time.Millisecond})
				if err == nil {
					store.Close()
				}
				checkError(t, "Open", err, path, tc.want)
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, tc.content) {
				t.Errorf("the file is changed, error %v", err)
			}
		})
	}
}

// A process that is killed while it creates a file leaves an empty one.
func TestEmptyFileIsNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "greylist")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

// A damaged record fails only the calls that need it.
func TestDamageWhileTheFileIsOpen(t *testing.T) {
	path, want := written(t, 2000)
	store := open(t, path)
	file := overwrite(t, path, key(7), want[key(7)], func(at int) int { return at })
	const damaged = "the file is damaged"
	_, err := store.Get(t.Context(), key(7))
	checkError(t, "Get", err, path, damaged)
	_, err = store.Touch(t.Context(), key(7), sightingOf(7))
	checkError(t, "Touch", err, path, damaged)
	touch(t, store, 8)
	var group sync.WaitGroup
	for n := range 100 { // in one transaction
		group.Go(func() {
			if n%10 == 0 {
				store.Touch(t.Context(), key(7), sightingOf(7))
			} else {
				touch(t, store, 100+n)
			}
		})
	}
	group.Wait()
	checkError(t, "Forget", store.Forget(t.Context(), key(7)), path, damaged)
	if err := file.Truncate(2 * int64(os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for n := range 10 {
			_, err = store.Get(t.Context(), key(100*n))
			checkError(t, "Get from a truncated file", err, path, damaged)
			_, err = store.Touch(t.Context(), key(100*n), sightingOf(n))
			checkError(t, "Touch in a truncated file", err, path, damaged)
		}
		if err := file.Truncate(0); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

// A damaged page of the tree fails only the calls whose record is there, or would be. Moves
// from the logs into that page fail none, and what is written is not lost.
func TestDamagedPageWhileTheFileIsOpen(t *testing.T) {
	path := filepath.Join(inMemory(t), "greylist")
	store := openWith(t, path, 100, 64)
	for n := range 1000 {
		touch(t, store, n)
	}
	want := records(t, store)
	overwrite(t, path, key(7), want[key(7)], func(at int) int { return at - at%os.Getpagesize() }) // the number of the page
	failed := map[string]bool{}                                                                    // by key
	note := func(n int, err error) bool {
		if err != nil && !errors.Is(err, bolt.ErrDamaged) {
			t.Errorf("key %d: %v", n, err)
		}
		failed[key(n).String()] = failed[key(n).String()] || err != nil
		return err == nil
	}
	for n := 1000; n < 2000; n++ {
		if r, err := store.Touch(t.Context(), key(n), sightingOf(n)); note(n, err) {
			want[key(n)] = r
		}
	}
	for n := range 800 {
		if note(n, store.Forget(t.Context(), key(n))) {
			want[key(n)] = greylist.Record{}
		}
	}
	for n := range 2000 {
		if got, err := store.Get(t.Context(), key(n)); note(n, err) && got != want[key(n)] {
			t.Errorf("key %d has %v, want %v", n, got, want[key(n)])
		}
	}
	for n := 800; n < 1000; n++ { // in the logs
		delete(failed, key(n).String())
	}
	broken, changes, keys := 0, 0, slices.Sorted(maps.Keys(failed))
	for i, key := range keys {
		if failed[key] {
			broken++
		}
		if i > 0 && failed[key] != failed[keys[i-1]] {
			changes++
		}
	}
	if broken == 0 || broken > len(keys)/4 || changes > 2 {
		t.Errorf("calls fail for %d of %d keys in %d ranges, which is not one page", broken, len(keys), (changes+1)/2)
	}
	var group sync.WaitGroup
	for n := 1000; n < 1200; n++ { // in few transactions
		group.Go(func() {
			if _, err := store.Touch(t.Context(), key(n), sightingOf(n)); err != nil != failed[key(n).String()] {
				t.Errorf("key %d: %v", n, err)
			}
		})
	}
	group.Wait()
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	if _, err := bolt.Open(path, bolt.Options{}); !errors.Is(err, bolt.ErrDamaged) {
		t.Errorf("Open: %v", err)
	}
}

// overwrite damages a file at the places that belong to those of a record.
func overwrite(t *testing.T, path string, key greylist.Key, r greylist.Record, place func(at int) int) *os.File {
	t.Helper()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	for _, at := range positions(whole, key, r) {
		if _, err := file.WriteAt([]byte{0xff}, int64(place(at))); err != nil {
			t.Fatal(err)
		}
	}
	return file
}
