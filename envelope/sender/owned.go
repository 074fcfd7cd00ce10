package sender

import (
	"context"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
)

// OwnedByLogin passes when the login of the client is one of the owners of the
// sender. A login may own many addresses, and an address may have many owners. The
// letter case of a login does not matter (RFC 8265, section 3.3). An address
// without owners fails, and so does a sender that does not parse. If owners fails,
// OwnedByLogin is a TempError.
//
// None: the null sender, and a client that is not authenticated. NotOurs is the
// check for those. Combined with Any, the two would let every login use foreign
// addresses that it does not own:
//
//	envelope.Any(sender.OwnedByLogin(owners), sender.NotOurs(domains...))
//
// The check is misconfigured without owners. owners is called once per judgement and
// sender, however many rules share the check.
//
// Status: 553 5.7.1; if owners fails 451 4.3.0.
func OwnedByLogin(owners directory.Owners) envelope.Check {
	const check = "sender.ownedbylogin"
	return owners.At(check, envelope.Mail, func(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if isNull(e) || e.Login == "" {
			return envelope.NotApplicable(check)
		}
		if mailbox, fault := read(e); fault == "" {
			switch owned, err := owners.Ask(ctx, mailbox, e.Login); {
			case err != nil:
				return envelope.Unavailable(check, err)
			case owned:
				return envelope.Passed(check)
			}
		}
		return envelope.Failed(check, envelope.Status{Code: 553, Subject: 7, Detail: 1},
			"the login %s does not own the sender address %s", e.Login, e.MailFrom)
	})
}
