package bolt

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mxrules.example/greylist"
)

// If bbolt does not release a lock, calls and Close must not wait for it.
func TestStuckTransaction(t *testing.T) {
	store := newStore(t)
	tx, err := store.db.Begin(true)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	store.stuck.Store(true)
	key := greylist.Key{1}
	_, get := store.Get(t.Context(), key)
	for _, err := range []error{get, store.Forget(t.Context(), key)} {
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), store.path) {
			t.Errorf("error %v", err)
		}
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

// Without its newest meta page a file has the state before the last transaction, which
// must not be undone.
func TestLostMetaPage(t *testing.T) {
	for name, reopens := range map[string]bool{"after a write": false, "after Open": true} {
		t.Run(name, func(t *testing.T) {
			store := newStore(t)
			touch := func(key byte) error {
				now := time.Now()
				_, err := store.Touch(t.Context(), greylist.Key{key}, greylist.Sighting{At: now, Until: now.Add(time.Hour)})
				return err
			}
			if err := errors.Join(touch(0), touch(1)); err != nil {
				t.Fatal(err)
			}
			if reopens {
				store.Close()
				var err error
				if store, err = Open(store.path, Options{}); err != nil {
					t.Fatal(err)
				}
				defer store.Close()
			}
			page := store.newest.Load() % 2
			if _, err := store.file.WriteAt([]byte("damage"), page*int64(store.db.Info().PageSize)+headerSize); err != nil {
				t.Fatal(err)
			}
			_, get := store.Get(t.Context(), greylist.Key{9})
			for _, err := range []error{get, touch(1), touch(9)} {
				if !errors.Is(err, ErrDamaged) {
					t.Errorf("error %v", err)
				}
			}
		})
	}
}
