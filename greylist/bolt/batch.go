package bolt

import (
	"time"

	"go.etcd.io/bbolt"

	"mxrules.example/greylist"
)

// batch is what a transaction does.
type batch struct {
	number  uint64 // of the transaction
	recent  *recent
	limits  limits
	pages   *reader // of the state before the transaction
	careful bool    // the tree is not changed
	tree    *bbolt.Bucket
	changed map[greylist.Key]packed
	deleted map[greylist.Key]bool // in the tree
	turned  bool                  // the young log becomes the old one
	next    progress              // after the transaction
	saved   bool                  // the commit has begun
}

// find returns the record of key if it is changed or in a log.
func (b *batch) find(key greylist.Key) (p packed, found bool) {
	if p, found = b.changed[key]; !found {
		p, found = b.recent.find(key)
	}
	return p, found
}

// get returns the record of key.
func (b *batch) get(key greylist.Key) (greylist.Record, error) {
	if p, found := b.find(key); found {
		return p.record(), nil
	}
	if b.deleted[key] {
		return greylist.Record{}, nil
	}
	value, err := b.pages.find(key[:])
	if err != nil {
		return greylist.Record{}, err
	}
	return decode(key, value)
}

// remove removes the record of key. What only the tree has is removed there if
// possible, because the sweep removes neighbours, and in the log each would take space.
func (b *batch) remove(key greylist.Key) error {
	if _, found := b.find(key); !found && !b.recent.kept && b.writable(key, true) {
		if b.deleted == nil {
			b.deleted = map[greylist.Key]bool{}
		}
		b.deleted[key] = true
		return b.tree.Delete(key[:])
	}
	b.changed[key] = packed{}
	return nil
}

// writable reports whether bbolt can write or delete the record of key in the tree: the
// pages that it needs are valid.
func (b *batch) writable(key greylist.Key, deletes bool) bool {
	return !b.careful && b.pages.check(b.pages.tree, key[:], deletes) == nil
}

// save moves records of the old log and appends the changes to the young one.
func (b *batch) save(tx *bbolt.Tx) error {
	b.next = b.recent.progress
	n := min(len(b.next.unmoved), max(b.limits.moved, 2*len(b.changed)))
	if len(b.changed) > 0 && b.next.length >= b.limits.long && n == 0 {
		b.turn()
	}
	if err := b.move(b.next.unmoved[:n], time.Now()); err != nil {
		return err
	}
	b.next.unmoved = b.next.unmoved[n:]
	if err := b.appendChanges(tx); err != nil {
		return err
	}
	if n > 0 && len(b.next.unmoved) == 0 {
		return b.deleteOld(tx)
	}
	return nil
}

// turn begins a new log. If the old one could not be deleted, there is no bucket for the
// new one. Then it begins only in memory, and in the file the young log goes on.
func (b *batch) turn() {
	b.turned = true
	b.next.length = 0
	if !b.next.kept {
		b.next.bucket = 1 - b.next.bucket
	}
}

// deleteOld deletes the old log, whose records are all moved. If one of its pages is
// damaged, bbolt cannot delete it, and it is kept.
func (b *batch) deleteOld(tx *bbolt.Tx) error {
	if b.next.kept {
		return nil
	}
	old := 1 - b.next.bucket
	b.next.kept = b.careful
	b.pages.leaves(b.pages.logs[old], nil, func(_ node, err error) bool {
		b.next.kept = b.next.kept || err != nil
		return !b.next.kept
	})
	if b.next.kept {
		return nil
	}
	return tx.DeleteBucket(logBuckets[old])
}

// appendChanges appends the changes to the young log, or a new one.
func (b *batch) appendChanges(tx *bbolt.Tx) (err error) {
	if len(b.changed) == 0 {
		return nil
	}
	n := &b.next
	if err := b.pages.check(b.pages.logs[n.bucket], lastNumber, false); err != nil {
		return err
	}
	log, err := tx.CreateBucketIfNotExists(logBuckets[n.bucket])
	if err != nil {
		return err
	}
	n.length += len(b.changed)
	n.number, err = appendLog(log, n.number, b.changed)
	return err
}

// move writes records of the old log into the tree, except where the young one has
// newer ones. Those for which a page is damaged move to the young log instead, so that
// they are not lost and the old log can be deleted.
func (b *batch) move(keys []greylist.Key, now time.Time) error {
	values := make([]byte, 0, len(keys)*valueSize) // bbolt keeps them until the end
	for _, key := range keys {
		if _, newer := b.recent.young[key]; newer {
			continue
		}
		p := b.recent.old[key]
		expired := p.record().Expired(now) // or removed
		switch {
		case !b.writable(key, expired):
			if _, newer := b.changed[key]; !newer {
				b.changed[key] = p
			}
		case expired:
			if err := b.tree.Delete(key[:]); err != nil {
				return err
			}
		default:
			values = appendValue(values, key, p)
			if err := b.tree.Put(key[:], values[len(values)-valueSize:]); err != nil {
				return err
			}
		}
	}
	return nil
}
