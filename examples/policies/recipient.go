package policies

import (
	"context"
	"strings"

	"mxrules.example/envelope"
)

// recipientOurs passes when a recipient is in one of the domains, so that the
// mail ends here. With it a policy closes the relay, so that it never is None:
// what is no address, or was forgotten, fails. What asks to be sent on is
// foreign, whatever its domain: see forwards. The bare postmaster is ours (RFC
// 5321, section 4.5.1).
func recipientOurs(ours domains) envelope.Check {
	const check = "recipient.ours"
	return envelope.At(check, envelope.Rcpt, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		noAddress := envelope.Status{Code: 501, Subject: 1, Detail: 3}
		switch {
		case e.RcptTo == "":
			return envelope.Failed(check, noAddress, "there is no recipient")
		case isBarePostmaster(e.RcptTo):
			return envelope.Passed(check)
		}
		mailbox, err := envelope.ParseMailbox(e.RcptTo, e.SMTPUTF8)
		if err != nil {
			return envelope.Failed(check, noAddress, "the recipient is no address of mail: %s", err)
		}
		switch {
		case forwards(mailbox):
			return relayDenied(check, "%s asks this server to send the mail on", e.RcptTo)
		case !ours[mailbox.Domain]:
			return relayDenied(check, "this server takes no mail for %s", e.RcptTo)
		}
		return envelope.Passed(check)
	})
}

// relayDenied is the finding that mail would have to be sent on. Most who read
// it are customers with a mail program that does not log in.
func relayDenied(check, reason, recipient string) envelope.Finding {
	f := envelope.Failed(check, envelope.Status{Code: 554, Subject: 7, Detail: 1},
		"relay access denied: "+reason, recipient).SuggestLogin()
	f.Deferral = envelope.Status{Code: 454, Subject: 7, Detail: 1}
	return f
}

// recipientListed passes when the mailbox of a recipient exists. None: a
// recipient that is not in one of the domains, which recipientOurs refuses
// unless the client may relay, and any recipient if exists is nil.
func recipientListed(ours domains, exists func(context.Context, envelope.Mailbox) (bool, error)) envelope.Check {
	const check = "recipient.listed"
	return envelope.At(check, envelope.Rcpt, func(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if isBarePostmaster(e.RcptTo) {
			return envelope.Passed(check)
		}
		mailbox, err := envelope.ParseMailbox(e.RcptTo, e.SMTPUTF8)
		if exists == nil || err != nil || forwards(mailbox) || !ours[mailbox.Domain] {
			return envelope.NotApplicable(check)
		}
		switch found, err := exists(ctx, mailbox); {
		case err != nil:
			f := envelope.Temporary(check, err)
			f.Status = envelope.Status{Code: 451, Subject: 3, Detail: 0}
			return f
		case found:
			return envelope.Passed(check)
		}
		return envelope.Failed(check, envelope.Status{Code: 550, Subject: 1, Detail: 1},
			"there is no mailbox %s here", e.RcptTo)
	})
}

// forwards reports whether a mailbox asks that mail for it be sent on: by a
// source route (RFC 5321, appendix C), or by an address inside its local part,
// as in user%other@here (RFC 1123, section 5.2.16), other!user@here (RFC 976)
// and "user@other"@here. A server behind this one might still follow them, and
// would take us for a friend.
func forwards(m envelope.Mailbox) bool {
	return m.Route != "" || strings.ContainsAny(m.Local, "%!@")
}

// isBarePostmaster reports whether path is the one recipient that needs no
// domain, in any letter case (RFC 5321, section 4.5.1).
func isBarePostmaster(path string) bool { return strings.EqualFold(path, "postmaster") }
