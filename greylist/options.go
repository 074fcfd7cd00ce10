package greylist

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"mxrules.example/envelope"
)

// Options are the settings of greylisting. The zero value is usable; set Secret
// in production. All checks that share a store need the same Identity and
// Secret.
type Options struct {
	// Delay is how long a new triplet must wait after its first attempt. 0 means
	// 5 minutes. RFC 6647, section 5 recommends at least one minute.
	Delay time.Duration
	// Window is how long after the first attempt a retry is accepted. It must be
	// at least one second longer than Delay. 0 means 24 hours.
	Window time.Duration
	// Lifetime is how long a good triplet and its identity are remembered after
	// their last renewal. 0 means 36 days, so that monthly mail remains known.
	Lifetime time.Duration
	// Promote is the number of good triplets with which an identity needs no
	// delay for new ones. 0 means 5. 1 means that one is enough. A negative
	// number turns promotion off.
	Promote int
	// Identity returns the identity of the system that sends an envelope. Nil means
	// Network, which needs no DNS. Package greylist/identity has one that recognizes
	// large senders.
	//
	// An identity must remain the same when the same sender uses another machine, and
	// other senders must not be able to claim it. Identities of different kinds must
	// differ, for example by a prefix. "" means unidentified: such mail is greylisted,
	// but never promoted and never trusted.
	//
	// The function is called from Rcpt on and follows the rules of a Check. Its error
	// makes the finding a TempError and is not kept; a failed lookup must return a
	// *net.DNSError.
	Identity func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) (string, error)
	// Secret keys the hashes in the store. Without a secret, anyone who holds
	// the store can test whether an address is in it.
	Secret Secret
	// TellWait adds the remaining seconds to the reply. Off by default, because
	// it also tells a spammer when to retry.
	TellWait bool
}

// Sizes of the network that counts as one sender.
const (
	bits4 = 24
	bits6 = 64
)

// Network is the default of Options.Identity: the /24 of an IPv4 client, the /64 of an IPv6
// client (RFC 6647, section 5). It is "" if the client address is unknown. It
// does not use DNS.
func Network(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) (string, error) {
	client := e.Client()
	if !client.IsValid() {
		return "", nil
	}
	bits := bits6
	if client.Is4() {
		bits = bits4
	}
	network := netip.PrefixFrom(client, bits).Masked()
	return string(network.AppendTo(make([]byte, 0, 64))), nil
}

const (
	defaultDelay    = 5 * time.Minute
	defaultWindow   = 24 * time.Hour
	defaultLifetime = 36 * 24 * time.Hour
	defaultPromote  = 5
)

var errNoStore = errors.New("greylist: store is nil")

// completed returns o with its defaults filled in, or an error that names the
// invalid option.
func (o Options) completed() (Options, error) {
	for _, option := range []struct {
		name     string
		value    *time.Duration
		fallback time.Duration
	}{
		{"Delay", &o.Delay, defaultDelay},
		{"Window", &o.Window, defaultWindow},
		{"Lifetime", &o.Lifetime, defaultLifetime},
	} {
		if *option.value == 0 {
			*option.value = option.fallback
		}
		if *option.value < 0 {
			return o, fmt.Errorf("greylist: Options.%s is %v, must not be negative", option.name, *option.value)
		}
	}
	if o.Window < o.Delay+time.Second {
		return o, fmt.Errorf("greylist: Options.Window is %v, must be at least a second longer than Delay, which is %v", o.Window, o.Delay)
	}
	if o.Promote == 0 {
		o.Promote = defaultPromote
	}
	if o.Identity == nil {
		o.Identity = Network
	}
	return o, nil
}
