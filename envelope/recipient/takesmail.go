package recipient

import (
	"context"
	"net"
	"slices"

	"mxrules.example/envelope"
)

// TakesMail passes unless the domain of the recipient says that it takes no
// mail: its only MX record is null (RFC 7505). That spares a sender days of
// waiting for a bounce. A null MX beside another one is a mistake of the domain
// and says nothing. Whether the domain exists is not asked: one without an MX
// record may have an address, and one that is gone for a moment may come back.
//
// The check is for mail that this server sends on. For its own domains it
// answers as well; a policy that does not want to ask DNS for these puts it
// behind the rule that takes their mail.
//
// None: an address literal, the bare postmaster, and a recipient that can't be
// read.
//
// DNS: MX.
func TakesMail(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "recipient.takesmail"
	if !e.Reached(envelope.Rcpt) {
		return envelope.NotYet(check, envelope.Rcpt)
	}
	mailbox, fault := read(e)
	if fault != "" || mailbox.Domain == "" {
		return envelope.NotApplicable(check)
	}
	hosts, err := envelope.LookupMX(ctx, r, string(mailbox.Domain))
	switch {
	case envelope.NotFound(err):
		return envelope.Passed(check)
	case err != nil:
		return envelope.Temporary(check, err)
	case slices.ContainsFunc(hosts, func(mx *net.MX) bool { return mx.Host != "." }):
		return envelope.Passed(check)
	}
	return envelope.Failed(check, envelope.Status{Code: 556, Subject: 1, Detail: 10}, // RFC 7505, section 4.1
		"the domain %s of the recipient takes no mail (its MX record is null)", mailbox.Domain)
}
