package greylist

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"mxrules.example/envelope"
)

// Options are the settings of greylisting. The zero value is a good choice but
// for Secret. All checks on one store, on all servers that share it, should
// have the same Identity and Secret.
type Options struct {
	// Delay is how long a sender that is new must wait, from its first try. 0
	// means 5 minutes. RFC 6647, section 5 asks for at least a minute.
	Delay time.Duration
	// Window is how long it may come back, from its first try. It is more than
	// Delay. 0 means 24 hours.
	Window time.Duration
	// Lifetime is how long a triplet is remembered after its last mail was let
	// in, and an identity. 0 means 36 days, so that what comes every month is
	// not new each time.
	Lifetime time.Duration
	// Promote is how many good triplets an identity needs for its new ones to be
	// let in at once. 0 means 5; 1 makes an identity known as soon as it has come
	// back once; less than 0 means never.
	Promote int
	// Identity says who sends. Nil is Network. Package greylist/identity has a
	// better one, which asks DNS.
	Identity Identity
	// Secret keys the hashes in the store. Without one who has the store can try
	// out which addresses are in it.
	Secret Secret
	// TellWait says that the reply tells how many seconds are left. Who only
	// sends spam learns from that when to come back.
	TellWait bool
}

// Identity returns who sends the mail of an envelope: what stays the same when
// it comes from another machine of the same sender, and what no one else can
// bring about. Different kinds of identities must not look alike. "" means that
// nobody can be told: such mail is greylisted like any other, but it is never
// promoted and never trusted.
//
// It is called from Rcpt on, keeps the rules of a Check, and returns an error
// if it can't be known now; that of a lookup is a *net.DNSError. It is never
// remembered.
type Identity func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) (string, error)

// Sizes of the network that counts as one sender.
const (
	bits4 = 24
	bits6 = 64
)

// Network is the plain Identity: the /24 of an IPv4 client, the /64 of an IPv6
// client, as RFC 6647, section 5 allows. It asks DNS nothing. An unknown
// address has none.
func Network(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) (string, error) {
	client := e.Client()
	if !client.IsValid() {
		return "", nil
	}
	bits := bits6
	if client.Is4() {
		bits = bits4
	}
	return netip.PrefixFrom(client, bits).Masked().String(), nil
}

const (
	defaultDelay    = 5 * time.Minute
	defaultWindow   = 24 * time.Hour
	defaultLifetime = 36 * 24 * time.Hour
	defaultPromote  = 5
)

// completed returns o with its defaults filled in, or says what is wrong.
func (o Options) completed() (Options, error) {
	for _, limit := range []struct {
		name  string
		value *time.Duration
		or    time.Duration
	}{
		{"Delay", &o.Delay, defaultDelay},
		{"Window", &o.Window, defaultWindow},
		{"Lifetime", &o.Lifetime, defaultLifetime},
	} {
		if *limit.value == 0 {
			*limit.value = limit.or
		}
		if *limit.value < 0 {
			return o, fmt.Errorf("greylist: %s is %v, and must not be negative", limit.name, *limit.value)
		}
	}
	if o.Window < o.Delay+time.Second {
		return o, fmt.Errorf("greylist: Window is %v and Delay %v, so that nobody could ever come back in time", o.Window, o.Delay)
	}
	if o.Promote == 0 {
		o.Promote = defaultPromote
	}
	if o.Identity == nil {
		o.Identity = Network
	}
	return o, nil
}

var errNoStore = errors.New("greylist: there is no store")
