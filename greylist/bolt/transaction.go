package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
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
// the records again, because they may have been touched meanwhile. Damaged records stay.
func removal(keys []greylist.Key, now time.Time) *update {
	return &update{apply: func(b *batch) error {
		for _, key := range keys {
			r, err := b.get(key)
			if errors.Is(err, ErrDamaged) {
				continue
			}
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

// view runs read in one transaction.
func (s *Store) view(read func(pages *reader) error) error {
	newest := s.newest.Load()
	return s.wrap(s.transact(s.db.View, func(tx *bbolt.Tx, _ meta) error {
		if err := checkNumber(uint64(tx.ID()), newest); err != nil {
			return err
		}
		pages, err := begin(tx)
		if err != nil {
			return err
		}
		return read(pages)
	}))
}

// checkNumber returns an error if the file has the state before a transaction which was
// in the file: bbolt does not report that a meta page is damaged.
func checkNumber(number, newest uint64) error {
	if number < newest {
		return damaged("the meta page of the transaction %d", newest)
	}
	return nil
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
	case errors.Is(err, bbolt.ErrDatabaseNotOpen), errors.Is(err, os.ErrClosed):
		err = errClosed
	}
	return fmt.Errorf("greylist: %s: %w", s.path, err)
}
