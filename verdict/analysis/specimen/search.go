package specimen

import (
	"context"
	"crypto/tls"
	"iter"
	"net/netip"
	"slices"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict/analysis"
)

// maxTries bounds the envelopes that one pass of a search tries.
const maxTries = 10_000

// search tries envelopes.
type search struct {
	ctx     context.Context
	witness *analysis.Witness
	site    Site
	dns     *zone.Zone
	letters []*letter

	narrow bool // see run
	tries  int

	missed analysis.Outcomes // those that the closest mail lacks
	came   envelope.Stage    // how far that came
}

// run returns an envelope that the witness is about. A message that does not fit does so
// rarely because of the recipient, so that the first pass tries one recipient that fits,
// and comes to other senders and clients.
func (s *search) run() (envelope.Envelope, bool) {
	for _, s.narrow = range []bool{true, false} {
		s.tries = 0
		if e, ok := s.from(envelope.Envelope{Stage: envelope.Connect}); ok || s.ctx.Err() != nil {
			return e, ok
		}
	}
	return envelope.Envelope{}, false
}

// from returns an envelope that has come from the stage of e to the message.
func (s *search) from(e envelope.Envelope) (envelope.Envelope, bool) {
	for next := range s.choices(e) {
		if s.tries++; s.tries > maxTries || s.ctx.Err() != nil {
			return e, false
		}
		if s.misses(&next) {
			continue
		}
		if next.Stage == envelope.Data {
			return next, true
		}
		next.Stage++
		if found, ok := s.from(next); ok {
			return found, true
		}
		if s.narrow && e.Stage == envelope.Rcpt {
			return e, false
		}
	}
	return e, false
}

// misses reports whether an envelope is not what the witness says, and remembers the
// closest one.
func (s *search) misses(e *envelope.Envelope) bool {
	missed := s.witness.Misses(s.ctx, s.dns, e)
	if len(missed) > 0 && (s.came < e.Stage || s.came == e.Stage && len(missed) < len(s.missed)) {
		s.missed, s.came = missed, e.Stage
	}
	return len(missed) > 0
}

// choices yields e with every value of what becomes known at its stage.
func (s *search) choices(e envelope.Envelope) iter.Seq[envelope.Envelope] {
	return func(yield func(envelope.Envelope) bool) {
		switch e.Stage {
		case envelope.Connect:
			s.clients(e, yield)
		case envelope.Helo:
			for _, e.Helo = range slices.Concat(s.site.Helo, helos(e.ClientIP)) {
				if !yield(e) {
					return
				}
			}
		case envelope.Mail:
			s.senders(e, yield)
		case envelope.Rcpt:
			s.recipients(e, yield)
		case envelope.Data:
			for _, letter := range s.letters {
				if e.Message = letter.message(); !yield(e) {
					return
				}
			}
			e.Message = nil
			yield(e)
		}
	}
}

func (s *search) clients(e envelope.Envelope, yield func(envelope.Envelope) bool) {
	for _, e.SpokeEarly = range []bool{false, true} {
		for _, e.ClientIP = range slices.Concat(s.site.Clients, clients, []netip.Addr{{}}) {
			if !yield(e) {
				return
			}
		}
	}
}

func (s *search) senders(e envelope.Envelope, yield func(envelope.Envelope) bool) {
	for _, e.Login = range slices.Concat([]string{""}, s.site.Logins, []string{"ann"}) {
		for _, e.TLS = range []*tls.ConnectionState{{Version: tls.VersionTLS13}, nil} {
			for _, e.MailFrom = range slices.Concat(s.site.Senders, senders) {
				if !yield(e) {
					return
				}
			}
		}
	}
}

func (s *search) recipients(e envelope.Envelope, yield func(envelope.Envelope) bool) {
	for _, e.Recipients = range []int{0, 1, 1000} {
		for _, e.RcptTo = range slices.Concat(s.site.Recipients, recipients) {
			if !yield(e) {
				return
			}
		}
	}
}
