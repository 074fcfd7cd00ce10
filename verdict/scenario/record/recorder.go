package record

import (
	"context"
	"sync"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/zone"
)

// Recorder records what a judgement learns. The zero value is ready to use. It is safe
// for concurrent use.
type Recorder struct {
	dns *zone.Recorder // nil if there is no DNS

	mu     sync.Mutex
	boxes  []box
	owners []owner
	// hasMailboxes and hasOwners say that the site has these directories.
	hasMailboxes, hasOwners bool
}

// box and owner are what a directory said of an address.
type box struct {
	mailbox envelope.Mailbox
	answer  directory.Answer
	err     error
}

type owner struct {
	mailbox envelope.Mailbox
	logins  []string
	err     error
}

// Resolver returns a resolver that asks inner and records the answers. Call it once; nil
// fails every question.
func (r *Recorder) Resolver(inner envelope.Resolver) envelope.Resolver {
	r.dns = zone.Record(inner)
	return r.dns
}

// Mailboxes returns a Lookup that asks lookup and records the answers, nil if lookup is
// nil.
func (r *Recorder) Mailboxes(lookup directory.Lookup) directory.Lookup {
	if lookup == nil {
		return nil
	}
	r.hasMailboxes = true
	return func(ctx context.Context, m envelope.Mailbox) (directory.Answer, error) {
		answer, err := lookup(ctx, m)
		if ctx.Err() == nil {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.boxes = append(r.boxes, box{m, answer, err})
		}
		return answer, err
	}
}

// Owners returns Owners that ask owners and record the answers, nil if owners is nil.
func (r *Recorder) Owners(owners directory.Owners) directory.Owners {
	if owners == nil {
		return nil
	}
	r.hasOwners = true
	return func(ctx context.Context, m envelope.Mailbox) ([]string, error) {
		logins, err := owners(ctx, m)
		if ctx.Err() == nil {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.owners = append(r.owners, owner{m, logins, err})
		}
		return logins, err
	}
}
