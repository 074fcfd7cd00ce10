package spf

import (
	"context"
	"errors"

	"mxrules.example/envelope"
)

var (
	// refused is the status of a client that may not use the domain (RFC 7372,
	// section 3.2: SPF validation failed).
	refused = envelope.Status{Code: 550, Subject: 7, Detail: 23}
	// broken is the status of a domain whose records are wrong (RFC 7372,
	// section 3.2: SPF validation error).
	broken = envelope.Status{Code: 550, Subject: 7, Detail: 24}
)

// NotFail passes unless SPF says of the sender that the client may not use its
// domain: the result is fail. Of the null sender the HELO name is asked. None:
// no domain to ask, or no record. PermError: the records are wrong, or the
// address of the client is not known. TempError: DNS failed, and the answer
// depends on it. It answers from Mail on. The Detail is a *[Result].
//
// DNS: one evaluation, shared with all checks of this package; see the package.
func NotFail(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return defaults.NotFail(ctx, r, e)
}

// NotSoftFail passes unless the result is fail or softfail: for marks and
// conditions, because a softfail is no reason to refuse mail (RFC 7208, section
// 8.5). In all else it is as NotFail.
func NotSoftFail(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return defaults.NotSoftFail(ctx, r, e)
}

// Pass passes if SPF says of the sender that the client may use its domain. It
// fails for every other result, also if there is no domain, or no record, or a
// wrong one. In all else it is as NotFail.
func Pass(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return defaults.Pass(ctx, r, e)
}

// HeloNotFail passes unless SPF says of the HELO name that the client may not
// use it (RFC 7208, section 2.3). It answers from Helo on. In all else it is as
// NotFail; what it asks is shared if the sender is null.
func HeloNotFail(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return defaults.HeloNotFail(ctx, r, e)
}

// Valid passes if the SPF records of the sender's domain are right, as far as
// they were needed: it fails if the result is permerror. In all else it is as
// NotFail.
func Valid(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return defaults.Valid(ctx, r, e)
}

// NotFail is the check of that name with the settings of c.
func (c *Checker) NotFail(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return c.check(ctx, r, e, "spf.notfail", mailFromIdentity, func(result *Result) bool { return result.Word == WordFail })
}

// NotSoftFail is the check of that name with the settings of c.
func (c *Checker) NotSoftFail(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return c.check(ctx, r, e, "spf.notsoftfail", mailFromIdentity, func(result *Result) bool {
		return result.Word == WordFail || result.Word == WordSoftFail
	})
}

// Pass is the check of that name with the settings of c.
func (c *Checker) Pass(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return c.check(ctx, r, e, "spf.pass", mailFromIdentity, func(result *Result) bool { return result.Word != WordPass })
}

// HeloNotFail is the check of that name with the settings of c.
func (c *Checker) HeloNotFail(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return c.check(ctx, r, e, "spf.helonotfail", heloIdentity, func(result *Result) bool { return result.Word == WordFail })
}

// Valid is the check of that name with the settings of c.
func (c *Checker) Valid(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return c.check(ctx, r, e, "spf.valid", mailFromIdentity, func(result *Result) bool {
		// Without a client no record was read, and none is wrong.
		return result.Word == WordPermError && result.Problem.Kind != unknownClient
	})
}

// check makes a finding of an evaluation. A result that is bad fails; where the
// question does not arise, or has no answer, that is the finding unless it is
// bad.
func (c *Checker) check(ctx context.Context, r envelope.Resolver, e *envelope.Envelope, name, identity string, bad func(*Result) bool) envelope.Finding {
	from, evaluate := envelope.Mail, c.Evaluate
	if identity == heloIdentity {
		from, evaluate = envelope.Helo, c.EvaluateHelo
	}
	switch {
	case c == nil: // what New returns beside an error
		return envelope.Misconfigured(name, from, errNoChecker)(ctx, r, e)
	case !e.Reached(from):
		return envelope.NotYet(name, from)
	}
	result := evaluate(ctx, r, e)
	var f envelope.Finding
	switch {
	case result.Word == WordTempError:
		f = temporary(name, result.Problem)
	case result.Shaky != nil:
		f = temporary(name, result.Shaky)
	case bad(result):
		f = failed(name, e.Client().String(), result)
	case result.Word == WordPermError:
		f = envelope.Permanent(name, broken, "%s", result.Problem)
	case result.Word == WordNone:
		f = envelope.NotApplicable(name)
	default:
		f = envelope.Passed(name)
	}
	return f.With(result)
}

var errNoChecker = errors.New(noChecker)

// temporary is the finding that DNS gave no answer. Its detail says that SPF is
// at stake (RFC 7372, section 3.2), its code that nobody is to blame.
func temporary(name string, err error) envelope.Finding {
	f := envelope.Temporary(name, err)
	f.Status = envelope.Status{Code: 451, Subject: 7, Detail: 24}
	return f
}

// failed is the finding that the result is not what the check is named for.
func failed(name, client string, result *Result) envelope.Finding {
	subject := "domain"
	if result.Identity == heloIdentity {
		subject = "HELO name"
	}
	switch result.Word {
	case WordFail:
		if result.Explanation != "" { // a stranger's text never stands alone (RFC 7208, section 11.5)
			return envelope.Failed(name, refused, "the SPF record of the %s %s does not allow the client %s to use it; the domain says: %s",
				subject, result.Domain, client, result.Explanation)
		}
		return envelope.Failed(name, refused, "the SPF record of the %s %s does not allow the client %s to use it", subject, result.Domain, client)
	case WordSoftFail:
		return envelope.Failed(name, refused, "by the SPF record of the %s %s the client %s is probably not allowed to use it", subject, result.Domain, client)
	case WordNeutral:
		return envelope.Failed(name, refused, "the SPF record of the %s %s does not say whether the client %s may use it", subject, result.Domain, client)
	case WordPermError:
		return envelope.Failed(name, broken, "SPF can't be evaluated for the client %s: %s", client, result.Problem)
	}
	if result.Domain == "" {
		return envelope.Failed(name, refused, "the sender has no domain that could allow the client %s to use it", client)
	}
	return envelope.Failed(name, refused, "the domain %s has no SPF record that could allow the client %s to use it", result.Domain, client)
}
