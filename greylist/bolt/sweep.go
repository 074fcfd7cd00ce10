package bolt

import (
	"context"
	"time"

	"mxrules.example/greylist"
)

const (
	// sweepEvery is the time between steps, sweepStep the number of records
	// examined in a step: about 90 million a day.
	sweepEvery = time.Second
	sweepStep  = 1024
)

// sweep removes expired records until the store is closed.
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

// sweepStep examines the next n records after a key, removes the expired ones, and
// returns the last key, nil at the end. The removal shares a transaction with
// waiting updates. Errors are not reported here: a call that reads or writes the
// damaged record returns them.
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
