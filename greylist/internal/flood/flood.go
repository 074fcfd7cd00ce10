// Package flood tests that stores keep the limits of package quota while many
// goroutines send.
package flood

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
	"mxrules.example/greylist/quota"
)

const (
	senders = 64
	limit   = 100
	window  = time.Hour
)

// Run sends from 64 goroutines until each is refused. They use the stores in turn,
// which share their records as those of several servers do. Exactly as many messages
// as the limit says must be accepted and counted.
func Run(t *testing.T, stores ...greylist.Store) {
	key := quota.Key{Of: quota.Login, Secret: greylist.Secret("flood")}
	begin := time.Now().Truncate(window)
	for _, tc := range []struct {
		name  string
		login string
		tries int // of each sender, 0 until it is refused
		after func() time.Duration
		most  int // in all
		least int
	}{
		{"in one period", "ann", 0, func() time.Duration { return time.Minute }, limit, limit},
		{"in two periods", "bob", 10, func() time.Duration { return rand.N(2 * window) }, 2 * limit, limit},
	} {
		var (
			group    sync.WaitGroup
			mu       sync.Mutex
			accepted = map[int64]int{} // by the beginning of the period
			total    int
		)
		for i := range senders {
			within := quota.Within(stores[i%len(stores)], key, limit, window)
			group.Go(func() {
				for try := 0; try < tc.tries || tc.tries == 0; try++ {
					now := begin.Add(tc.after())
					f := within(envelope.WithJudgement(t.Context()), nil, &envelope.Envelope{Login: tc.login, Now: now})
					switch {
					case f.Outcome == envelope.Pass && f.Commit(t.Context()) == nil:
						mu.Lock()
						accepted[now.Truncate(window).Unix()]++
						total++
						mu.Unlock()
					case f.Outcome == envelope.Fail && tc.tries == 0:
						return
					}
				}
			})
		}
		group.Wait()
		for period, n := range accepted {
			if n > limit {
				t.Errorf("%s: %d are accepted in the period from %d, the limit is %d", tc.name, n, period, limit)
			}
		}
		if total > tc.most || total < tc.least {
			t.Errorf("%s: %d are accepted, want %d to %d", tc.name, total, tc.least, tc.most)
		}
		for period, n := range accepted {
			if got, err := used(t, stores[0], key, tc.login, time.Unix(period, 0).Add(window-1)); err != nil || got < int64(n) {
				t.Errorf("%s: %d are counted, %d are accepted, error %v", tc.name, got, n, err)
			}
		}
	}
}

// used returns how many messages are counted.
func used(t *testing.T, store greylist.Store, key quota.Key, login string, now time.Time) (int64, error) {
	f := quota.Within(store, key, limit, window)(t.Context(), nil, &envelope.Envelope{Login: login, Now: now})
	result, ok := f.Detail.(*quota.Result)
	if !ok {
		return 0, fmt.Errorf("the finding is %v: %w", f.Outcome, f.Err)
	}
	return result.Used, nil
}
