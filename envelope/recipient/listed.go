package recipient

import (
	"context"
	"errors"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
)

// Listed passes when the directory knows the mailbox of the recipient. It fails for
// a mailbox that is unknown, disabled, or has moved; the reply does not have the new
// address. A full mailbox and a directory that fails are a TempError.
//
// None: a domain that is foreign to the directory, which Ours is for; the bare
// postmaster, which every server must accept (RFC 5321, section 4.5.1); and a
// recipient that does not parse. A source route is ignored (RFC 5321, appendix C).
// The check is misconfigured without a directory. The directory is asked once per
// judgement and mailbox, however many rules share the check.
//
// Status: 550 5.1.1 for an unknown mailbox, 550 5.2.1 for a disabled one, 551 5.1.6
// for one that has moved, 452 4.2.2 for a full one; if the directory fails 451 4.3.0.
func Listed(mailboxes directory.Lookup) envelope.Check {
	const check = "recipient.listed"
	return envelope.WithoutClient(mailboxes.At(check, envelope.Rcpt, func(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		mailbox, fault := read(e)
		if fault != "" || isBare(mailbox) {
			return envelope.NotApplicable(check)
		}
		answer, err := mailboxes.Ask(ctx, mailbox)
		if err != nil {
			return envelope.Unavailable(check, err)
		}
		return fromAnswer(check, answer, e.RcptTo)
	}))
}

// fromAnswer returns the finding for an answer of a directory.
func fromAnswer(check string, answer directory.Answer, recipient string) envelope.Finding {
	switch answer {
	case directory.Known:
		return envelope.Passed(check)
	case directory.Unknown:
		return envelope.Failed(check, envelope.Status{Code: 550, Subject: 1, Detail: 1},
			"there is no mailbox %s here", recipient)
	case directory.Disabled:
		return envelope.Failed(check, envelope.Status{Code: 550, Subject: 2, Detail: 1},
			"the mailbox %s is disabled", recipient)
	case directory.Moved: // RFC 3463, X.1.6: no forwarding address
		return envelope.Failed(check, envelope.Status{Code: 551, Subject: 1, Detail: 6},
			"the mailbox %s has moved", recipient)
	case directory.Full:
		f := envelope.Temporary(check, errors.New("the mailbox is full")).Observed("the mailbox %s is full", recipient)
		f.Status = envelope.Status{Code: 452, Subject: 2, Detail: 2}
		return f
	}
	return envelope.NotApplicable(check) // Foreign
}
