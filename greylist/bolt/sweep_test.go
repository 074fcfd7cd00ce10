package bolt

import (
	"context"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"mxrules.example/greylist"
)

func newStore(t *testing.T) *Store {
	store, err := Open(filepath.Join(t.TempDir(), "greylist"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

func TestExpiredRecordsAreRemovedInSteps(t *testing.T) {
	for _, tc := range []struct {
		name string
		limits
	}{
		{"of the log", limits{long: 1000, moved: 1}},
		{"of the tree", limits{long: 1, moved: 1}},
		{"of logs and tree", limits{long: 40, moved: 1}},
	} {
		t.Run(tc.name, func(t *testing.T) { removeInSteps(t, tc.limits) })
	}
}

func removeInSteps(t *testing.T, limits limits) {
	store, err := openStore(filepath.Join(t.TempDir(), "greylist"), Options{}, limits)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	const records, step = 100, 7
	// In the future, so that the background sweep removes nothing.
	now := time.Now().Add(1000 * time.Hour)
	for n := range records {
		until := now.Add(time.Hour)
		if n%3 == 0 {
			until = now.Add(-time.Second)
		}
		r := greylist.Record{First: now, Last: now, Until: until}
		if err := store.Merge(t.Context(), greylist.Secret(nil).Identity(strconv.Itoa(n)), r); err != nil {
			t.Fatal(err)
		}
	}
	steps := 0
	for list := store.list(); !list.done; {
		before := count(t, store)
		store.sweepStep(t.Context(), list, now, step)
		if removed := before - count(t, store); removed > 2*step {
			t.Errorf("a step of %d removes %d records", step, removed)
		}
		steps++
	}
	if got, want := count(t, store), records-(records+2)/3; got != want {
		t.Errorf("%d records after %d steps, want %d", got, steps, want)
	}
	if steps < records/step/2 || steps > records/step+1 {
		t.Errorf("%d steps of %d for %d records", steps, step, records)
	}
}

func count(t *testing.T, store *Store) (n int) {
	for _, err := range store.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// The record is touched after the sweep found it expired.
func TestSweepKeepsTouchedRecords(t *testing.T) {
	store := newStore(t)
	now := time.Now().Add(1000 * time.Hour)
	key := greylist.Secret(nil).Identity("someone")
	if _, err := store.Touch(t.Context(), key, greylist.Sighting{At: now, Until: now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if err := store.updates.Do(context.Background(), removal([]greylist.Key{key}, now)); err != nil {
		t.Fatal(err)
	}
	if n := count(t, store); n != 1 {
		t.Error("the record was removed")
	}
}

// Killing a process does not show whether its writes were synced.
func TestEveryTransactionIsSynced(t *testing.T) {
	store := newStore(t)
	if store.db.NoSync || store.db.NoGrowSync || store.db.NoFreelistSync {
		t.Error("the file is opened without sync")
	}
}
