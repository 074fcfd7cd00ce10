// Package specimen makes mail for a witness of package analysis, so that a case that was
// proven can be seen: judged, explained, and kept as a test.
//
//	w, err := analysis.Implies(after, before)
//	s, err := specimen.Of(ctx, w, specimen.Site{Recipients: []string{"bob@example.org"}})
//	v := before.Judge(ctx, s.DNS, &s.Envelope)
//
// With a record.Recorder of package verdict/scenario/record before the DNS, the judgement
// becomes a scenario file.
//
// # How it works
//
// The package has usual and unusual clients, HELO names, senders and messages, and a zone
// with their records, in which some lookups fail. Of tries them stage by stage and asks the
// checks of the witness themselves, so that what it returns does bring the outcomes about.
// The checks have arguments that only the caller knows, such as the domains of the site:
// [Site] has values for those.
//
// # What it does not do
//
// It has no valid DKIM signature, and stores are as they are: where a witness needs more, or
// outcomes that no mail has together, Of returns [ErrNone], and the witness stays in words.
package specimen

import (
	"context"
	"crypto/tls"
	"errors"
	"iter"
	"net/netip"
	"slices"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict/analysis"
)

// Specimen is mail with its DNS.
type Specimen struct {
	Envelope envelope.Envelope
	DNS      *zone.Zone
}

// Site has values that the checks of a policy are about. They are tried first.
type Site struct {
	// Clients are addresses of clients, such as one in the networks of the site.
	Clients []netip.Addr
	// Helo are HELO names, such as one of the site.
	Helo []string
	// Senders and Recipients are mailboxes, such as those of the site. A policy that
	// rejects foreign recipients needs a recipient here.
	Senders, Recipients []string
	// Logins are logins of users, such as one that owns one of the senders.
	Logins []string
	// Messages are whole messages, such as one with a valid DKIM signature.
	Messages []string
	// Zone has more records, in the format of package zone.
	Zone string
}

// ErrNone says that no mail of this package brings the outcomes of a witness about.
var ErrNone = errors.New("no specimen has these outcomes together")

// maxTries bounds the envelopes that one call tries.
const maxTries = 10_000

// Of returns mail for which the checks of a witness find what it says. The error is
// [ErrNone] if there is none, or that of the zone or the context.
func Of(ctx context.Context, w *analysis.Witness, site Site) (*Specimen, error) {
	dns, err := zone.Parse(records + site.Zone)
	if err != nil {
		return nil, err
	}
	for _, question := range failing {
		if err := dns.SetFault(question, zone.SERVFAIL); err != nil {
			return nil, err
		}
	}
	s := search{ctx: ctx, witness: w, site: site, dns: dns}
	e, ok := s.from(envelope.Envelope{Stage: envelope.Connect})
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case !ok:
		return nil, ErrNone
	}
	e.Stage = envelope.Whole
	dns.Forget()
	return &Specimen{e, dns}, nil
}

// search tries envelopes.
type search struct {
	ctx     context.Context
	witness *analysis.Witness
	site    Site
	dns     *zone.Zone
	tries   int
}

// from returns an envelope that has come from the stage of e to the message.
func (s *search) from(e envelope.Envelope) (envelope.Envelope, bool) {
	for next := range s.choices(e) {
		if s.tries++; s.tries > maxTries || s.ctx.Err() != nil {
			return e, false
		}
		if len(s.witness.Misses(s.ctx, s.dns, &next)) > 0 {
			continue
		}
		if next.Stage == envelope.Data {
			return next, true
		}
		next.Stage++
		if found, ok := s.from(next); ok {
			return found, true
		}
	}
	return e, false
}

// choices yields e with every value of what becomes known at its stage.
func (s *search) choices(e envelope.Envelope) iter.Seq[envelope.Envelope] {
	return func(yield func(envelope.Envelope) bool) {
		switch e.Stage {
		case envelope.Connect:
			for _, e.ClientIP = range slices.Concat(s.site.Clients, clients) {
				for _, e.SpokeEarly = range []bool{false, true} {
					if !yield(e) {
						return
					}
				}
			}
		case envelope.Helo:
			for _, e.Helo = range slices.Concat(s.site.Helo, helos(e.ClientIP)) {
				if !yield(e) {
					return
				}
			}
		case envelope.Mail:
			s.senders(e, yield)
		case envelope.Rcpt:
			for _, e.Recipients = range []int{0, 1, 1000} {
				for _, e.RcptTo = range slices.Concat(s.site.Recipients, recipients) {
					if !yield(e) {
						return
					}
				}
			}
		case envelope.Data:
			for _, text := range slices.Concat(s.site.Messages, messages()) {
				e.Message = envelope.NewMessage([]byte(text))
				if !yield(e) {
					return
				}
			}
		}
	}
}

func (s *search) senders(e envelope.Envelope, yield func(envelope.Envelope) bool) {
	for _, e.Login = range append([]string{""}, append(slices.Clone(s.site.Logins), "ann")...) {
		for _, e.TLS = range []*tls.ConnectionState{{Version: tls.VersionTLS13}, nil} {
			for _, e.MailFrom = range slices.Concat(s.site.Senders, senders) {
				if !yield(e) {
					return
				}
			}
		}
	}
}
