// Package bolt is a [greylist.Register] in a file, for one mail server.
//
// With a store in memory, every sender is new after a restart. This store is a
// file of go.etcd.io/bbolt, a B+tree with transactions. When Touch returns, its
// record is synced to disk and survives a crash of the program or the machine.
//
// # How it works
//
// The syncs of a transaction take milliseconds, for one record and for a hundred alike.
// Calls that arrive during a transaction form the next one (group commit), without a
// timer. So a Touch waits for one or two transactions. Get waits for none.
//
// Keys are hashes, so almost every record of a transaction belongs to another page of the
// tree. A transaction does not write these pages. It appends its records to a log in the
// file, and the Store also keeps them in memory. When the log has 65,536 records, a new
// one begins, and each of the following transactions moves some records of the old log
// into the tree, in order of their keys, which writes each page once for several records.
// No transaction is long, and a crash at any moment loses nothing: Open reads the logs.
//
// Expired records are removed gradually in the background. The file does not
// shrink; it reuses the space. A record takes about 100 bytes, and the file grows
// by 16 MiB at a time. The records of the logs take up to about 10 MB of memory.
//
// # Damage
//
// Open checks the whole file. If a page is damaged while the file is open, the calls that
// need this page return [ErrDamaged]. These are all calls if the file is truncated, or if
// every transaction needs the page. Once a write meets a damaged page of the tree, records
// stay in the logs, which then take more memory. Keys have no checksum of their own: if
// one is altered, its record is not found, and only Open reports it.
//
// After [ErrDamaged], close the store and restore or replace the file: Open refuses it
// while it is damaged.
//
// # Limits
//
// Only one process can open a file. Several mail servers share a store with
// greylist/redis.
//
// Files have the version 2. Open also opens one of version 1, which had no logs, and
// makes it one of version 2.
package bolt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
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
	file    *os.File     // of db
	newest  atomic.Int64 // the number of the last transaction that was committed
	stuck   atomic.Bool  // bbolt has not released its locks
	recent  recent
	limits  limits
	changed map[greylist.Key]packed // of the current transaction
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
	errForeign = errors.New("not a greylist file of version 1 or 2")
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
	return openStore(path, options, limits{long: longLog, moved: leastMoved})
}

// openStore is Open with other limits.
func openStore(path string, options Options, limits limits) (*Store, error) {
	if options.Timeout <= 0 {
		options.Timeout = time.Second
	}
	db, file, err := open(path, options.Timeout)
	if err != nil {
		return nil, fmt.Errorf("greylist: opening %s: %w", path, err)
	}
	s := &Store{path: path, db: db, file: file, limits: limits, changed: map[greylist.Key]packed{}, stop: make(chan struct{})}
	err = guarded(func() error {
		return db.View(func(tx *bbolt.Tx) error {
			s.newest.Store(int64(tx.ID()))
			return s.recent.load(tx)
		})
	})
	if err != nil {
		db.Close()
		return nil, s.wrap(err)
	}
	s.updates = convoy.New(1, together, s.write)
	s.close = sync.OnceValue(func() error {
		close(s.stop)
		s.swept.Wait()
		closeFile := s.db.Close
		if s.stuck.Load() {
			closeFile = s.file.Close // db.Close would wait forever
		}
		err := closeFile()
		s.recent.close()
		return err
	})
	s.swept.Go(s.sweep)
	return s, nil
}

// Close waits for the current transaction and closes the file. Calls that wait for the
// next transaction, and later calls, return an error. A second Close does nothing.
func (s *Store) Close() error { return s.wrap(s.close()) }

// Get implements greylist.Store.
func (s *Store) Get(ctx context.Context, key greylist.Key) (r greylist.Record, err error) {
	if err := ctx.Err(); err != nil {
		return r, err
	}
	if p, found := s.recent.get(key); found {
		return p.record(), nil
	}
	err = s.view(func(tree *bbolt.Bucket) (err error) {
		r, err = decode(key, tree.Get(key[:]))
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
