package bolt

import (
	"context"
	"time"

	"mxrules.example/greylist"
)

const (
	// sweepEvery is the time between two steps, sweepStep how many records are
	// looked at in each: some 90 million a day.
	sweepEvery = time.Second
	sweepStep  = 1024
)

// sweep removes what has expired until the store is closed.
func (s *Store) sweep() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	var after []byte
	for {
		select {
		case <-s.stop:
			return
		case now := <-ticker.C:
			after = s.sweepStep(ctx, after, now, sweepStep)
		}
	}
}

// sweepStep looks at the next n records after a key, removes those that have
// expired, and returns where to go on. They share a transaction with the
// touches of that moment. A store that fails is left alone until the next step: whoever touches it is
// told.
func (s *Store) sweepStep(ctx context.Context, after []byte, now time.Time, n int) []byte {
	entries, err := s.page(ctx, after, n)
	if err != nil {
		return nil
	}
	var expired []greylist.Key
	for _, entry := range entries {
		if entry.Expired(now) {
			expired = append(expired, entry.Key)
		}
	}
	if len(expired) > 0 {
		if err := s.updates.Do(ctx, removal(expired, now)); err != nil {
			return nil
		}
	}
	if len(entries) < n {
		return nil
	}
	last := entries[n-1].Key
	return last[:]
}
