package specimen

import (
	"context"
	"crypto/tls"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict/analysis"
)

// maxTries bounds the envelopes that one pass of a search tries.
const maxTries = 10_000

// pass is how a search tries envelopes.
type pass struct {
	// widths has how many values that fit are tried at each stage before the value of an
	// earlier stage is given up, where 0 is all.
	widths map[envelope.Stage]int
	// unsigned leaves out signed messages, which are most of all.
	unsigned bool
}

// passes are those of a search. What does not fit at a later stage does so rarely because of
// all that came before: a message mostly because of the sender, a sender because of the
// client. The last pass tries everything, within maxTries.
var passes = [...]pass{
	{map[envelope.Stage]int{envelope.Connect: 1, envelope.Helo: 1, envelope.Rcpt: 1}, true},
	{map[envelope.Stage]int{envelope.Connect: 1, envelope.Helo: 1, envelope.Rcpt: 1}, false},
	{map[envelope.Stage]int{envelope.Helo: 1, envelope.Rcpt: 1}, false},
	{map[envelope.Stage]int{envelope.Rcpt: 1}, false},
	{},
}

// names are names of checks, or beginnings of names.
type names []string

func (n names) has(check string) bool {
	return slices.ContainsFunc(n, func(begin string) bool { return strings.HasPrefix(check, begin) })
}

var (
	// aboutMessage are checks that depend on the message alone, so that a message that
	// does not fit once never does.
	aboutMessage = names{"dkim.", "message.", "dmarc.singleauthor"}
	// aboutStore are checks that depend on a store.
	aboutStore = names{"greylist.", "quota.", "reputation."}
)

// search tries envelopes.
type search struct {
	ctx     context.Context
	witness *analysis.Witness
	site    Site
	dns     *zone.Zone
	letters []*letter

	pass  pass
	tries int

	tried  []time.Duration   // what the envelope that was found needs
	missed analysis.Outcomes // those that the closest mail lacks
	came   envelope.Stage    // how far that came
}

// run returns an envelope that the witness is about.
func (s *search) run() (envelope.Envelope, bool) {
	for _, s.pass = range passes {
		s.tries = 0
		if e, ok := s.from(envelope.Envelope{Stage: envelope.Connect, Now: now}); ok || s.ctx.Err() != nil {
			return e, ok
		}
	}
	return envelope.Envelope{}, false
}

// from returns an envelope that has come from the stage of e to the message.
func (s *search) from(e envelope.Envelope) (envelope.Envelope, bool) {
	if e.Stage == envelope.Data {
		return s.withMessage(e)
	}
	fit := 0
	for next := range s.choices(e) {
		if s.tries++; s.tries > maxTries || s.ctx.Err() != nil {
			return e, false
		}
		if len(s.misses(&next)) > 0 {
			continue
		}
		next.Stage++
		if found, ok := s.from(next); ok {
			return found, true
		}
		if fit++; fit == s.pass.widths[e.Stage] {
			return e, false
		}
	}
	return e, false
}

// misses returns the outcomes of the witness that an envelope does not bring about, and
// notes them if they are the fewest so far. Those that depend on a store are left out: see
// remembered.
func (s *search) misses(e *envelope.Envelope) analysis.Outcomes {
	missed := s.witness.Misses(s.ctx, s.dns, e)
	maps.DeleteFunc(missed, func(check string, _ envelope.Outcome) bool { return s.site.Store != nil && aboutStore.has(check) })
	s.note(missed, e)
	return missed
}

// note notes the outcomes that an envelope misses, if they are the fewest so far.
func (s *search) note(missed analysis.Outcomes, e *envelope.Envelope) {
	come := e.Stage
	if come == envelope.Whole {
		come = envelope.Data
	}
	if len(missed) > 0 && (s.came < come || s.came == come && len(missed) < len(s.missed)) {
		s.missed, s.came = missed, come
	}
}

// withMessage returns the envelope with a message that the witness is about.
func (s *search) withMessage(e envelope.Envelope) (envelope.Envelope, bool) {
	e.Stage = envelope.Whole
	forgotten := 0
	for _, letter := range s.letters {
		if letter.unfit || letter.sign != nil && s.pass.unsigned {
			continue
		}
		if s.tries++; s.tries > maxTries || s.ctx.Err() != nil {
			return e, false
		}
		e.Message = letter.message()
		missed := s.misses(&e)
		if len(missed) == 0 {
			if s.remembered(&e) {
				return e, true
			}
			if forgotten++; forgotten == maxForgotten {
				return e, false
			}
		}
		for check := range missed {
			letter.unfit = letter.unfit || aboutMessage.has(check)
		}
	}
	return e, false
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
	for _, e.TLS = range []*tls.ConnectionState{{Version: tls.VersionTLS13}, nil} {
		for _, e.MailFrom = range slices.Concat(s.site.Senders, senders) {
			for _, e.Login = range slices.Concat([]string{""}, s.site.Logins, []string{"ann"}) {
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
