package spf

import (
	"context"
	"errors"

	"mxrules.example/envelope"
)

var (
	// refused: SPF validation failed (RFC 7372, section 3.2).
	refused = envelope.Status{Code: 550, Subject: 7, Detail: 23}
	// broken: SPF validation error (RFC 7372, section 3.2).
	broken = envelope.Status{Code: 550, Subject: 7, Detail: 24}
)

// NotFail passes unless the SPF result for the sender is fail: the domain owner says
// that the client may not use the domain. For the null sender, the HELO name is
// evaluated. It answers from Mail on. The Detail is a *[Result]. Outcomes besides
// Pass and Fail:
//
//   - None: there is no domain to evaluate, or it has no SPF record.
//   - PermError: the records are invalid, or the client address is unknown.
//   - TempError: a lookup failed that could change the result.
//
// DNS: one evaluation, shared with the other checks of this package; see [Evaluate].
//
// Status: 550 5.7.23, as a PermError 550 5.7.24; if DNS fails 451 4.7.24.
func NotFail(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return defaults.check(ctx, r, e, &notFail)
}

// NotSoftFail passes unless the SPF result for the sender is fail or softfail. Use
// it for marks and conditions, because a softfail alone is not a reason to refuse
// mail (RFC 7208, section 8.5). Otherwise it is as NotFail.
//
// Status: as NotFail.
func NotSoftFail(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return defaults.check(ctx, r, e, &notSoftFail)
}

// Pass passes if the SPF result for the sender is pass. It fails for every other
// result except a temperror, also if there is no domain or no record, or if the
// record is invalid. Otherwise it is as NotFail.
//
// Status: 550 5.7.23, for an invalid record 550 5.7.24; if DNS fails 451 4.7.24.
func Pass(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return defaults.check(ctx, r, e, &passes)
}

// HeloNotFail passes unless the SPF result for the HELO name is fail (RFC 7208,
// section 2.3). It answers from Helo on. Otherwise it is as NotFail. For the null
// sender both share one evaluation.
//
// Status: as NotFail.
func HeloNotFail(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return defaults.check(ctx, r, e, &heloNotFail)
}

// Valid fails if the SPF result for the sender is permerror: one of the records that
// were needed is invalid. Otherwise it is as NotFail.
//
// Status: 550 5.7.24; if DNS fails 451 4.7.24.
func Valid(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return defaults.check(ctx, r, e, &valid)
}

// property is what a check tests.
type property struct {
	name, identity string
	lacking        func(*Result) bool
}

var (
	notFail     = property{"spf.notfail", mailFromIdentity, isFail}
	heloNotFail = property{"spf.helonotfail", heloIdentity, isFail}
	notSoftFail = property{"spf.notsoftfail", mailFromIdentity, func(result *Result) bool {
		return result.Word == fail || result.Word == softFail
	}}
	passes = property{"spf.pass", mailFromIdentity, func(result *Result) bool { return result.Word != pass }}
	valid  = property{"spf.valid", mailFromIdentity, func(result *Result) bool {
		// Without a client address no record was read, so none is invalid.
		return result.Word == permError && result.Problem.Kind != unknownClient
	}}
)

func isFail(result *Result) bool { return result.Word == fail }

// NotFail is the check of that name with the settings of c.
func (c *Checker) NotFail(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return c.check(ctx, r, e, &notFail)
}

// NotSoftFail is the check of that name with the settings of c.
func (c *Checker) NotSoftFail(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return c.check(ctx, r, e, &notSoftFail)
}

// Pass is the check of that name with the settings of c.
func (c *Checker) Pass(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return c.check(ctx, r, e, &passes)
}

// HeloNotFail is the check of that name with the settings of c.
func (c *Checker) HeloNotFail(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return c.check(ctx, r, e, &heloNotFail)
}

// Valid is the check of that name with the settings of c.
func (c *Checker) Valid(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return c.check(ctx, r, e, &valid)
}

// check evaluates what a property is about, and tests it.
func (c *Checker) check(ctx context.Context, r envelope.Resolver, e *envelope.Envelope, p *property) envelope.Finding {
	from, evaluate := envelope.Mail, (*Checker).Evaluate
	if p.identity == heloIdentity {
		from, evaluate = envelope.Helo, (*Checker).evaluateHelo
	}
	if c == nil { // as New returns it with an error
		return envelope.Misconfigured(p.name, from, errNoChecker)(ctx, r, e)
	}
	if !e.Reached(from) {
		return envelope.NotYet(p.name, from)
	}
	return p.finding(e, evaluate(c, ctx, r, e))
}

// finding turns a result into a finding. It fails if the property is lacking; otherwise
// a temperror, permerror or none becomes that outcome.
func (p *property) finding(e *envelope.Envelope, result *Result) envelope.Finding {
	var f envelope.Finding
	switch {
	case result.Word == tempError:
		f = temporary(p.name, result.Problem)
	case result.Shaky != nil:
		f = temporary(p.name, result.Shaky)
	case p.lacking(result):
		f = failed(p.name, e.Client().String(), result)
	case result.Word == permError:
		f = envelope.Permanent(p.name, broken, "%s", result.Problem)
	case result.Word == none:
		f = envelope.NotApplicable(p.name)
	default:
		f = envelope.Passed(p.name)
	}
	return f.With(result)
}

var errNoChecker = errors.New(noChecker)

// temporary is the finding that a lookup failed. Its enhanced code is that of an SPF
// validation error (RFC 7372, section 3.2).
func temporary(name string, err error) envelope.Finding {
	f := envelope.Temporary(name, err)
	f.Status = envelope.Status{Code: 451, Subject: 7, Detail: 24}
	return f
}

// failed is the finding of a check that fails.
func failed(name, client string, result *Result) envelope.Finding {
	subject := "domain"
	if result.Identity == heloIdentity {
		subject = "HELO name"
	}
	switch result.Word {
	case fail:
		if result.Explanation != "" { // a stranger's text never stands alone (RFC 7208, section 11.5)
			return envelope.Failed(name, refused, "the SPF record of the %s %s does not allow the client %s to use it; the domain says: %s",
				subject, result.Domain, client, result.Explanation)
		}
		return envelope.Failed(name, refused, "the SPF record of the %s %s does not allow the client %s to use it", subject, result.Domain, client)
	case softFail:
		return envelope.Failed(name, refused, "the SPF record of the %s %s probably does not allow the client %s to use it", subject, result.Domain, client)
	case neutral:
		return envelope.Failed(name, refused, "the SPF record of the %s %s does not say whether the client %s may use it", subject, result.Domain, client)
	case permError:
		return envelope.Failed(name, broken, "SPF cannot be evaluated for the client %s: %s", client, result.Problem)
	}
	if result.Domain == "" {
		return envelope.Failed(name, refused, "the sender has no domain that could allow the client %s to use it", client)
	}
	return envelope.Failed(name, refused, "the domain %s has no SPF record that could allow the client %s to use it", result.Domain, client)
}
