package sender

import (
	"context"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/internal/pattern"
)

// Listed passes when a sender of one of our domains has a mailbox here. A
// mailbox that is disabled, full, or has moved passes too: it exists, and some
// mailboxes only send. An unknown one fails. If the directory fails, Listed is a
// TempError.
//
// None: the null sender, a sender that does not parse, one of any other domain, for
// which the directory is not asked, and one whose domain is foreign to the
// directory. Domains are patterns as in NotOurs. The check is misconfigured without
// a directory, or if a pattern does not parse. The directory is asked once per
// judgement and mailbox, however many rules share the check.
//
// Status: 550 5.1.0; if the directory fails 451 4.3.0.
func Listed(domains []string, mailboxes directory.Lookup) envelope.Check {
	const check = "sender.listed"
	ours, err := pattern.ParseSet(domains)
	if err != nil {
		return envelope.Misconfigured(check, envelope.Mail, err)
	}
	return envelope.WithoutClient(mailboxes.At(check, envelope.Mail, func(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		mailbox, fault := read(e)
		if fault != "" || !ours.Contains(mailbox) {
			return envelope.NotApplicable(check)
		}
		switch answer, err := mailboxes.Ask(ctx, mailbox); {
		case err != nil:
			return envelope.Unavailable(check, err)
		case answer == directory.Foreign:
			return envelope.NotApplicable(check)
		case answer == directory.Unknown:
			return envelope.Failed(check, envelope.Status{Code: 550, Subject: 1, Detail: 0},
				"the sender %s is in a domain of this site, and there is no such mailbox here", e.MailFrom)
		}
		return envelope.Passed(check)
	}))
}
