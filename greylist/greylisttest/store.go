// Package greylisttest tests implementations of [greylist.Store].
//
// Faults of a store are rare and easy to miss, such as a count that is lost when
// two servers write concurrently, or an expired record that counts again. They
// delay wanted mail. TestStore provokes them.
//
// It does not test persistence: whether records survive a crash is for the tests
// of each store.
package greylisttest

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"mxrules.example/greylist"
)

// TestStore tests that a store keeps the contract of [greylist.Store], and that of
// [greylist.Register] if it is one. open returns a new, empty store with room for
// 10,000 records, and registers a cleanup that closes it.
//
// TestStore requires:
//
//   - A key that was never written has no record. Keys are independent.
//   - Touch writes and returns Record.Seen, with times in any order and out of
//     range, and with expired records.
//   - Concurrent touches of one key count each, and each returns its own count.
//   - Touch writes nothing above Sighting.Limit, also with concurrent touches.
//   - Get returns what a finished Touch wrote.
//   - A canceled context is an error, and nothing is written.
//   - Merge writes Record.Merge. Forget removes a record. All returns each record
//     once, stops with its loop, and ends with the error of its context.
func TestStore(t *testing.T, open func(t *testing.T) greylist.Store) {
	t.Helper()
	for _, tc := range []struct {
		name string
		run  func(*testing.T, greylist.Store)
	}{
		{"unknown key", unknown},
		{"touch and get", touches},
		{"times in any order", anyOrder},
		{"times out of range", outOfRange},
		{"concurrent touches of one key", concurrentTouches},
		{"concurrent touches of many keys", manyKeys},
		{"limit", limits},
		{"limit of concurrent touches", concurrentLimit},
		{"canceled context", canceled},
		{"merge", ofRegister(merges)},
		{"concurrent merges and touches", ofRegister(concurrentMerges)},
		{"forget", ofRegister(forgets)},
		{"all", ofRegister(lists)},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

// ofRegister returns test for a store that is a Register, and nothing for others.
func ofRegister(test func(*testing.T, greylist.Register)) func(*testing.T, greylist.Store) {
	return func(t *testing.T, s greylist.Store) {
		if register, ok := s.(greylist.Register); ok {
			test(t, register)
		}
	}
}

// began returns the current time: a store may remove expired records by its own
// clock.
func began() time.Time { return time.Now().UTC().Truncate(time.Second) }

// key returns the key of n, a hash as in production.
func key(n int) greylist.Key {
	return greylist.Secret("greylisttest").Identity(strconv.Itoa(n))
}

func get(t *testing.T, s greylist.Store, k greylist.Key) greylist.Record {
	t.Helper()
	r, err := s.Get(t.Context(), k)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	return r
}

func touch(t *testing.T, s greylist.Store, k greylist.Key, seen greylist.Sighting) greylist.Record {
	t.Helper()
	r, err := s.Touch(t.Context(), k, seen)
	if err != nil {
		t.Fatalf("Touch: %v", err)
	}
	return r
}

func unknown(t *testing.T, s greylist.Store) {
	if r := get(t, s, key(1)); !r.IsZero() {
		t.Errorf("an empty store has the record %v", r)
	}
	touch(t, s, key(2), greylist.Sighting{At: began(), Until: began().Add(time.Hour)})
	if r := get(t, s, key(1)); !r.IsZero() {
		t.Errorf("a key that was not written has the record %v", r)
	}
}

func touches(t *testing.T, s greylist.Store) {
	now := began()
	var want greylist.Record
	for i, seen := range []greylist.Sighting{
		{At: now, Until: now.Add(24 * time.Hour)},
		{At: now.Add(5 * time.Minute), Until: now.Add(36 * 24 * time.Hour), Good: 1},
		{At: now.Add(6 * time.Minute), Until: now.Add(37 * 24 * time.Hour), Good: 1},
		{At: now.Add(7*time.Minute + 300*time.Millisecond), Until: now.Add(38 * 24 * time.Hour), Good: 3},
		{At: now.Add(400 * 24 * time.Hour), Until: now.Add(401 * 24 * time.Hour)}, // long after the record has expired
	} {
		want = want.Seen(seen)
		if got := touch(t, s, key(1), seen); got != want {
			t.Errorf("touch %d returns %v, want %v", i, got, want)
		}
		if got := get(t, s, key(1)); got != want {
			t.Errorf("after touch %d Get returns %v, want %v", i, got, want)
		}
	}
}

func anyOrder(t *testing.T, s greylist.Store) {
	now := began()
	seed := uint64(now.Unix())
	random := rand.New(rand.NewPCG(seed, 1))
	for round := range 50 {
		var want greylist.Record
		for i := range 8 {
			at := now.Add(time.Duration(random.Int64N(int64(4 * time.Hour))))
			seen := greylist.Sighting{
				At:    at,
				Until: at.Add(time.Minute + time.Duration(random.Int64N(int64(2*time.Hour)))),
				Good:  random.Uint32N(3),
			}
			want = want.Seen(seen)
			if got := touch(t, s, key(round), seen); got != want {
				t.Fatalf("seed %d, round %d: touch %d returns %v, want %v", seed, round, i, got, want)
			}
		}
	}
}

func outOfRange(t *testing.T, s greylist.Store) {
	for i, at := range []time.Time{
		began(),
		time.Date(2106, 2, 7, 6, 28, 15, 0, time.UTC), // 1<<32 - 1 seconds
		time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
	} {
		seen := greylist.Sighting{At: at, Until: at.Add(time.Hour), Good: 1<<32 - 2}
		want := greylist.Record{}.Seen(seen)
		if got := touch(t, s, key(i), seen); got != want {
			t.Errorf("at %v: Touch returns %v, want %v", at, got, want)
		}
		seen.Good = 7 // more than the maximum
		want = want.Seen(seen)
		if got := touch(t, s, key(i), seen); got != want {
			t.Errorf("at %v: the second Touch returns %v, want %v", at, got, want)
		}
	}
}

const (
	callers = 32
	each    = 25
)

func concurrentTouches(t *testing.T, s greylist.Store) {
	now := began()
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		seen  = map[uint32]bool{}
	)
	for caller := range callers {
		group.Go(func() {
			for i := range each {
				at := now.Add(time.Duration(caller*each+i) * time.Second)
				r, err := s.Touch(t.Context(), key(1), greylist.Sighting{At: at, Until: at.Add(time.Hour), Good: 1})
				if err != nil {
					t.Errorf("Touch: %v", err)
					return
				}
				mu.Lock()
				if seen[r.Good] {
					t.Errorf("two touches return the count %d", r.Good)
				}
				seen[r.Good] = true
				mu.Unlock()
			}
		})
	}
	group.Wait()
	last := now.Add((callers*each - 1) * time.Second)
	want := greylist.Record{First: now, Last: last, Until: last.Add(time.Hour), Good: callers * each}
	if got := get(t, s, key(1)); got != want {
		t.Errorf("after %d concurrent touches the record is %v, want %v", callers*each, got, want)
	}
}

func manyKeys(t *testing.T, s greylist.Store) {
	now := began()
	var group sync.WaitGroup
	for caller := range callers {
		group.Go(func() {
			for i := range each {
				k := key(caller*each + i)
				seen := greylist.Sighting{At: now, Until: now.Add(time.Hour), Good: uint32(i)}
				if _, err := s.Touch(t.Context(), k, seen); err != nil {
					t.Errorf("Touch: %v", err)
				}
				if r, err := s.Get(t.Context(), k); err != nil || r != (greylist.Record{}.Seen(seen)) {
					t.Errorf("after Touch Get returns %v, error %v", r, err)
				}
			}
		})
	}
	group.Wait()
}

func canceled(t *testing.T, s greylist.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Get(ctx, key(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("Get: error %v, want context.Canceled", err)
	}
	if _, err := s.Touch(ctx, key(1), greylist.Sighting{At: began(), Until: began().Add(time.Hour)}); !errors.Is(err, context.Canceled) {
		t.Errorf("Touch: error %v, want context.Canceled", err)
	}
	if r := get(t, s, key(1)); !r.IsZero() {
		t.Errorf("a Touch with a canceled context wrote %v", r)
	}
}
