// Package bolt is a [greylist.Register] in a file, for one mail server.
//
// With a store in memory, every sender is new after a restart. This store is a
// file of go.etcd.io/bbolt, a B+tree with transactions. When Touch returns, its
// record is synced to disk and survives a crash of the program or the machine.
//
// # How it works
//
// A sync takes milliseconds, for one record as for a hundred. Calls that arrive
// during a transaction form the next one (group commit), without a timer. So a
// Touch waits for one or two syncs. Get waits for none.
//
// Expired records are removed gradually in the background. The file does not
// shrink; it reuses the space. A record takes about 100 bytes, and the file grows
// by 16 MiB at a time.
//
// # Limits
//
// Only one process can open a file. Several mail servers share a store with
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

// Options are the settings of a Store. The zero value is usable.
type Options struct {
	// Timeout is how long Open waits while another process has the file open. 0
	// means one second.
	Timeout time.Duration
}

// Store is a greylist.Register in a file. Create one with [Open].
type Store struct {
	path    string
	db      *bbolt.DB
	updates *convoy.Convoy[*update]
	stop    chan struct{}
	swept   sync.WaitGroup
	close   func() error
}

// together is the most updates in a transaction. Larger transactions would delay
// the calls that wait.
const together = 1024

var _ greylist.Register = (*Store)(nil)

// ErrDamaged is wrapped by errors of Open and of the methods of a Store if the file
// is truncated or altered.
var ErrDamaged = errors.New("the file is damaged")

var (
	errInUse   = errors.New("the file is in use by another process")
	errForeign = errors.New("not a greylist file of version 1")
	errClosed  = errors.New("the store is closed")
)

// Open opens the file at path, or creates it; its folder must exist. It checks the
// whole file, which takes about a second for a few million records. If only the
// meta page of the last transaction is damaged, the Store has the state before it,
// as after a crash.
//
// It is an error if the file is damaged ([ErrDamaged]), has another format, or is
// still in use after Timeout. Open does not change such a file.
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

// Close waits for running calls and closes the file. Later calls are errors. A
// second Close does nothing.
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

// Touch implements greylist.Store. When it returns, the record is synced to disk.
func (s *Store) Touch(ctx context.Context, key greylist.Key, seen greylist.Sighting) (greylist.Record, error) {
	return s.update(ctx, key, func(r greylist.Record) (greylist.Record, action) {
		if r = r.Seen(seen); !seen.Fits(r) {
			return r, leave
		}
		return r, put
	})
}

// Merge implements greylist.Register.
func (s *Store) Merge(ctx context.Context, key greylist.Key, other greylist.Record) error {
	_, err := s.update(ctx, key, func(r greylist.Record) (greylist.Record, action) { return r.Merge(other), put })
	return err
}

// Forget implements greylist.Register.
func (s *Store) Forget(ctx context.Context, key greylist.Key) error {
	_, err := s.update(ctx, key, func(greylist.Record) (greylist.Record, action) { return greylist.Record{}, remove })
	return err
}

// page is the number of records that All reads at a time.
const page = 1024

// All implements greylist.Register, ordered by key. It reads 1024 records at a
// time, because a long read transaction would keep pages from being reused.
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

// page returns the next n records after a key, or fewer at the end.
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
