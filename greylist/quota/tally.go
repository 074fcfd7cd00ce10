package quota

import (
	"context"
	"fmt"
	"sync"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
	"mxrules.example/greylist/internal/stores"
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

// tallyKey is a key of stores.Once: rules with the same one count together.
type tallyKey struct {
	record greylist.Key
	// The recipient and its place in the transaction, if recipients are counted.
	recipient string
	place     int
}

// messageKey is a key of envelope.OncePerMessage.
type messageKey struct {
	store  any
	record greylist.Key
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
	store := l.counter.Store
	of, compute := tallyKey{record: key}, func() (*tally, error) {
		return &tally{store: store, key: key, seen: l.counter.Sighting(e.Time(), 1)}, nil
	}
	if l.key.Recipients {
		of.recipient, of.place = e.RcptTo, e.Recipients
	} else if e.Reached(envelope.Data) && e.Message != nil && stores.Comparable(store) {
		t, _ := envelope.OncePerMessage(ctx, e.Message, messageKey{store, key}, compute)
		return t
	}
	t, _ := stores.Once(ctx, store, of, compute)
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
