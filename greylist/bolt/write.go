package bolt

import (
	"errors"

	"go.etcd.io/bbolt"

	"mxrules.example/greylist"
)

// writer is what one transaction after another uses.
type writer struct {
	changed map[greylist.Key]packed
	// failed is the last transaction if its commit failed. A failed sync leaves open
	// whether the file has it.
	failed *batch
}

// write applies updates in one transaction. If bbolt finds damage that the checks did
// not, the transaction is repeated without a change of the tree. If that fails too, all
// updates fail.
func (s *Store) write(updates []*update) {
	err := s.try(updates, false)
	if errors.Is(err, ErrDamaged) {
		err = s.try(updates, true)
	}
	if err == nil {
		return
	}
	for _, u := range updates {
		u.err = s.wrap(err)
	}
}

// try applies updates in one transaction. If careful is set, it does not change the tree.
func (s *Store) try(updates []*update, careful bool) error {
	w := &s.writer
	clear(w.changed)
	b := &batch{recent: &s.recent, limits: s.limits, careful: careful, changed: w.changed}
	err := s.transact(s.db.Update, func(tx *bbolt.Tx, m meta) error {
		if err := s.begin(tx, m, b); err != nil {
			return err
		}
		for _, u := range updates {
			if u.err = u.apply(b); errors.Is(u.err, ErrDamaged) {
				u.err = s.wrap(u.err)
			} else if u.err != nil {
				return u.err
			}
		}
		err := b.save(tx)
		b.saved = err == nil
		return err
	})
	switch {
	case err == nil:
		s.publish(b)
	case b.saved:
		w.failed, w.changed = b, map[greylist.Key]packed{}
	}
	return err
}

// transact runs work in a transaction. begin is DB.Update or DB.View; work gets the newest
// meta page. If bbolt panics while it begins a transaction or rolls it back, it does not
// release its locks, and every later call of bbolt would wait forever. From then on,
// transact returns an error.
func (s *Store) transact(begin func(func(*bbolt.Tx) error) error, work func(*bbolt.Tx, meta) error) error {
	if s.stuck.Load() {
		return damaged("a transaction did not end")
	}
	m, err := newestMeta(s.file, s.pageSize)
	if err != nil {
		return err
	}
	var begun *bbolt.Tx
	err = guarded(func() error {
		return begin(func(tx *bbolt.Tx) error {
			begun = tx
			return work(tx, m)
		})
	})
	if begun == nil && errors.Is(err, ErrDamaged) || begun != nil && begun.DB() != nil {
		s.stuck.Store(true)
	}
	return err
}

// begin prepares b for a transaction and checks the pages that each transaction needs.
func (s *Store) begin(tx *bbolt.Tx, m meta, b *batch) error {
	b.number = uint64(tx.ID())
	if failed := s.writer.failed; failed != nil && failed.number == b.number-1 {
		s.publish(failed) // the file has it
	}
	s.writer.failed = nil
	if err := checkNumber(b.number-1, s.newest.Load()); err != nil {
		return err
	}
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	if has := info.Size() / int64(s.pageSize); uint64(has) < m.pages {
		return damaged("it has %d of %d pages", has, m.pages) // bbolt could not map it again
	}
	if b.pages, err = begin(tx); err != nil {
		return err
	}
	if err := b.pages.checkFreelist(m.free); err != nil {
		return err
	}
	b.tree = tx.Bucket(treeBucket)
	return nil
}

// publish makes the changes of a committed transaction visible.
func (s *Store) publish(b *batch) {
	s.newest.Store(b.number)
	s.recent.publish(b)
}
