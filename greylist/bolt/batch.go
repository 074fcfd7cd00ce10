package bolt

import (
	"bytes"
	"time"

	"go.etcd.io/bbolt"

	"mxrules.example/greylist"
)

// batch is what a transaction does.
type batch struct {
	recent  *recent
	limits  limits
	tree    *bbolt.Bucket
	cursor  *bbolt.Cursor // of tree, for all reads: a new one for each is slower
	changed map[greylist.Key]packed
	next    progress // after the transaction
}

// find returns the record of key if it is changed or in a log.
func (b *batch) find(key greylist.Key) (p packed, found bool) {
	if p, found = b.changed[key]; !found {
		p, found = b.recent.find(key)
	}
	return p, found
}

// get returns the record of key. Reading changes nothing of the transaction, so that it
// can go on if a page is damaged.
func (b *batch) get(key greylist.Key) (r greylist.Record, err error) {
	if p, found := b.find(key); found {
		return p.record(), nil
	}
	err = guarded(func() (err error) {
		if k, v := b.cursor.Seek(key[:]); bytes.Equal(k, key[:]) {
			r, err = decode(key, v)
		}
		return err
	})
	return r, err
}

// remove removes the record of key. What only the tree has is removed there, because
// the sweep removes neighbours, and in the log each would take space.
func (b *batch) remove(key greylist.Key) error {
	if _, found := b.find(key); !found && !b.recent.stays {
		return b.tree.Delete(key[:])
	}
	b.changed[key] = packed{}
	return nil
}

// save appends the changes to the young log and moves records of the old one.
func (b *batch) save(tx *bbolt.Tx) error {
	b.next = b.recent.progress
	if err := b.appendChanges(tx); err != nil || len(b.next.unmoved) == 0 || b.recent.stays {
		return err
	}
	n := min(len(b.next.unmoved), max(b.limits.moved, 2*len(b.changed)))
	if err := b.move(b.next.unmoved[:n], time.Now()); err != nil {
		return err
	}
	if b.next.unmoved = b.next.unmoved[n:]; len(b.next.unmoved) > 0 {
		return nil
	}
	return tx.DeleteBucket(logBuckets[1-b.next.bucket])
}

// appendChanges appends the changes to the young log, or a new one.
func (b *batch) appendChanges(tx *bbolt.Tx) (err error) {
	if len(b.changed) == 0 {
		return nil
	}
	n := &b.next
	if n.length >= b.limits.long && len(n.unmoved) == 0 {
		n.bucket, n.length = 1-n.bucket, 0
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
// newer ones.
func (b *batch) move(keys []greylist.Key, now time.Time) error {
	values := make([]byte, 0, len(keys)*valueSize) // bbolt keeps them until the end
	for _, key := range keys {
		if _, newer := b.recent.young[key]; newer {
			continue
		}
		p := b.recent.old[key]
		if p.record().Expired(now) { // or removed
			if err := b.tree.Delete(key[:]); err != nil {
				return err
			}
			continue
		}
		values = appendValue(values, key, p)
		if err := b.tree.Put(key[:], values[len(values)-valueSize:]); err != nil {
			return err
		}
	}
	return nil
}
