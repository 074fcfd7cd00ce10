package greylisttest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mxrules.example/greylist"
)

func limits(t *testing.T, s greylist.Store) {
	now := began()
	var want greylist.Record
	for i, tc := range []struct {
		after       time.Duration
		good, limit uint32
		fits        bool
	}{
		{0, 4, 3, false}, // of a key without a record
		{0, 2, 3, true},
		{time.Minute, 2, 3, false},
		{time.Minute, 0, 1, false},
		{time.Minute, 1, 3, true}, // up to the limit
		{2 * time.Minute, 1, 3, false},
		{2 * time.Minute, 1, 0, true},             // no limit
		{2 * time.Minute, 1<<32 - 1, 9, false},    // a sum out of range
		{4 * time.Hour, 4, 3, false},              // the record has expired, and stays
		{4 * time.Hour, 3, 3, true},               // a new record
		{4 * time.Hour, 0, 1<<32 - 1, true},       // the greatest limit
		{4*time.Hour + time.Second, 1, 4, true},   // a greater limit than before
		{4*time.Hour + time.Second, 1, 2, false},  // a smaller one
		{4*time.Hour + 2*time.Second, 0, 4, true}, // nothing to add
	} {
		at := now.Add(tc.after)
		seen := greylist.Sighting{At: at, Until: at.Add(time.Hour), Good: tc.good, Limit: tc.limit}
		next := want.Seen(seen)
		if got := touch(t, s, key(1), seen); got != next || seen.Fits(got) != tc.fits {
			t.Errorf("touch %d returns %v, want %v, which fits: %v", i, got, next, tc.fits)
		}
		if tc.fits {
			want = next
		}
		if got := get(t, s, key(1)); got != want {
			t.Errorf("after touch %d Get returns %v, want %v", i, got, want)
		}
	}
}

func concurrentLimit(t *testing.T, s greylist.Store) {
	const limit = callers * each / 2
	now := began()
	var (
		group sync.WaitGroup
		fit   atomic.Int64
	)
	for range callers {
		group.Go(func() {
			for range each {
				seen := greylist.Sighting{At: now, Until: now.Add(time.Hour), Good: 1, Limit: limit}
				r, err := s.Touch(t.Context(), key(1), seen)
				if err != nil {
					t.Errorf("Touch: %v", err)
				}
				if seen.Fits(r) {
					fit.Add(1)
				}
			}
		})
	}
	group.Wait()
	if r := get(t, s, key(1)); r.Good != limit || fit.Load() != limit {
		t.Errorf("%d of %d concurrent touches fit, and the record is %v; the limit is %d", fit.Load(), callers*each, r, limit)
	}
}
