package bolt

import (
	"errors"
	"strings"
	"testing"

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
