package sender

import (
	"context"

	"mxrules.example/envelope"
	"mxrules.example/envelope/internal/pattern"
)

// NotOurs passes when the sender is in none of our domains. Mail from outside
// with a sender of ours is nearly always forged, but mailing lists and forwarders
// may return the mail of our own users. A rule can therefore accept proof:
//
//	verdict.RejectUnless(envelope.Any(sender.NotOurs(domains...), spf.Pass)).Unless(sender.Null)
//
// (For the null sender NotOurs is None, so Any would require spf.Pass of the HELO
// name, and few servers have an SPF record for that name.) The check does not know
// which clients are ours: an earlier rule must accept them.
//
// Domains are patterns of mailboxes (their grammar is in package envelope):
// "example.org" is that domain, ".example.org" every domain below it and not itself.
// The check is misconfigured if a pattern does not parse. None: the null sender, and
// a sender that does not parse.
//
// Status: 550 5.7.1.
func NotOurs(domains ...string) envelope.Check {
	const check = "sender.notours"
	ours, err := pattern.ParseSet(domains)
	if err != nil {
		return envelope.Misconfigured(check, envelope.Mail, err)
	}
	return envelope.WithoutClient(envelope.At(check, envelope.Mail, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		switch mailbox, fault := read(e); {
		case fault != "": // the null sender too
			return envelope.NotApplicable(check)
		case ours.Contains(mailbox):
			return envelope.Failed(check, unwanted,
				"the sender %s is in a domain of this site", e.MailFrom).SuggestLogin()
		}
		return envelope.Passed(check)
	}))
}

// Ours passes when the sender is in one of our domains. It is for clients that are
// accepted by their network or login and should use our domains only. A client can
// write any sender: do not accept mail because of Ours alone.
//
// Domains are as in NotOurs. A sender that does not parse fails. None: the null
// sender.
//
// Status: 550 5.7.1.
func Ours(domains ...string) envelope.Check {
	const check = "sender.ours"
	ours, err := pattern.ParseSet(domains)
	if err != nil {
		return envelope.Misconfigured(check, envelope.Mail, err)
	}
	return envelope.WithoutClient(envelope.At(check, envelope.Mail, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		switch mailbox, fault := read(e); {
		case isNull(e):
			return envelope.NotApplicable(check)
		case fault == "" && ours.Contains(mailbox):
			return envelope.Passed(check).Observed("the sender %s is in a domain of this site", e.MailFrom)
		}
		return envelope.Failed(check, unwanted, "the sender %s is in no domain of this site", e.MailFrom)
	}))
}

// In passes when the sender matches one of the patterns (their grammar is in
// package envelope): "ann@example.org" is that mailbox, in any letter case;
// "example.org" every mailbox of that domain, ".example.org" of all domains below
// it. A sender that does not parse matches none and fails. None: the null sender.
//
// A client can write any sender: do not accept mail because of In alone. The check
// is misconfigured if a pattern does not parse.
//
// Status: 550 5.7.1.
func In(patterns ...string) envelope.Check {
	set, err := pattern.ParseSet(patterns)
	if err != nil {
		return envelope.Misconfigured("sender.in", envelope.Mail, err)
	}
	return InSet(envelope.SetOf(set.Contains))
}

// InSet is In for a set that patterns can't describe. The set is called once per
// finding, with the local part in its original letter case and without a source
// route.
//
// Status: as In.
func InSet(set envelope.Set[envelope.Mailbox]) envelope.Check {
	const check = "sender.in"
	return envelope.WithoutClient(set.At(check, envelope.Mail, func(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if isNull(e) {
			return envelope.NotApplicable(check)
		}
		return pathOf(check, e).In(ctx, set, unwanted)
	}))
}
