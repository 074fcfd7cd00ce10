package sender

import (
	"context"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/internal/pattern"
)

// Listed passes when a sender of one of our domains has a mailbox here. A
// mailbox that is disabled, full, or has moved passes as well: it exists, and
// there are mailboxes that send and never take mail. An unknown one fails with
// 550 5.1.0. A directory that can't answer is a TempError with 451 4.3.0.
//
// None: a sender of any other domain, for which the directory is not asked, or
// of one that is foreign to the directory; the null sender, and one that can't
// be read. Domains are patterns as in NotOurs. Without a directory, or with a
// pattern that can't be parsed, the check is misconfigured. The directory is asked
// once per judgement and mailbox, however many rules share the check.
func Listed(domains []string, mailboxes directory.Lookup) envelope.Check {
	const check = "sender.listed"
	ours, err := pattern.ParseSet(domains)
	if err != nil {
		return envelope.Misconfigured(check, envelope.Mail, err)
	}
	return mailboxes.At(check, envelope.Mail, func(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		mailbox, fault := read(e)
		if fault != "" || !ours.Contains(mailbox) {
			return envelope.NotApplicable(check)
		}
		switch answer, err := once(ctx, &mailboxes, mailbox, mailboxes.Ask); {
		case err != nil:
			return envelope.Unavailable(check, err)
		case answer == directory.Foreign:
			return envelope.NotApplicable(check)
		case answer == directory.Unknown:
			return envelope.Failed(check, envelope.Status{Code: 550, Subject: 1, Detail: 0},
				"the sender %s is in a domain of this site, and there is no such mailbox here", e.MailFrom)
		}
		return envelope.Passed(check)
	})
}

// question is what makes one question about a mailbox the same as another.
// Functions can't be compared, but the place where a check keeps its own can.
type question[F any] struct {
	asked  *F
	sender envelope.Mailbox
}

// once asks about a mailbox once per judgement. Asked is the place where the
// check keeps whom it asks.
func once[F, T any](ctx context.Context, asked *F, sender envelope.Mailbox, ask func(context.Context, envelope.Mailbox) (T, error)) (T, error) {
	return envelope.Once(ctx, question[F]{asked, sender}, func() (T, error) { return ask(ctx, sender) })
}
