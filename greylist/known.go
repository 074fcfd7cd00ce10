package greylist

import (
	"context"
	"time"

	"mxrules.example/envelope"
)

// Result is what greylisting knows of one mail. It is the Detail of every
// finding of this package that asked its store, as a *Result of its own.
type Result struct {
	// State is how far the triplet has come. It is zero in findings of Trusted.
	State State `json:"state,omitempty"`
	// Identity is who sends, as Options.Identity said.
	Identity string `json:"identity"`
	// Triplet is the key of identity, sender and recipient. It is zero in
	// findings of Trusted.
	Triplet Key `json:"triplet,omitzero"`
	// IdentityKey is the key of the identity. It is zero if there is none.
	IdentityKey Key `json:"identity_key,omitzero"`
	// Good counts the good triplets of the identity. Known asks for it only when
	// the triplet is not let in by itself.
	Good uint32 `json:"good"`
	// Wait is how long it is from the time of the judgement until a retry is let
	// in. It is for the program, not for the peer; 0 if mail is let in.
	Wait time.Duration `json:"wait_ns,omitempty"`
}

var (
	// refused is the status of mail that a rule refuses for being new (RFC 3463:
	// delivery not authorized).
	refused = envelope.Status{Code: 550, Subject: 7, Detail: 1}
	// deferred is what greylisting answers (RFC 5321, section 4.2.3: local error
	// in processing; RFC 3463, section 3.8).
	deferred = envelope.Status{Code: 451, Subject: 7, Detail: 1}
)

// Known passes when mail from this sender to this recipient is known to come
// back: a triplet of identity, sender and recipient that was tried before, at
// least Delay and at most Window ago, or that was let in within Lifetime; or
// whose identity has Promote good triplets. Else it fails, and the sighting is
// the first or is too early. It is meant for a rule that defers, and answers
// such a rule with 451 4.7.1.
//
// The check only reads. What must be written it returns as Commit, once for all
// rules of a judgement that ask the same store about the same triplet. A policy
// that stops short of a final verdict writes nothing.
//
// It answers from Rcpt on. The null sender waits for Data: servers that verify
// the address of a sender try it with MAIL FROM:<> and go no further, and would
// be told that a good address fails (RFC 6647, section 5).
//
// A store or an Identity that fails is a TempError. Options that can't work are
// a TempError at every mail whose Err says what is wrong with them.
//
// DNS: what Options.Identity asks; nothing by default.
func Known(store Store, options Options) envelope.Check {
	const check = "greylist.known"
	o, err := options.completed()
	if err == nil && store == nil {
		err = errNoStore
	}
	if err != nil {
		return envelope.Misconfigured(check, envelope.Rcpt, err)
	}
	return func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		switch {
		case !e.Reached(envelope.Rcpt):
			return envelope.NotYet(check, envelope.Rcpt)
		case e.MailFrom == "" && !e.Reached(envelope.Data):
			return envelope.NotYet(check, envelope.Data)
		}
		identity, err := o.Identity(ctx, r, e)
		if err != nil {
			return envelope.Temporary(check, err)
		}
		result := &Result{Identity: identity, Triplet: o.Secret.Triplet(identity, e.MailFrom, e.RcptTo)}
		triplet, err := get(ctx, store, result.Triplet)
		if err != nil {
			return storeFailed(check, err).With(result)
		}
		now := e.Time()
		var s Sighting
		result.State, s = step(triplet, now, o)
		if identity != "" {
			result.IdentityKey = o.Secret.Identity(identity)
		}
		if identity != "" && !result.State.good() && o.Promote > 0 {
			record, err := get(ctx, store, result.IdentityKey)
			if err != nil {
				return storeFailed(check, err).With(result)
			}
			if !record.Expired(now) {
				result.Good = record.Good
			}
			result.State, s = promote(result.State, s, record, now, o)
		}
		f := envelope.Passed(check)
		if !result.State.good() {
			result.Wait = o.wait(triplet, s, now)
			f = isNew(check, result, e, o)
		}
		if !s.At.IsZero() {
			f.Commit = shared(ctx, &sighting{store: store, triplet: result.Triplet, identity: result.IdentityKey, seen: s})
		}
		return f.With(result)
	}
}

// wait returns how long a triplet that is not let in must wait still.
func (o Options) wait(triplet Record, s Sighting, now time.Time) time.Duration {
	first := triplet.First
	if !s.At.IsZero() {
		first = moment(seconds(s.At))
	}
	return first.Add(o.Delay).Sub(now)
}

// isNew is the finding that a mail must wait.
func isNew(check string, result *Result, e *envelope.Envelope, o Options) envelope.Finding {
	const format = "mail from %s to %s is new here and is put off for a short time; " +
		"this is normal and no fault of the sender, and the sending server will try again by itself"
	sender := e.MailFrom
	if sender == "" {
		sender = "the null sender"
	}
	f := envelope.Failed(check, refused, format, sender, e.RcptTo)
	if o.TellWait {
		f = envelope.Failed(check, refused, format+", in %d seconds at the soonest",
			sender, e.RcptTo, int64((result.Wait+time.Second-1)/time.Second))
	}
	f.Deferral = deferred
	return f
}

// storeFailed is the finding that the store gave no answer.
func storeFailed(check string, err error) envelope.Finding {
	f := envelope.Unavailable(check, err)
	f.Text = "the server can't look up now whether it knows this sender, please try again later"
	return f
}
