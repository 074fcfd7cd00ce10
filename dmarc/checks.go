package dmarc

import (
	"context"
	"errors"

	"mxrules.example/envelope"
)

// Pass passes if the message is authenticated as its author domain: SPF or a DKIM
// signature passed for an aligned domain (RFC 9989, section 4.4). It fails otherwise,
// also if no policy is published or the author cannot be identified.
//
// DNS: see [Evaluate]. All checks of this package share one evaluation in a
// judgement.
//
// Status: 550 5.7.26.
func Pass(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return defaults.Pass(ctx, r, e)
}

// NotReject passes unless the message fails DMARC and the owner of the author domain
// requests to reject such mail. It passes if no policy is published. PermError: the
// author cannot be identified, because From is missing, repeated or malformed, or
// has more than four domains; so use [SingleAuthor] beside this check.
//
// Mail that SPF or DKIM authenticates as exactly the author domain passes whatever
// is published, so it passes also if the lookup of the policy fails.
//
// RFC 9989, section 7.4 says that a receiver must not reject for this alone, because
// forwarders and mailing lists break SPF and DKIM of genuine mail: without other
// knowledge such mail is to be treated as for quarantine. [Options] have lists of
// known forwarders and mailing lists, and conditions of a rule can express other
// knowledge. The rule MarkUnless(All(NotReject, NotQuarantine), "quarantine") rejects
// nothing.
//
// DNS: as Pass.
//
// Status: 550 5.7.26, as a PermError 550 5.7.1.
func NotReject(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return defaults.NotReject(ctx, r, e)
}

// NotQuarantine passes unless the message fails DMARC and the owner of the author
// domain requests to quarantine such mail. Use it in a rule that marks the message.
// It passes if the owner requests to reject: NotReject fails then. Otherwise it is
// as NotReject.
//
// DNS: as Pass.
//
// Status: as NotReject.
func NotQuarantine(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return defaults.NotQuarantine(ctx, r, e)
}

// Published passes if a DMARC policy is published for the author domain: at the
// domain itself, its organizational domain or the public suffix domain above. With
// several author domains it passes if each has one. PermError: as NotReject.
//
// DNS: as Pass.
//
// Status: as NotReject.
func Published(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return defaults.Published(ctx, r, e)
}

// Pass is the check of that name with the settings of c.
func (c *Checker) Pass(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return c.check(ctx, r, e, claim{name: "dmarc.pass", word: func(name string, result *Result) envelope.Finding {
		switch result.Outcome {
		case envelope.Pass:
			return envelope.Passed(name)
		case envelope.TempError:
			if one := result.lost(); one != nil {
				return failed(name, one)
			}
			return temporarily(name, result)
		case envelope.PermError:
			return envelope.Failed(name, unauthenticated, "the author of the message cannot be identified: %s", result.Reason)
		case envelope.None:
			return unpublished(name, result)
		}
		return failed(name, result)
	}})
}

// NotReject is the check of that name with the settings of c.
func (c *Checker) NotReject(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return c.check(ctx, r, e, claim{name: "dmarc.notreject", word: func(name string, result *Result) envelope.Finding {
		return unless(name, result, reject)
	}})
}

// NotQuarantine is the check of that name with the settings of c.
func (c *Checker) NotQuarantine(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return c.check(ctx, r, e, claim{name: "dmarc.notquarantine", word: func(name string, result *Result) envelope.Finding {
		return unless(name, result, quarantine)
	}})
}

// unless is the finding of a check that fails if this policy is requested.
func unless(name string, result *Result, policy string) envelope.Finding {
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
	return c.check(ctx, r, e, claim{name: "dmarc.published", word: func(name string, result *Result) envelope.Finding {
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
	}})
}

// claim is what one check says of a result.
type claim struct {
	name string
	held *envelope.HostSet // of AlignedFor
	word func(name string, result *Result) envelope.Finding
}

// check evaluates the message and returns the finding of a claim. While the body of
// the message is still arriving, it asks what the evaluation will ask if the body is
// what was signed.
func (c *Checker) check(ctx context.Context, r envelope.Resolver, e *envelope.Envelope, claim claim) envelope.Finding {
	switch {
	case c == nil:
		return envelope.Misconfigured(claim.name, envelope.Data, errNoChecker)(ctx, r, e)
	case e.Arriving():
		c.hear(ctx, r, e, claim.held)
		fallthrough
	case !e.Reached(envelope.Data) || e.Message == nil:
		return envelope.WithoutMessage(claim.name, e)
	}
	return c.finding(ctx, r, claim, c.hear(ctx, r, e, claim.held))
}

var errNoChecker = errors.New("there is no DMARC checker")
