package sender

import (
	"context"

	"mxrules.example/envelope"
)

// Resolves passes when DNS has an MX, A or AAAA record for the domain of the
// sender. The content of the MX record does not matter. A null MX (RFC 7505)
// counts: such a domain exists, and TakesMail fails for it with a status of its
// own. One record is enough, even if an earlier lookup failed. If there is none and
// a lookup failed, Resolves is a TempError.
//
// None: the null sender, an address literal, and a sender that does not parse.
//
// DNS: MX; if there is none, A and AAAA together, of which the first decides.
//
// Status: 550 5.1.8.
func Resolves(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "sender.resolves"
	if !e.Told(envelope.Mail) {
		return envelope.NotYet(check, envelope.Mail)
	}
	domain := domainOf(e)
	if domain == "" {
		return envelope.NotApplicable(check)
	}
	switch err := exists(ctx, r, domain); {
	case err == nil:
		return envelope.Passed(check)
	case !envelope.NotFound(err):
		return envelope.Temporary(check, err)
	}
	return envelope.Failed(check, noSuchDomain,
		"the domain %s of the sender has no MX, A or AAAA record in DNS", domain)
}

// exists returns nil if domain has an MX, A or AAAA record. Otherwise its error is
// that of the first lookup that failed, or not found if none did. Most domains have
// an MX record, so that the others are not asked for together with it.
func exists(ctx context.Context, r envelope.Resolver, domain envelope.Host) error {
	_, failure := envelope.LookupMX(ctx, r, string(domain))
	if failure == nil {
		return nil
	}
	for _, err := range envelope.Concurrently(ctx, []string{"ip4", "ip6"}, func(ctx context.Context, network string) error {
		_, err := envelope.LookupIP(ctx, r, network, string(domain))
		return err
	}) {
		if err == nil {
			return nil
		}
		if envelope.NotFound(failure) {
			failure = err
		}
	}
	return failure
}

// TakesMail passes unless the domain of the sender accepts no mail: its only MX
// record is null (RFC 7505). Neither a reply nor a failure report could be
// delivered to such a sender. A null MX next to other MX records, which RFC 7505,
// section 3 forbids, is ignored. Whether the domain exists is for Resolves.
//
// None: the null sender, an address literal, and a sender that does not parse.
//
// DNS: MX.
//
// Status: 550 5.7.27.
func TakesMail(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "sender.takesmail"
	if !e.Told(envelope.Mail) {
		return envelope.NotYet(check, envelope.Mail)
	}
	return pathOf(check, e).TakesMail(ctx, r, envelope.Status{Code: 550, Subject: 7, Detail: 27}) // RFC 7505, section 4.2
}
