package quota

import (
	"context"
	"fmt"
	"sync"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
	"mxrules.example/greylist/internal/window"
)

// tally counts one message, or one recipient.
type tally struct {
	store greylist.Store
	key   greylist.Key
	seen  greylist.Sighting

	mu      sync.Mutex
	counted bool
}

// tallyKey is a key of envelope.Once: rules with the same one count together.
type tallyKey struct {
	store any
	key   greylist.Key
	// The recipient and its place in the transaction, if recipients are counted.
	recipient string
	place     int
}

// commit returns the Commit that counts an envelope up to the limit.
func (l *limit) commit(ctx context.Context, e *envelope.Envelope, count window.Count) func(context.Context) error {
	t := l.tally(ctx, e, count.Key)
	most := l.n - count.Earlier
	return func(ctx context.Context) error {
		if err := t.count(ctx, uint32(most)); err != nil {
			return fmt.Errorf("quota: %w", err)
		}
		return nil
	}
}

// tally returns the tally that all rules of a transaction share.
func (l *limit) tally(ctx context.Context, e *envelope.Envelope, key greylist.Key) *tally {
	own := &tally{store: l.counter.Store, key: key, seen: l.counter.Sighting(e.Time(), 1)}
	if !window.Comparable(own.store) {
		return own
	}
	shared, compute := tallyKey{store: own.store, key: key}, func() (*tally, error) { return own, nil }
	if l.key.Recipients {
		shared.recipient, shared.place = e.RcptTo, e.Recipients
	} else if e.Reached(envelope.Data) && e.Message != nil {
		t, _ := envelope.OncePerMessage(ctx, e.Message, shared, compute)
		return t
	}
	t, _ := envelope.Once(ctx, shared, compute)
	return t
}

// count counts, unless that is done or would exceed the limit.
func (t *tally) count(ctx context.Context, limit uint32) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counted {
		return nil
	}
	t.seen.Limit = limit
	record, err := t.store.Touch(ctx, t.key, t.seen)
	if err != nil {
		return err
	}
	if t.counted = t.seen.Fits(record); !t.counted {
		return fmt.Errorf("others have reached the limit meanwhile: %d in this period", limit)
	}
	return nil
}
