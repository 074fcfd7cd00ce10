package reputation

import (
	"context"
	"fmt"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
	"mxrules.example/greylist/internal/window"
)

// Options are the settings of a history. The zero value is usable; set Secret in
// production. Good and Recorder need the same options.
type Options struct {
	// Name separates histories on one store. Each has its own counts.
	Name string
	// Identity returns the identity of the system that sends an envelope, which others
	// must not be able to claim. Nil means greylist.Network. Package greylist/identity
	// has one that recognizes large senders. "" is an unidentified system, which has no
	// history.
	//
	// The function is called from Mail on and follows the rules of a Check. It must not
	// depend on the recipient.
	Identity func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) (string, error)
	// Secret keys the hashes in the store. Without a secret, anyone who holds the
	// store can test whether an identity is in it.
	Secret greylist.Secret
	// Memory is how long a reply matters. 0 means 14 days.
	Memory time.Duration
	// Enough is how many recipients must be known for a judgement. 0 means 10.
	Enough int
	// MaxRefused is the greatest percentage of refused recipients of a good reputation,
	// up to 99. 0 means 50.
	MaxRefused int
}

const (
	defaultMemory     = 14 * 24 * time.Hour
	defaultEnough     = 10
	defaultMaxRefused = 50
)

// history has the counts of one set of options.
type history struct {
	Options
	accepted, refused window.Counter
}

// newHistory returns an error that names an invalid option.
func newHistory(store greylist.Store, o Options) (*history, error) {
	if o.Memory == 0 {
		o.Memory = defaultMemory
	}
	if o.Enough == 0 {
		o.Enough = defaultEnough
	}
	if o.MaxRefused == 0 {
		o.MaxRefused = defaultMaxRefused
	}
	if o.Identity == nil {
		o.Identity = greylist.Network
	}
	h := &history{
		Options:  o,
		accepted: window.Counter{Store: store, Secret: o.Secret, Kind: "accepted " + o.Name, Length: o.Memory},
		refused:  window.Counter{Store: store, Secret: o.Secret, Kind: "refused " + o.Name, Length: o.Memory},
	}
	err := h.accepted.Validate()
	switch {
	case o.Memory < window.Shortest:
		err = fmt.Errorf("Options.Memory is %v, must be at least %v", o.Memory, window.Shortest)
	case o.Enough < 1:
		err = fmt.Errorf("Options.Enough is %d, must be at least 1", o.Enough)
	case o.MaxRefused < 1 || o.MaxRefused > 99:
		err = fmt.Errorf("Options.MaxRefused is %d, must be from 1 to 99", o.MaxRefused)
	}
	if err != nil {
		return nil, fmt.Errorf("reputation: %w", err)
	}
	return h, nil
}
