package dmarc

import (
	"context"

	"mxrules.example/envelope"
	"mxrules.example/spf"
)

// Options are the settings of a [Checker]. The zero value follows RFC 9989.
type Options struct {
	// RFC7489 follows the predecessor of RFC 9989. It finds organizational domains
	// with the public suffix list that is compiled into the program, and ignores np,
	// psd and t. It ignores pct too: the policy applies to every message.
	RFC7489 bool
	// Unguarded disables the guard for public suffixes (see the package doc). Without
	// the guard, a record at com. without psd=y makes one organization of all names
	// below it, so that each of their owners passes for all others (RFC 9989, section
	// 11.8).
	Unguarded bool
	// Forwarders are domains that forward mail to this site unchanged, as patterns of
	// envelope.ParseHostSet. If one of them is authenticated, by SPF or as the d= of a
	// DKIM signature, the policy is not applied (override "trusted_forwarder").
	Forwarders []string
	// MailingLists are domains of mailing lists that users of this site have
	// subscribed to, as patterns of envelope.ParseHostSet. A list changes a message and
	// so breaks its signature (RFC 7960, section 3.2.3). If one of them is
	// authenticated, the policy is not applied (override "mailing_list").
	MailingLists []string
	// SPF evaluates SPF. nil is package spf without settings.
	SPF *spf.Checker
}

// Checker evaluates DMARC with the settings of a site. Its methods are the functions
// of the same names with these settings. The zero value has the default settings. It
// is safe for concurrent use.
type Checker struct {
	rfc7489, unguarded       bool
	forwarders, mailingLists envelope.HostSet
	spf                      *spf.Checker
}

// New returns a Checker with these options. The error is an *[envelope.SyntaxError]
// that names the invalid pattern.
func New(options Options) (*Checker, error) {
	c := &Checker{rfc7489: options.RFC7489, unguarded: options.Unguarded, spf: options.SPF}
	var err error
	if c.forwarders, err = envelope.ParseHostSet(options.Forwarders...); err != nil {
		return nil, err
	}
	if c.mailingLists, err = envelope.ParseHostSet(options.MailingLists...); err != nil {
		return nil, err
	}
	return c, nil
}

// defaults is the Checker of the functions.
var defaults = &Checker{}

// Evaluate returns the result of DMARC for the message: the policy for the author
// domain, and whether the message is authenticated as that domain (RFC 9989, section
// 5.3). With several author domains each is evaluated, and the
// message passes if it passes for all of them; if it fails, the result is that of
// the strictest policy (section 11.5). Before Data, and without a message, the
// Outcome is None.
//
// The result is TempError only if a failed lookup could change Outcome or
// Disposition.
//
// Callers in one judgement share the evaluation. The result belongs to the caller.
//
// DNS, concurrently: what SPF and DKIM ask, and for each author domain, four at
// most, TXT of it and of the names above it, eight at most. The names above an author
// domain that is registered and publishes a record are not asked if only that domain
// itself, or domains under other top-level domains, may be authenticated; a
// sequential judgement does not ask them for any such author domain. Then, for each domain
// below its organizational domain that passed, TXT of the names up to there, eight
// at most and concurrently; and, if the message fails and np differs from sp, what
// [envelope.Exists] asks for the author domain. If a lookup fails, it may ask the
// same of what another answer would lead to.
func Evaluate(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) *Result {
	return defaults.Evaluate(ctx, r, e)
}

// Evaluate is the function of that name with the settings of c.
func (c *Checker) Evaluate(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) *Result {
	switch {
	case c == nil: // as New returns it with an error
		return &Result{Outcome: envelope.TempError, Reason: errNoChecker.Error(), Err: errNoChecker, Disposition: none}
	case e.Message == nil || !e.Reached(envelope.Data):
		return &Result{Outcome: envelope.None, Reason: "there is no message", Disposition: none}
	}
	return c.hear(ctx, r, e, nil).result.own()
}
