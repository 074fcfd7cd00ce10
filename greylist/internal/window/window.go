// Package window counts events in a sliding window, in a greylisting store.
//
// Time is divided into periods as long as the window, the same for all programs. Each
// name has a record for each period, so a window touches two of them. What the earlier
// record counted is taken as spread evenly between its first and its last event: the
// part before the window does not count.
package window

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
	"mxrules.example/greylist/internal/stores"
)

// Counter counts events of names.
type Counter struct {
	Store  greylist.Store
	Secret greylist.Secret
	// Kind separates the names of different counters.
	Kind string
	// Length is the length of the window.
	Length time.Duration
}

// Shortest is the least length of a window: records have times in seconds.
const Shortest = time.Second

// Validate returns an error if c cannot count.
func (c Counter) Validate() error {
	switch {
	case stores.IsNil(c.Store):
		return errors.New("the store is nil")
	case c.Length < Shortest:
		return fmt.Errorf("the window is %v, must be at least %v", c.Length, Shortest)
	}
	return nil
}

// Count is what was counted of one name in the window that ends now.
type Count struct {
	// Earlier is the part of the earlier period, Current that of the current one.
	Earlier, Current int64
	// Key is that of the record of the current period.
	Key greylist.Key
}

// Total returns the sum.
func (n Count) Total() int64 { return n.Earlier + n.Current }

// Read returns the count of a name. A judgement reads each record once, so that all its
// rules see the same count.
func (c Counter) Read(ctx context.Context, name string, now time.Time) (Count, error) {
	start := now.Truncate(c.Length)
	keys := []greylist.Key{c.key(name, start.Add(-c.Length)), c.key(name, start)}
	var records [2]greylist.Record
	i := 0
	for _, a := range envelope.Concurrently(ctx, keys, c.get) {
		if a.err != nil {
			return Count{}, a.err
		}
		records[i] = a.record
		i++
	}
	return Count{
		Earlier: since(records[0], now.Add(-c.Length)),
		Current: int64(records[1].Good),
		Key:     keys[1],
	}, nil
}

// Sighting returns the event that adds n to a count.
func (c Counter) Sighting(now time.Time, n uint32) greylist.Sighting {
	return greylist.Sighting{At: now, Until: now.Add(c.Length), Good: n}
}

// Add adds n to the count of a name.
func (c Counter) Add(ctx context.Context, name string, now time.Time, n uint32) error {
	_, err := c.Store.Touch(ctx, c.key(name, now.Truncate(c.Length)), c.Sighting(now, n))
	return err
}

// key returns the key of a name in the period that begins at start.
func (c Counter) key(name string, start time.Time) greylist.Key {
	return c.Secret.Key(c.Kind, name, c.Length.String(), strconv.FormatInt(start.Unix(), 10))
}

type answer struct {
	record greylist.Record
	err    error
}

// get reads a record.
func (c Counter) get(ctx context.Context, key greylist.Key) (a answer) {
	a.record, a.err = stores.Read(ctx, c.Store, key, c.Store.Get)
	return a
}

// since returns how many events of a record were after a time, rounded up, if they
// were spread evenly between the first and the last.
func since(r greylist.Record, after time.Time) int64 {
	after = after.Truncate(time.Second) // the times of a record are whole seconds too
	switch {
	case !after.Before(r.Last):
		return 0
	case !after.After(r.First):
		return int64(r.Good)
	}
	left, span := uint64(r.Last.Sub(after)/time.Second), uint64(r.Last.Sub(r.First)/time.Second)
	return int64((uint64(r.Good)*left + span - 1) / span)
}
