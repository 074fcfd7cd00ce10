package recipient

import (
	"context"

	"mxrules.example/envelope"
)

// TakesMail passes unless the domain of the recipient accepts no mail: its only MX
// record is null (RFC 7505). The sender learns at once what a bounce would say
// days later. A null MX next to other MX records is ignored. TakesMail does not ask
// whether the domain exists: a domain without an MX record may have an address, and
// a domain that has vanished may come back.
//
// The check is for mail that this server relays. It answers for our own domains too.
// To save their DNS lookups, put it after the rule that accepts their mail.
//
// None: an address literal, the bare postmaster, and a recipient that does not
// parse.
//
// DNS: MX.
//
// Status: 556 5.1.10.
func TakesMail(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "recipient.takesmail"
	if !e.Told(envelope.Rcpt) {
		return envelope.NotYet(check, envelope.Rcpt)
	}
	return pathOf(check, e).TakesMail(ctx, r, envelope.Status{Code: 556, Subject: 1, Detail: 10}) // RFC 7505, section 4.1
}
