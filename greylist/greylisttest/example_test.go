package greylisttest_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"mxrules.example/greylist"
	"mxrules.example/greylist/greylisttest"
)

// plain is a store of your own. Record.Seen does the work.
type plain struct {
	mu      sync.Mutex
	records map[greylist.Key]greylist.Record
}

func (p *plain) Get(ctx context.Context, key greylist.Key) (greylist.Record, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.records[key], ctx.Err()
}

func (p *plain) Touch(ctx context.Context, key greylist.Key, s greylist.Sighting) (greylist.Record, error) {
	if err := ctx.Err(); err != nil {
		return greylist.Record{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.records[key].Seen(s)
	if s.Fits(r) {
		p.records[key] = r
	}
	return r, nil
}

func newPlain(*testing.T) greylist.Store {
	return &plain{records: map[greylist.Key]greylist.Record{}}
}

// TestPlain is all the test that a store needs, except for persistence.
func TestPlain(t *testing.T) { greylisttest.TestStore(t, newPlain) }

// Write a store of your own, and test it with TestStore.
func Example() {
	store := newPlain(nil)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	r, err := store.Touch(context.Background(), greylist.Key{1}, greylist.Sighting{At: now, Until: now.Add(time.Hour), Good: 1})
	fmt.Println(r.Good, err)
	// Output: 1 <nil>
}
