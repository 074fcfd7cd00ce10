package recipient

import (
	"context"

	"mxrules.example/envelope"
	"mxrules.example/envelope/internal/pattern"
)

// roles are mailboxes that RFC 2142 asks every domain to have (sections 4 and 5),
// and admin, which is often tried first.
var roles = [...]string{pattern.Postmaster, "abuse", "security", "admin"}

// Role passes when the recipient is one of the role addresses of our domains:
// postmaster, abuse, security and admin, or instead of these the given names. If
// postmaster is among the names, the bare postmaster passes too. Mail to a role
// address should be accepted even from senders that are otherwise refused, so that
// they can ask why:
//
//	verdict.RejectUnless(recipient.Listed(mailboxes)),
//	verdict.AcceptIf(recipient.Role(ours)),
//
// Domains are as in Ours, and a recipient that Ours fails for its form fails here
// too. Names are local parts, in any letter case (RFC 2142, section 2). The check is
// misconfigured if a domain or a name does not parse.
//
// Status: 550 5.7.1.
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
			err = &envelope.SyntaxError{Kind: "role", Value: name, Reason: "is not a local part"}
			return envelope.Misconfigured(check, envelope.Rcpt, err)
		}
		role[pattern.FoldCase(m.Local)] = true
	}
	return envelope.WithoutClient(envelope.At(check, envelope.Rcpt, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		mailbox, fault := read(e)
		if fault == "" && !asksOn(mailbox) && role[pattern.FoldCase(mailbox.Local)] && (isBare(mailbox) || ours.Contains(mailbox)) {
			return envelope.Passed(check).Observed("the recipient %s is a role address of this site", e.RcptTo)
		}
		return envelope.Failed(check, refusal, "the recipient %s is no role address of this site", e.RcptTo)
	}))
}

// In passes when the recipient matches one of the patterns (their grammar is in
// package envelope): "ann@example.org" is that mailbox, in any letter case;
// "example.org" every mailbox of that domain, ".example.org" of all domains below
// it, "[192.0.2.1]" of that address literal; "postmaster" is the bare postmaster,
// which no other pattern matches. A recipient that asks to be relayed (see the
// package documentation) or that does not parse matches none and fails.
//
// In is for conditions, such as the mailboxes whose owners do not want greylisting.
// The check is misconfigured if a pattern does not parse or asks to be relayed.
//
// Status: 550 5.7.1.
func In(patterns ...string) envelope.Check {
	set, err := parsePatterns(patterns)
	if err != nil {
		return envelope.Misconfigured("recipient.in", envelope.Rcpt, err)
	}
	return InSet(envelope.SetOf(set.Contains))
}

// InSet is In for a set that patterns can't describe, such as what users have
// chosen for themselves. The set is called once per finding, with the local part
// in its original letter case; the bare postmaster has neither domain nor literal.
//
// Status: as In.
func InSet(set envelope.Set[envelope.Mailbox]) envelope.Check {
	const check = "recipient.in"
	return envelope.WithoutClient(set.At(check, envelope.Rcpt, func(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		p := pathOf(check, e)
		if asksOn(p.Mailbox) {
			p.Fault = "asks to be relayed"
		}
		return p.In(ctx, set, refusal)
	}))
}
