package greylist

import (
	"context"
	"fmt"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/greylist/internal/stores"
)

// Result is the Detail of findings of this package once the identity is known.
type Result struct {
	// State is the state of the triplet: "first sight", "too early", "returned",
	// "remembered" or "promoted". It is "" in findings of Trusted, and if the
	// store failed.
	State string `json:"state,omitempty"`
	// Identity is the result of Options.Identity.
	Identity string `json:"identity"`
	// Triplet is the key of identity, sender and recipient. It is zero in
	// findings of Trusted.
	Triplet Key `json:"triplet,omitzero"`
	// IdentityKey is the key of the identity. It is zero if Identity is "".
	IdentityKey Key `json:"identity_key,omitzero"`
	// Good is the number of good triplets of the identity. Known reads it only
	// for triplets that do not pass by themselves.
	Good uint32 `json:"good"`
	// Wait is the time from now until a retry passes, 0 if the mail passes. It is
	// in the reply only with Options.TellWait.
	Wait time.Duration `json:"wait_ns,omitempty"`
}

var (
	// refused is for rules that reject (RFC 3463, section 3.8: delivery not
	// authorized).
	refused = envelope.Status{Code: 550, Subject: 7, Detail: 1}
	// deferred is for rules that defer (RFC 5321, section 4.2.3: local error in
	// processing).
	deferred = envelope.Status{Code: 451, Subject: 7, Detail: 1}
)

// Known passes when the triplet of identity, sender and recipient is returned,
// remembered or promoted, and fails when it is a first sight or too early; the
// package documentation explains these states. It is meant for a rule that
// defers.
//
// The check only reads. The Commit of its finding writes, once for all rules of
// a judgement that ask the same store about the same triplet. A judgement
// without a final verdict writes nothing.
//
// It answers from Rcpt on, for the null sender from Data on. Servers that verify
// a sender address send MAIL FROM:<> and RCPT TO and then disconnect; a deferral
// at RCPT would tell them that a valid address fails (RFC 6647, section 5).
//
// A store or an Identity that fails is a TempError. With invalid options every
// finding is a TempError whose Err names the option.
//
// DNS: the lookups of Options.Identity; none by default.
//
// Status: 451 4.7.1 in a tempfail, otherwise 550 5.7.1.
func Known(store Store, options Options) envelope.Check {
	const check = "greylist.known"
	o, err := options.completed()
	if err == nil && stores.IsNil(store) {
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
		triplet, err := stores.Read(ctx, store, result.Triplet, store.Get)
		if err != nil {
			return storeFailed(check, err).With(result)
		}
		now := e.Time()
		state, seen := step(triplet, now, o)
		if identity != "" {
			result.IdentityKey = o.Secret.Identity(identity)
		}
		if identity != "" && !state.passes() && o.Promote > 0 {
			if err := result.readGood(ctx, store, now); err != nil {
				return storeFailed(check, err).With(result)
			}
			if int64(result.Good) >= int64(o.Promote) {
				state, seen = promoted, o.passed(now)
			}
		}
		result.State = state.String()
		f := envelope.Passed(check)
		if !state.passes() {
			result.Wait = o.wait(triplet, seen, now)
			f = greylisted(check, result.Wait, e, o)
		}
		if !seen.At.IsZero() {
			f.Commit = shared(ctx, &sighting{store: store, triplet: result.Triplet, identity: result.IdentityKey, seen: seen})
		}
		return f.With(result)
	}
}

// readGood sets Good from the record of the identity.
func (result *Result) readGood(ctx context.Context, store Store, now time.Time) error {
	record, err := stores.Read(ctx, store, result.IdentityKey, store.Get)
	if err == nil && !record.Expired(now) {
		result.Good = record.Good
	}
	return err
}

// wait returns how long a triplet that does not pass must wait.
func (o Options) wait(triplet Record, seen Sighting, now time.Time) time.Duration {
	first := triplet.First
	if !seen.At.IsZero() {
		first = moment(seconds(seen.At))
	}
	return first.Add(o.Delay).Sub(now)
}

// greylisted returns the finding for mail that must wait.
func greylisted(check string, wait time.Duration, e *envelope.Envelope, o Options) envelope.Finding {
	sender := e.MailFrom
	if sender == "" {
		sender = "<>"
	}
	f := envelope.Failed(check, refused, "greylisted: mail from %s to %s is not known yet", sender, e.RcptTo)
	f.Deferral = deferred
	f.Retry = "please try again later"
	if o.TellWait {
		f.Retry = fmt.Sprintf("please try again in %d seconds", int64((wait+time.Second-1)/time.Second))
	}
	return f
}

// storeFailed returns the finding for a store that failed with err.
func storeFailed(check string, err error) envelope.Finding {
	f := envelope.Unavailable(check, err)
	f.Text = "greylisting is temporarily unavailable"
	return f
}

// Explain returns for verdict.Verdict.Explain the identity and the state of the
// triplet.
func (result *Result) Explain() []string {
	identity := result.Identity
	if identity == "" {
		identity = "an unidentified sender"
	}
	if result.State == "" {
		return []string{fmt.Sprintf("greylisting of %s: %d good triplets", identity, result.Good)}
	}
	return []string{"greylisting of " + identity + ": " + result.State}
}
