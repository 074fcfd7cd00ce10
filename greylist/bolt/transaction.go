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

// The file has two buckets: one with the version of the format, and one with the
// records. The value of a key is the binary form of its record and the CRC-32C of
// key and record, because pages of bbolt have no checksums.
var (
	aboutBucket   = []byte("mxrules greylist")
	recordsBucket = []byte("records")
	versionKey    = []byte("version")
	version       = []byte("1")
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const recordSize = 16 // of greylist.Record.AppendBinary

func encode(key greylist.Key, r greylist.Record) []byte {
	b := make([]byte, 0, recordSize+4)
	b, _ = r.AppendBinary(b) // the error is always nil
	return binary.BigEndian.AppendUint32(b, checksum(key, b))
}

func checksum(key greylist.Key, record []byte) uint32 {
	return crc32.Update(crc32.Checksum(key[:], castagnoli), castagnoli, record)
}

// decode parses what encode returns. A nil b is the zero Record.
func decode(key greylist.Key, b []byte) (r greylist.Record, err error) {
	if b == nil {
		return r, nil
	}
	if len(b) != recordSize+4 ||
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
	apply func(records *bbolt.Bucket) error
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
	u := &update{apply: func(records *bbolt.Bucket) error {
		old, err := decode(key, records.Get(key[:]))
		if err != nil {
			return err
		}
		var what action
		changed, what = change(old)
		switch {
		case what == remove:
			return records.Delete(key[:])
		case what == leave, changed == old:
			return nil
		}
		return records.Put(key[:], encode(key, changed))
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
	return &update{apply: func(records *bbolt.Bucket) error {
		for _, key := range keys {
			r, err := decode(key, records.Get(key[:]))
			if err != nil {
				return err
			}
			if r.Expired(now) {
				if err := records.Delete(key[:]); err != nil {
					return err
				}
			}
		}
		return nil
	}}
}

// write applies updates in one transaction. If it fails, all of them fail.
func (s *Store) write(updates []*update) {
	err := guarded(func() error {
		return s.db.Update(func(tx *bbolt.Tx) error {
			records := tx.Bucket(recordsBucket)
			for _, u := range updates {
				if err := u.apply(records); errors.Is(err, ErrDamaged) {
					u.err = s.wrap(err)
				} else if err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		for _, u := range updates {
			u.err = s.wrap(err)
		}
	}
}

// view runs read in one transaction.
func (s *Store) view(read func(records *bbolt.Bucket) error) error {
	return s.wrap(guarded(func() error {
		return s.db.View(func(tx *bbolt.Tx) error { return read(tx.Bucket(recordsBucket)) })
	}))
}

// guarded turns panics of work into errors: bbolt panics when it finds a damaged
// page, and reading a page beyond the end of the file faults. In both cases bbolt
// rolls the transaction back.
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
