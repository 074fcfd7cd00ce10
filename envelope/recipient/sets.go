package recipient

import (
	"context"

	"mxrules.example/envelope"
	"mxrules.example/envelope/internal/pattern"
)

// roles are the mailboxes that RFC 2142 asks every domain to have (sections 4
// and 5), and the one that people try when they don't know better.
var roles = [...]string{pattern.Postmaster, "abuse", "security", "admin"}

// Role passes when the recipient is one of the role addresses of our domains:
// postmaster, abuse, security and admin, or those of the names given. The bare
// postmaster is one, if postmaster is. Those who are refused everything else
// can write there, and be told why:
//
//	verdict.RejectUnless(recipient.Listed(mailboxes)),
//	verdict.AcceptIf(recipient.Role(ours)),
//
// Domains are as in Ours, and what Ours would not pass Role does not pass
// either. Names are local parts, in any letter case (RFC 2142, section 2). With a
// domain or a name that can't be parsed the check is misconfigured.
func Role(domains []string, names ...string) envelope.Check {
	const check = "recipient.role"
	ours, err := parsePatterns(domains)
	if err != nil {
		return envelope.Misconfigured(check, envelope.Rcpt, err)
	}
	if len(names) == 0 {
		names = roles[:]
	}
	role := make(map[string]bool, len(names))
	for _, name := range names {
		m, err := envelope.ParseMailbox(name+"@invalid", true)
		if err != nil || asksOn(m) {
			err = &envelope.SyntaxError{Kind: "role", Value: name, Reason: "is no local part"}
			return envelope.Misconfigured(check, envelope.Rcpt, err)
		}
		role[pattern.FoldCase(m.Local)] = true
	}
	return envelope.At(check, envelope.Rcpt, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		mailbox, fault := read(e)
		if fault == "" && !asksOn(mailbox) && role[pattern.FoldCase(mailbox.Local)] && (isBare(mailbox) || ours.Contains(mailbox)) {
			return envelope.Passed(check).Observed("the recipient %s is a role address of this site", e.RcptTo)
		}
		return envelope.Failed(check, refusal, "the recipient %s is no role address of this site", e.RcptTo)
	})
}

// In passes when the recipient matches one of the patterns (package envelope has
// their grammar). "ann@example.org" is that mailbox, in any letter case;
// "example.org" every mailbox of that domain, ".example.org" of all domains below
// it, "[192.0.2.1]" of that address literal; and "postmaster" is the bare
// postmaster, which no other pattern matches. A recipient that asks to be sent on
// (see the package documentation) or that can't be read matches none.
//
// It is for conditions, such as the mailboxes whose owners do not want their
// mail to wait. With a pattern that can't be parsed, or that asks to be sent on,
// the check is misconfigured.
func In(patterns ...string) envelope.Check {
	set, err := parsePatterns(patterns)
	if err != nil {
		return envelope.Misconfigured("recipient.in", envelope.Rcpt, err)
	}
	return InSet(envelope.SetOf(set.Contains))
}

// InSet is In for a set that patterns can't describe, such as what users have
// chosen for themselves. It is asked once per answer, with the local part in the
// letter case in which it came; the bare postmaster has neither domain nor
// literal.
func InSet(set envelope.Set[envelope.Mailbox]) envelope.Check {
	const check = "recipient.in"
	return set.At(check, envelope.Rcpt, func(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if mailbox, fault := read(e); fault == "" && !asksOn(mailbox) {
			switch in, err := set(ctx, mailbox); {
			case err != nil:
				return envelope.Unavailable(check, err)
			case in:
				return envelope.Passed(check).Observed("the recipient %s is in the list of recipients", e.RcptTo)
			}
		}
		return envelope.Failed(check, refusal, "the recipient %s is not in the list of recipients", e.RcptTo)
	})
}
