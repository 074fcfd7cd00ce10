package sender

import (
	"context"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
)

// OwnedByLogin passes when the login of the client owns the sender: when it is
// one of those that owners has for that address. A login may own many addresses,
// and an address may have many owners. The letter case of a login does not
// matter (RFC 8265, section 3.3). An address that nobody owns fails, and so does
// one that can't be read. An error of owners is a TempError with 451 4.3.0.
//
// None: the null sender, and a client that has not logged in, which owns and
// claims nothing. Whether somebody may write in our name without a login is for
// NotOurs to say. One rule for both lets everybody write in the name of others:
//
//	envelope.Any(sender.OwnedByLogin(owners), sender.NotOurs(domains...))
//
// Without owners the check is misconfigured. They are asked once per judgement and
// sender, however many rules share the check.
func OwnedByLogin(owners directory.Owners) envelope.Check {
	const check = "sender.ownedbylogin"
	return owners.At(check, envelope.Mail, func(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if isNull(e) || e.Login == "" {
			return envelope.NotApplicable(check)
		}
		if mailbox, fault := read(e); fault == "" {
			logins, err := once(ctx, &owners, mailbox, owners)
			if err != nil {
				return envelope.Unavailable(check, err)
			}
			if directory.HasLogin(logins, e.Login) {
				return envelope.Passed(check)
			}
		}
		return envelope.Failed(check, envelope.Status{Code: 553, Subject: 7, Detail: 1},
			"the login %s does not own the sender address %s", e.Login, e.MailFrom)
	})
}
