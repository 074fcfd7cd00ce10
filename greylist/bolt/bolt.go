// Package bolt keeps the records of greylisting in one file, on one machine.
//
// What greylisting knows is lost with a store in memory, and then every sender
// is new again. This store is a file of go.etcd.io/bbolt, a B+tree whose
// transactions are synced to the disk: a Touch that has returned is there after
// the program was killed, or the machine.
//
// Syncing takes milliseconds, and takes as long for a hundred records as for
// one. So the touches that come in while a transaction is being synced wait,
// and all go in the next (group commit): a Touch waits for two syncs at the
// most, and one that comes alone waits for one. There is no timer. Reading
// waits for no one.
//
// Records that have expired are removed bit by bit in the background. The file
// does not shrink; the room is used again. It takes some 100 octets a record, and grows by 16 MiB at a time.
//
// A file is opened by one program at a time. For several machines there is
// greylist/redis.
package bolt

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"mxrules.example/greylist"
	"mxrules.example/greylist/internal/convoy"
)

// Options are the settings of a Store. The zero value is a good choice.
type Options struct {
	// Timeout is how long Open waits for another program to let go of the file.
	// 0 means a second.
	Timeout time.Duration
}

// Store is a greylist.Register in a file. Make one with Open.
type Store struct {
	path    string
	db      *bbolt.DB
	updates *convoy.Convoy[*update]
	stop    chan struct{}
	swept   sync.WaitGroup
	close   func() error
}

// together is how many touches go into one transaction at the most. A larger
// one would keep those that wait for too long.
const together = 1024

var _ greylist.Register = (*Store)(nil)

// Errors that Open and the methods of a Store wrap.
var (
	// ErrInUse: another program has the file open.
	ErrInUse = errors.New("the file is in use by another program")
	// ErrDamaged: the file is cut off, or holds what this package never wrote.
	ErrDamaged = errors.New("the file is damaged")
	// ErrForeign: the file was made by another program, or by another version of
	// this one.
	ErrForeign = errors.New("the file holds no records of greylisting of version 1")
	// ErrClosed: the Store was closed.
	ErrClosed = errors.New("the store is closed")
)

// Open opens the file at path, or makes it if there is none; its folder must
// be there. The whole file is read through first, which takes about a second
// for some million records: a file that is damaged or not ours is an error and
// is left as it is. Close the Store when it is needed no longer.
func Open(path string, options Options) (*Store, error) {
	if options.Timeout <= 0 {
		options.Timeout = time.Second
	}
	db, err := open(path, options.Timeout)
	if err != nil {
		return nil, fmt.Errorf("greylist: opening %s: %w", path, err)
	}
	s := &Store{path: path, db: db, stop: make(chan struct{})}
	s.updates = convoy.New(1, together, s.write)
	s.close = sync.OnceValue(func() error {
		close(s.stop)
		s.swept.Wait()
		return s.db.Close()
	})
	s.swept.Go(s.sweep)
	return s, nil
}

// Close waits for what is being written and closes the file. Whatever comes
// later is ErrClosed.
func (s *Store) Close() error { return s.wrap(s.close()) }

// Get implements greylist.Store.
func (s *Store) Get(ctx context.Context, key greylist.Key) (r greylist.Record, err error) {
	if err := ctx.Err(); err != nil {
		return r, err
	}
	err = s.view(func(records *bbolt.Bucket) (err error) {
		r, err = decode(key, records.Get(key[:]))
		return err
	})
	return r, err
}

// Touch implements greylist.Store. When it returns the record is on the disk.
func (s *Store) Touch(ctx context.Context, key greylist.Key, seen greylist.Sighting) (greylist.Record, error) {
	return s.update(ctx, key, func(r greylist.Record) (greylist.Record, bool) { return r.Seen(seen), true })
}

// Merge implements greylist.Register.
func (s *Store) Merge(ctx context.Context, key greylist.Key, other greylist.Record) error {
	_, err := s.update(ctx, key, func(r greylist.Record) (greylist.Record, bool) { return r.Merge(other), true })
	return err
}

// Forget implements greylist.Register.
func (s *Store) Forget(ctx context.Context, key greylist.Key) error {
	_, err := s.update(ctx, key, func(greylist.Record) (greylist.Record, bool) { return greylist.Record{}, false })
	return err
}

// page is how many records All reads at a time.
const page = 1024

// All implements greylist.Register, in the order of the keys. It reads a part
// of the file at a time, so that no reader keeps old pages from being used
// again.
func (s *Store) All(ctx context.Context) iter.Seq2[greylist.Entry, error] {
	return func(yield func(greylist.Entry, error) bool) {
		var after []byte
		for {
			entries, err := s.page(ctx, after, page)
			for _, entry := range entries {
				if !yield(entry, nil) {
					return
				}
			}
			if err != nil {
				yield(greylist.Entry{}, err)
				return
			}
			if len(entries) < page {
				return
			}
			last := entries[page-1].Key
			after = last[:]
		}
	}
}

// page returns the next n records after a key, fewer if there are no more.
func (s *Store) page(ctx context.Context, after []byte, n int) (entries []greylist.Entry, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	err = s.view(func(records *bbolt.Bucket) error {
		cursor := records.Cursor()
		k, v := cursor.Seek(after)
		if k != nil && string(k) == string(after) {
			k, v = cursor.Next()
		}
		for ; k != nil && len(entries) < n; k, v = cursor.Next() {
			entry, err := decodeEntry(k, v)
			if err != nil {
				return err
			}
			entries = append(entries, entry)
		}
		return nil
	})
	return entries, err
}
