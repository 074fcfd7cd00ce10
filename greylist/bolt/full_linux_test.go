package bolt_test

import (
	"maps"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"mxrules.example/greylist"
	"mxrules.example/greylist/bolt"
)

// When the disk is full, part of a new file is written. When there is room again, Open
// must not find a damaged file. A limit for files stands for the full disk.
func TestFullDiskLeavesNoDamagedFile(t *testing.T) {
	for pages := range 4 {
		path := filepath.Join(t.TempDir(), "greylist")
		limitFiles(t, uint64(pages*os.Getpagesize())+100)
		store, err := bolt.Open(path, bolt.Options{})
		if err == nil {
			store.Close()
		}
		checkError(t, "Open", err, path, "file too large")
		limitFiles(t, 0)
		touch(t, open(t, path), 1)
	}
}

// While the disk is full, writes fail and nothing is lost. When there is room again,
// they succeed.
func TestFullDiskWhileOpen(t *testing.T) {
	path := filepath.Join(inMemory(t), "greylist")
	store := openWith(t, path, 100, 10)
	want := map[greylist.Key]greylist.Record{}
	failed := 0
	write := func(from, to int) {
		for n := from; n < to; n++ {
			r, err := store.Touch(t.Context(), key(n), sightingOf(n))
			if err == nil {
				want[key(n)] = r
				continue
			}
			failed++
			checkError(t, "Touch", err, path, "file too large")
		}
	}
	write(0, 300)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	limitFiles(t, uint64(info.Size()))
	write(300, 2000)
	if failed == 0 {
		t.Fatal("no write failed")
	}
	if got := records(t, store); !maps.Equal(got, want) {
		t.Errorf("%d records, want %d, or others", len(got), len(want))
	}
	limitFiles(t, 0)
	failed = 0
	write(300, 1000)
	if failed > 0 {
		t.Errorf("%d writes fail when there is room again", failed)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if got := records(t, open(t, path)); !maps.Equal(got, want) {
		t.Errorf("after Open %d records, want %d, or others", len(got), len(want))
	}
}

// limitFiles limits the size of files until the test ends. 0 removes the limit.
func limitFiles(t *testing.T, size uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Cur = size; size == 0 {
		limit.Cur = limit.Max
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	if size > 0 {
		t.Cleanup(func() { limitFiles(t, 0) })
	}
}
