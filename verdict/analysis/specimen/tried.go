package specimen

import (
	"context"
	"io"
	"slices"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// now is the time of the specimens.
var now = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// tries are the numbers of earlier tries of a mail. The first is long enough before the
// second for greylisting, and all are recent enough for a quota of an hour.
var tries = [...]int{0, 1, 2, 3, 10}

const (
	firstTry   = 20 * time.Minute
	laterTries = 10 * time.Minute
)

// maxForgotten bounds the messages of one sender that are tried several times. A policy may
// refuse one, so that nothing remembers it, but hardly all.
const maxForgotten = 30

// remembered reports whether the witness is about an envelope after some earlier tries of the
// same mail.
func (s *search) remembered(e *envelope.Envelope) bool {
	if s.site.Store == nil {
		return true
	}
	for _, n := range tries {
		if forget(s.ctx, s.site) != nil {
			return false
		}
		s.tried = slices.Repeat([]time.Duration{laterTries}, n)
		if n > 0 {
			s.tried[0] = firstTry
		}
		s.tries += n
		tried := Specimen{*e, s.dns, s.tried}
		tried.try(s.ctx, s.site.Policy, s.dns)
		e.Message = again(e.Message)
		missed := s.witness.Misses(s.ctx, s.dns, e)
		if len(missed) == 0 {
			return true
		}
		s.note(missed, e)
	}
	return false
}

// Judge judges the mail by a policy with an empty store, after the earlier tries that it
// needs.
func (s *Specimen) Judge(ctx context.Context, p verdict.Policy, r envelope.Resolver) verdict.Verdict {
	s.try(ctx, p, r)
	e := s.Envelope
	e.Message = again(e.Message)
	return p.Judge(ctx, r, &e)
}

// try judges the earlier tries.
func (s *Specimen) try(ctx context.Context, p verdict.Policy, r envelope.Resolver) {
	for _, ago := range s.Tried {
		e := s.Envelope
		e.Message, e.Now = again(e.Message), e.Now.Add(-ago)
		p.Judge(ctx, r, &e)
	}
}

// again returns a message as one of its own: policies count a message once.
func again(m *envelope.Message) *envelope.Message {
	if m == nil {
		return nil
	}
	text, err := io.ReadAll(m.Open())
	if err != nil { // it is in memory
		return m
	}
	return envelope.NewMessage(text)
}

// forget empties the store of a site.
func forget(ctx context.Context, site Site) error {
	for entry, err := range site.Store.All(ctx) {
		if err == nil {
			err = site.Store.Forget(ctx, entry.Key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
