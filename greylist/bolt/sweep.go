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
	var records *list
	for {
		select {
		case <-s.stop:
			return
		case now := <-ticker.C:
			if records == nil || records.done {
				records = s.list()
			}
			s.sweepStep(ctx, records, now, sweepStep)
		}
	}
}

// sweepStep examines the next records, up to n of the logs and up to n of the tree,
// and removes the expired ones. The removal shares a transaction with waiting updates.
// After an error the list is done. Errors are not reported here: a call that reads or
// writes the damaged record returns them.
func (s *Store) sweepStep(ctx context.Context, records *list, now time.Time, n int) {
	entries, err := records.next(ctx, n)
	var expired []greylist.Key
	for _, entry := range entries {
		if entry.Expired(now) {
			expired = append(expired, entry.Key)
		}
	}
	if len(expired) > 0 {
		err = s.updates.Do(ctx, removal(expired, now))
	}
	if err != nil {
		records.done = true
	}
}
