package sender

import (
	"context"

	"mxrules.example/envelope"
	"mxrules.example/envelope/internal/pattern"
)

// NotOurs passes when the sender is in none of our domains. A stranger who
// writes in the name of one is nearly always a forger; but a mailing list or a
// forwarder may bring back the mail of our own users, so that a rule may ask for
// proof instead of refusing everybody:
//
//	verdict.RejectUnless(envelope.Any(sender.NotOurs(domains...), spf.Pass)).Unless(sender.Null)
//
// (Any takes spf.Pass alone where NotOurs is None, and few servers have an SPF
// record for the name in their greeting.) The check does not know who is a
// stranger; a policy lets those who have logged in through by a rule before.
//
// Domains are patterns of mailboxes (package envelope has their grammar):
// "example.org" is that one domain, ".example.org" every domain below it and not
// itself. With one that can't be parsed the check is misconfigured. None: the null
// sender, and one that can't be read.
func NotOurs(domains ...string) envelope.Check {
	const check = "sender.notours"
	ours, err := pattern.ParseSet(domains)
	if err != nil {
		return envelope.Misconfigured(check, envelope.Mail, err)
	}
	return envelope.At(check, envelope.Mail, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		switch mailbox, fault := read(e); {
		case fault != "": // the null sender too
			return envelope.NotApplicable(check)
		case ours.Contains(mailbox):
			return envelope.Failed(check, unwanted,
				"the sender %s is in a domain of this site", e.MailFrom).SuggestLogin()
		}
		return envelope.Passed(check)
	})
}

// Ours passes when the sender is in one of our domains. It is for clients that
// are let in by their network or their login, and that should write in our name
// only. Anybody can write in it, so that Ours alone is no reason to accept.
//
// Domains are as in NotOurs. A sender that can't be read fails. None: the null
// sender.
func Ours(domains ...string) envelope.Check {
	const check = "sender.ours"
	ours, err := pattern.ParseSet(domains)
	if err != nil {
		return envelope.Misconfigured(check, envelope.Mail, err)
	}
	return envelope.At(check, envelope.Mail, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		switch mailbox, fault := read(e); {
		case isNull(e):
			return envelope.NotApplicable(check)
		case fault == "" && ours.Contains(mailbox):
			return envelope.Passed(check).Observed("the sender %s is in a domain of this site", e.MailFrom)
		}
		return envelope.Failed(check, unwanted, "the sender %s is in no domain of this site", e.MailFrom)
	})
}

// In passes when the sender matches one of the patterns (package envelope has
// their grammar): "ann@example.org" is that mailbox, in any letter case;
// "example.org" every mailbox of that domain, ".example.org" of all domains below
// it. A sender that can't be read matches none and fails. None: the null sender.
//
// Anybody can write any sender, so that In alone is no reason to accept. With a
// pattern that can't be parsed the check is misconfigured.
func In(patterns ...string) envelope.Check {
	set, err := pattern.ParseSet(patterns)
	if err != nil {
		return envelope.Misconfigured("sender.in", envelope.Mail, err)
	}
	return InSet(envelope.SetOf(set.Contains))
}

// InSet is In for a set that patterns can't describe. It is asked once per
// answer, with the local part in the letter case in which it came, and without a
// source route.
func InSet(set envelope.Set[envelope.Mailbox]) envelope.Check {
	const check = "sender.in"
	return set.At(check, envelope.Mail, func(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if isNull(e) {
			return envelope.NotApplicable(check)
		}
		if mailbox, fault := read(e); fault == "" {
			switch in, err := set(ctx, mailbox); {
			case err != nil:
				return envelope.Unavailable(check, err)
			case in:
				return envelope.Passed(check).Observed("the sender %s is in the list of senders", e.MailFrom)
			}
		}
		return envelope.Failed(check, unwanted, "the sender %s is not in the list of senders", e.MailFrom)
	})
}
