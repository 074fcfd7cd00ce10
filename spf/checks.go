package spf

import (
	"context"

	"mxrules.example/envelope"
)

var (
	// refused is the status of a client that may not use the domain (RFC 7372,
	// section 3.2: SPF validation failed).
	refused = envelope.Status{Code: 550, Subject: 7, Detail: 23}
	// broken is the status of a domain whose records are wrong (RFC 7372,
	// section 3.2: SPF validation error).
	broken = envelope.Status{Code: 550, Subject: 7, Detail: 24}
	// deferred is that status where DNS failed.
	deferred = envelope.Status{Code: 451, Subject: 7, Detail: 24}
)

// NotFail passes unless SPF says of the sender that the client may not use its
// domain: the result is fail. Of the null sender the HELO name is asked. None:
// no domain to ask, or no record. PermError: the records are wrong. It answers
// from Mail on. The Detail is a *[Result].
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
	return c.check(ctx, r, e, "spf.notfail", MailFrom, func(word Word) bool { return word == WordFail })
}

// NotSoftFail is the check of that name with the settings of c.
func (c *Checker) NotSoftFail(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return c.check(ctx, r, e, "spf.notsoftfail", MailFrom, func(word Word) bool {
		return word == WordFail || word == WordSoftFail
	})
}

// Pass is the check of that name with the settings of c.
func (c *Checker) Pass(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return c.check(ctx, r, e, "spf.pass", MailFrom, func(word Word) bool { return word != WordPass })
}

// HeloNotFail is the check of that name with the settings of c.
func (c *Checker) HeloNotFail(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return c.check(ctx, r, e, "spf.helonotfail", Helo, func(word Word) bool { return word == WordFail })
}

// Valid is the check of that name with the settings of c.
func (c *Checker) Valid(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return c.check(ctx, r, e, "spf.valid", MailFrom, func(word Word) bool { return word == WordPermError })
}

// check makes a finding of an evaluation. What bad is true of fails; a
// permerror and none of which it is not true have their own outcomes.
func (c *Checker) check(ctx context.Context, r envelope.Resolver, e *envelope.Envelope, name string, identity Identity, bad func(Word) bool) envelope.Finding {
	from := envelope.Mail
	in := Input{ClientIP: e.Client(), Helo: e.Helo, Identity: identity, Now: e.Now}
	if identity == Helo {
		from = envelope.Helo
	}
	if !e.Reached(from) {
		return envelope.NotYet(name, from)
	}
	if identity == MailFrom {
		in.MailFrom = e.MailFrom
	}
	result := c.shared(ctx, r, in)
	unknown := result.Problem != nil && result.Problem.Kind == UnknownClient
	switch {
	case result.Word == WordTempError || result.Shaky != nil:
		return unanswered(name, &result)
	case unknown && name == "spf.valid": // no record was read
		return envelope.Permanent(name, broken, "%s", result.Problem).With(&result)
	case bad(result.Word):
		return failed(name, in.ClientIP.String(), &result)
	case result.Word == WordPermError:
		return envelope.Permanent(name, broken, "%s", result.Problem).With(&result)
	case result.Word == WordNone:
		return envelope.NotApplicable(name).With(&result)
	}
	return envelope.Passed(name).With(&result)
}

// unanswered is the finding that DNS gave no answer.
func unanswered(name string, result *Result) envelope.Finding {
	err := result.Shaky
	if result.Problem != nil {
		err = result.Problem
	}
	f := envelope.Temporary(name, err)
	f.Status = deferred
	return f.With(result)
}

// failed is the finding that the result is not what the check is named for.
func failed(name, client string, result *Result) envelope.Finding {
	var f envelope.Finding
	switch result.Word {
	case WordFail, WordSoftFail, WordNeutral:
		said := map[Word]string{WordFail: "is not allowed", WordSoftFail: "is probably not allowed", WordNeutral: "is not said to be allowed"}
		f = envelope.Failed(name, refused, "the client %s %s to use the domain %s by its SPF record",
			client, said[result.Word], result.Domain)
		if result.Explanation != "" {
			// What a stranger wrote never stands alone (RFC 7208, section 11.5).
			f = envelope.Failed(name, refused, "the client %s is not allowed to use the domain %s by its SPF record; the domain says: %s",
				client, result.Domain, result.Explanation)
		}
	case WordPermError:
		f = envelope.Failed(name, broken, "the client %s can't be shown to belong to the domain %s: %s", client, result.Domain, result.Problem)
	default:
		if result.Domain == "" {
			f = envelope.Failed(name, refused, "the sender has no domain that SPF could be asked about")
		} else {
			f = envelope.Failed(name, refused, "the domain %s has no SPF record that allows the client %s", result.Domain, client)
		}
	}
	return f.With(result)
}
