package dmarc

import (
	"context"
	"errors"

	"mxrules.example/envelope"
)

// Pass passes when the message is authenticated as its author domain's own: SPF
// or a DKIM signature passed for an aligned domain (RFC 9989, section 4.4). It
// fails for everything else that is known, also where no policy is published and
// where the author cannot be told.
//
// DNS: see [Evaluate]. All checks of this
// package share one evaluation per judgement.
func Pass(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return defaults.Pass(ctx, r, e)
}

// NotReject passes unless the message failed and the owner of the author domain
// asks to reject such mail. It passes where no policy is published. PermError: the
// author cannot be told, because From is missing, repeated or malformed, or has
// more than four domains; so [SingleAuthor] belongs beside this check.
//
// Mail that SPF or DKIM proves to be of exactly the author domain passes whatever
// is published, and so also if the lookup of the policy fails.
//
// RFC 9989, section 7.4 forbids receivers to reject for this alone, because
// forwarders and mailing lists break SPF and DKIM of genuine mail: without other
// knowledge such mail is to be treated as for quarantine. [Options] have lists of
// the forwarders and mailing lists that a site knows, and the conditions of a rule
// can hold any other knowledge. The rule MarkUnless(All(NotReject, NotQuarantine),
// "quarantine") rejects nothing.
//
// DNS: as Pass.
func NotReject(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return defaults.NotReject(ctx, r, e)
}

// NotQuarantine passes unless the message failed and the owner of the author
// domain asks to quarantine such mail; a rule that marks it does that. It passes
// where the owner asks to reject: NotReject fails there. Otherwise it is as
// NotReject.
//
// DNS: as Pass.
func NotQuarantine(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return defaults.NotQuarantine(ctx, r, e)
}

// Published passes when a DMARC policy is published for the author domain, and
// of several for each: by itself, its organizational domain or the registry
// above. PermError is as with NotReject.
//
// DNS: as Pass.
func Published(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return defaults.Published(ctx, r, e)
}

// Pass is the check of that name with the settings of c.
func (c *Checker) Pass(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return c.check(ctx, r, e, "dmarc.pass", func(name string, result *Result) envelope.Finding {
		switch result.Outcome {
		case envelope.Pass:
			return envelope.Passed(name)
		case envelope.TempError:
			if one := result.lost(); one != nil {
				return failed(name, one)
			}
			return temporarily(name, result)
		case envelope.PermError:
			return envelope.Failed(name, unauthenticated, "the author of the message can't be told: %s", result.Reason)
		case envelope.None:
			return unpublished(name, result)
		}
		return failed(name, result)
	})
}

// NotReject is the check of that name with the settings of c.
func (c *Checker) NotReject(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return c.check(ctx, r, e, "dmarc.notreject", func(name string, result *Result) envelope.Finding {
		return unless(name, result, PolicyReject)
	})
}

// NotQuarantine is the check of that name with the settings of c.
func (c *Checker) NotQuarantine(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return c.check(ctx, r, e, "dmarc.notquarantine", func(name string, result *Result) envelope.Finding {
		return unless(name, result, PolicyQuarantine)
	})
}

// unless is the finding of a check that fails where one policy is asked for.
func unless(name string, result *Result, policy Policy) envelope.Finding {
	switch {
	case result.Outcome == envelope.PermError:
		return unreadable(name, result)
	case result.Outcome == envelope.TempError && !result.safe():
		return temporarily(name, result)
	case result.Outcome == envelope.Fail && result.Disposition == policy:
		return failed(name, result)
	}
	return envelope.Passed(name)
}

// Published is the check of that name with the settings of c.
func (c *Checker) Published(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return c.check(ctx, r, e, "dmarc.published", func(name string, result *Result) envelope.Finding {
		if result.Outcome == envelope.PermError {
			return unreadable(name, result)
		}
		f := envelope.Passed(name)
		for _, one := range result.perAuthor() {
			switch {
			case one.published():
			case one.Outcome == envelope.TempError:
				f = temporarily(name, &one)
			default:
				return unpublished(name, &one)
			}
		}
		return f
	})
}

// check makes a check of the package: it waits for the message, evaluates it,
// and has word make a finding of the result.
func (c *Checker) check(ctx context.Context, r envelope.Resolver, e *envelope.Envelope, name string, word func(string, *Result) envelope.Finding) envelope.Finding {
	switch {
	case c == nil:
		return envelope.Misconfigured(name, envelope.Data, errNoChecker)(ctx, r, e)
	case !e.Reached(envelope.Data):
		return envelope.NotYet(name, envelope.Data)
	case e.Message == nil:
		return envelope.WithoutMessage(name, e)
	}
	return c.finding(ctx, r, name, c.hear(ctx, r, e, nil), word)
}

var errNoChecker = errors.New("there is no DMARC checker")
