package bolt

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mxrules.example/greylist"
)

// bbolt can find damage in a page that was not checked, or a page can be damaged after
// its check. Then the transaction is repeated without a change of the tree.
func TestTransactionIsRepeatedWithoutTheTree(t *testing.T) {
	m := &model{T: t, path: t.TempDir() + "/greylist", limits: limits{long: 3, moved: 5}}
	m.open()
	now := time.Now()
	for n := range 20 {
		key := greylist.Key{byte(n)}
		if _, err := m.store.Touch(t.Context(), key, greylist.Sighting{At: now, Until: now.Add(time.Hour), Good: 1}); err != nil {
			t.Fatal(err)
		}
		damage := &update{apply: func(b *batch) error {
			if !b.careful {
				panic("page 7 already freed")
			}
			return b.remove(key)
		}}
		if err := errors.Join(m.store.updates.Do(t.Context(), damage), damage.err); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, m.store); n != 0 {
		t.Errorf("%d records, want none", n)
	}
}

// If bbolt holds a lock forever, calls and Close must not wait for it.
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
