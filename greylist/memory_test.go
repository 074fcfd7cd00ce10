package greylist_test

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"mxrules.example/greylist"
	"mxrules.example/greylist/greylisttest"
	"mxrules.example/greylist/internal/load"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	greylisttest.TestStore(t, func(*testing.T) greylist.Store { return new(greylist.Memory) })
}

func TestMemoryIsBounded(t *testing.T) {
	const size, perRecord = 1 << 20, 32
	store := &greylist.Memory{Size: size}
	for n := range uint64(100_000) {
		seen := greylist.Sighting{At: noon.Add(time.Duration(n) * time.Second), Until: noon.Add(1000 * time.Hour)}
		if _, err := store.Touch(t.Context(), load.Key(n), seen); err != nil {
			t.Fatal(err)
		}
		if r, err := store.Get(t.Context(), load.Key(n)); err != nil || r.IsZero() {
			t.Fatalf("the last record is missing, error %v", err)
		}
	}
	if n := store.Len(); n > size/perRecord || n < size/perRecord*85/100 {
		t.Errorf("%d records in a MiB, want nearly %d", n, size/perRecord)
	}
}

func TestZeroMemoryIsNotTheSmallest(t *testing.T) {
	const records = 20_000 // twice what the smallest holds
	store := new(greylist.Memory)
	for n := range uint64(records) {
		if _, err := store.Touch(t.Context(), load.Key(n), greylist.Sighting{At: noon, Until: noon.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	if n := store.Len(); n != records {
		t.Errorf("%d records, want %d", n, records)
	}
}

func TestSmallestMemoryKeepsTheContract(t *testing.T) {
	for _, size := range []int{-1, 1} {
		greylisttest.TestStore(t, func(*testing.T) greylist.Store { return small{&greylist.Memory{Size: size}} })
	}
}

// small hides the Register, whose tests need more records than fit.
type small struct{ greylist.Store }

func TestSnapshotDuringWrites(t *testing.T) {
	const before, callers, each = 5000, 4, 2000
	store := &greylist.Memory{Size: 16 << 20}
	seen := greylist.Sighting{At: noon, Until: noon.Add(time.Hour), Good: 1}
	touch := func(n uint64) {
		if _, err := store.Touch(t.Context(), load.Key(n), seen); err != nil {
			t.Error(err)
		}
	}
	for n := range uint64(before) {
		touch(n)
	}
	var group sync.WaitGroup
	for caller := range uint64(callers) {
		group.Go(func() {
			for i := range uint64(each) {
				touch(before + caller*each + i)
				touch(i)
			}
		})
	}
	var saved bytes.Buffer
	if err := store.Snapshot(&saved); err != nil {
		t.Error(err)
	}
	group.Wait()
	restored := &greylist.Memory{Size: 16 << 20}
	if err := restored.Restore(&saved); err != nil {
		t.Fatal(err)
	}
	for n := range uint64(before) {
		if r, err := restored.Get(t.Context(), load.Key(n)); err != nil || r.Good < 1 {
			t.Fatalf("record %d is not in the snapshot, but was written before it", n)
		}
	}
	if n := store.Len(); n != before+callers*each {
		t.Errorf("%d records afterwards", n)
	}
}
