package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"

	"mxrules.example/greylist"
)

// The file has a bucket with the version of the format, the tree and the logs. In the
// tree, the value of a key is the binary form of its record and the CRC-32C of key and
// record, because pages of bbolt have no checksums. Version 1 had no logs.
var (
	aboutBucket  = []byte("mxrules greylist")
	treeBucket   = []byte("records")
	versionKey   = []byte("version")
	version      = []byte("2")
	firstVersion = []byte("1")
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const (
	recordSize = 16 // of greylist.Record.AppendBinary
	sumSize    = 4
	valueSize  = recordSize + sumSize // in the tree
)

// packed is the binary form of a record. It has no pointers, so that the garbage
// collector need not look for them in millions of records.
type packed [recordSize]byte

func pack(r greylist.Record) (p packed) {
	r.AppendBinary(p[:0]) // the error is always nil
	return p
}

func (p packed) record() (r greylist.Record) {
	r.UnmarshalBinary(p[:]) // the error is nil for this length
	return r
}

// appendValue appends the value of a key in the tree.
func appendValue(b []byte, key greylist.Key, p packed) []byte {
	return binary.BigEndian.AppendUint32(append(b, p[:]...), checksum(key, p[:]))
}

func checksum(key greylist.Key, record []byte) uint32 {
	return crc32.Update(crc32.Checksum(key[:], castagnoli), castagnoli, record)
}

// decode parses what appendValue appends. A nil b is the zero Record.
func decode(key greylist.Key, b []byte) (r greylist.Record, err error) {
	if b == nil {
		return r, nil
	}
	if len(b) != valueSize ||
		binary.BigEndian.Uint32(b[recordSize:]) != checksum(key, b[:recordSize]) {
		return r, fmt.Errorf("%w: the checksum of the record %v is wrong", ErrDamaged, key)
	}
	return r, r.UnmarshalBinary(b[:recordSize])
}

func decodeEntry(k, v []byte) (entry greylist.Entry, err error) {
	if len(k) != len(entry.Key) {
		return entry, fmt.Errorf("%w: a key has %d bytes", ErrDamaged, len(k))
	}
	entry.Key = greylist.Key(k)
	entry.Record, err = decode(entry.Key, v)
	return entry, err
}

// update is a change to be written.
type update struct {
	// apply changes records. A damaged record fails only this update, any other
	// error fails the transaction.
	apply func(b *batch) error
	err   error
}

// action is what an update does with a record.
type action uint8

const (
	put    action = iota
	leave         // the old record stays
	remove        // the old record is removed
)

// update changes the record of key, in a transaction with other waiting updates,
// and returns the result of change.
func (s *Store) update(ctx context.Context, key greylist.Key, change func(greylist.Record) (greylist.Record, action)) (greylist.Record, error) {
	var changed greylist.Record
	u := &update{apply: func(b *batch) error {
		old, err := b.get(key)
		if err != nil {
			return err
		}
		var what action
		changed, what = change(old)
		switch {
		case what == remove:
			return b.remove(key)
		case what == put && changed != old:
			b.changed[key] = pack(changed)
		}
		return nil
	}}
	if err := s.updates.Do(ctx, u); err != nil {
		return greylist.Record{}, err
	}
	if u.err != nil {
		return greylist.Record{}, u.err
	}
	return changed, nil
}

// removal returns the update that removes keys whose record has expired. It reads
// the records again, because they may have been touched meanwhile.
func removal(keys []greylist.Key, now time.Time) *update {
	return &update{apply: func(b *batch) error {
		for _, key := range keys {
			r, err := b.get(key)
			if err != nil {
				return err
			}
			if r.Expired(now) {
				if err := b.remove(key); err != nil {
					return err
				}
			}
		}
		return nil
	}}
}

// write applies updates in one transaction. If it fails, all of them fail.
//
// A transaction can also fail because it moves records to a damaged page of the tree that
// no update needs. It is repeated without moves, and from then on the logs only grow.
func (s *Store) write(updates []*update) {
	err := s.try(updates)
	if errors.Is(err, ErrDamaged) && !s.recent.stays {
		s.recent.stays = true
		err = s.try(updates)
	}
	if err == nil {
		return
	}
	for _, u := range updates {
		u.err = s.wrap(err)
	}
}

// try is write, without the errors of the updates if the transaction fails.
func (s *Store) try(updates []*update) error {
	clear(s.changed)
	b := &batch{recent: &s.recent, limits: s.limits, changed: s.changed}
	var number int64
	err := s.transact(s.db.Update, func(tx *bbolt.Tx) error {
		if s.recent.stale {
			if err := s.recent.load(tx); err != nil {
				return err
			}
		}
		b.tree = tx.Bucket(treeBucket)
		b.cursor = b.tree.Cursor()
		for _, u := range updates {
			if u.err = u.apply(b); errors.Is(u.err, ErrDamaged) {
				u.err = s.wrap(u.err)
			} else if u.err != nil {
				return u.err
			}
		}
		number = int64(tx.ID())
		return b.save(tx)
	})
	if err == nil {
		s.newest.Store(number)
		s.recent.publish(b)
	} else {
		s.recent.stale = true // a failed sync leaves open whether the file has the transaction
	}
	return err
}

// view runs read in one transaction.
func (s *Store) view(read func(tree *bbolt.Bucket) error) error {
	return s.wrap(s.transact(s.db.View, func(tx *bbolt.Tx) error { return read(tx.Bucket(treeBucket)) }))
}

// transact does work in a transaction of begin, a method of bbolt.DB.
//
// If bbolt panics when a transaction begins or is rolled back, it does not release its
// locks, and another one would wait forever: from then on all fail. If the newest meta
// page is damaged, bbolt begins with the state before it, which would undo a transaction.
func (s *Store) transact(begin func(func(*bbolt.Tx) error) error, work func(*bbolt.Tx) error) error {
	if info, err := s.file.Stat(); err == nil && info.Size() < 2*minPageSize || s.stuck.Load() {
		return damaged("no transaction can begin")
	}
	newest := s.newest.Load()
	var begun *bbolt.Tx
	err := guarded(func() error {
		return begin(func(tx *bbolt.Tx) error {
			begun = tx
			if number := int64(tx.ID()); number < newest || tx.Writable() && number == newest {
				return damaged("the newest meta page is lost")
			}
			return work(tx)
		})
	})
	if errors.Is(err, ErrDamaged) && (begun == nil || begun.DB() != nil) {
		s.stuck.Store(true)
	}
	return err
}

// guarded turns panics of work into errors: bbolt panics when it finds a damaged
// page, and reading a page beyond the end of the file faults. In both cases bbolt
// rolls the transaction back, unless it panics again.
func guarded(work func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, v)
		}
	}()
	return work()
}

// wrap adds the path to err.
func (s *Store) wrap(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, bbolt.ErrDatabaseNotOpen):
		err = errClosed
	}
	return fmt.Errorf("greylist: %s: %w", s.path, err)
}
