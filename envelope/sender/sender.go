// Package sender checks the sender of mail: the reverse path of MAIL (RFC 5321,
// section 4.1.1.2).
//
// Failure reports go to the sender, and a client can write any address there.
// The checks answer two questions. Can a report arrive? A usable sender parses
// (Syntax), has a fully qualified domain (FQDN) that exists in DNS (Resolves),
// accepts mail at all (TakesMail), and has mail servers that can be reached
// (MXUsable) and that are named as the standard requires (MXNotAlias). May this client use the address? Strangers should not use our
// domains (NotOurs), our own clients should use no others (Ours), with a mailbox
// that exists (Listed) and belongs to the login (OwnedByLogin). In and Null are
// for conditions, and BounceToOne refuses failure reports to several recipients.
// None of this proves which domain sent a message: see packages spf and dmarc.
//
// The empty reverse path, "<>", is the null sender. Failure reports have it, so
// that they never cause further reports (RFC 5321, section 4.5.5), and every
// server must accept it (RFC 1123, section 5.2.9). For the null sender all checks
// except Null and BounceToOne are None.
//
// Every check parses the sender with [envelope.ParseMailbox], with SMTPUTF8 if
// the client asked for it. A source route before the address is ignored (RFC
// 5321, section 4.1.1.2 and appendix C). If the sender does not parse, Syntax
// fails and says why; Ours, In and OwnedByLogin fail too, because it is in no set
// and has no owner; the other checks are None.
//
// All checks answer from MAIL on, except BounceToOne, which waits for RCPT. The
// package does not verify senders by callouts: they load servers that have
// nothing to do with the mail.
package sender

import (
	"context"

	"mxrules.example/envelope"
	"mxrules.example/envelope/internal/path"
)

var (
	// unwanted is the status of checks that refuse a sender by local policy (RFC
	// 3463: delivery not authorized).
	unwanted = envelope.Status{Code: 550, Subject: 7, Detail: 1}
	// noSuchDomain is the status of a domain to which no mail can be sent (RFC
	// 3463: bad sender's system address).
	noSuchDomain = envelope.Status{Code: 550, Subject: 1, Detail: 8}
)

// Syntax passes when the sender is a mailbox (RFC 5321, section 4.1.2; RFC
// 6531, section 3.3 where SMTPUTF8 was asked for) of at most 254 octets. A local
// part of more than 64 octets passes, as [envelope.ParseMailbox] explains, and so
// does a source route before the mailbox. An address without a domain fails,
// postmaster too. None: the null sender.
//
// Status: 501 5.1.7.
func Syntax(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "sender.syntax"
	switch {
	case !e.Told(envelope.Mail):
		return envelope.NotYet(check, envelope.Mail)
	case isNull(e):
		return envelope.NotApplicable(check)
	}
	if _, fault := read(e); fault != "" {
		return envelope.Failed(check, envelope.Status{Code: 501, Subject: 1, Detail: 7},
			"the sender %s %s", e.MailFrom, fault)
	}
	return envelope.Passed(check)
}

// FQDN passes when the sender has a domain of two labels or more (RFC 5321,
// section 2.3.5). A local part alone, a domain of one label and an address
// literal fail. None: the null sender, and a sender that does not parse for
// another reason.
//
// Status: 504 5.1.8.
func FQDN(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "sender.fqdn"
	if !e.Told(envelope.Mail) {
		return envelope.NotYet(check, envelope.Mail)
	}
	return pathOf(check, e).FQDN(envelope.Status{Code: 504, Subject: 1, Detail: 8})
}

// Null passes when the sender is the null sender, which failure reports have (RFC
// 5321, section 4.5.5). It is for conditions: a server must accept such mail.
//
// Status: 550 5.7.1.
func Null(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "sender.null"
	switch {
	case !e.Told(envelope.Mail):
		return envelope.NotYet(check, envelope.Mail)
	case isNull(e):
		return envelope.Passed(check).Observed("the sender is the null sender")
	}
	return envelope.Failed(check, unwanted, "the sender %s is not the null sender", e.MailFrom)
}

// BounceToOne passes when mail from the null sender has one recipient. A failure
// report goes to the sender of the mail that failed (RFC 5321, section 6.1), and
// to no other address. The first recipient passes, and every later one fails;
// recipients that were refused do not count. None: any other sender. It answers
// from Rcpt on.
//
// Status: 550 5.5.3.
func BounceToOne(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "sender.bouncetoone"
	switch {
	case !e.Told(envelope.Rcpt):
		return envelope.NotYet(check, envelope.Rcpt)
	case !isNull(e):
		return envelope.NotApplicable(check)
	case e.Recipients > 0:
		return envelope.Failed(check, envelope.Status{Code: 550, Subject: 5, Detail: 3},
			"mail from the null sender has one recipient, and %s would be another", e.RcptTo)
	}
	return envelope.Passed(check)
}

func isNull(e *envelope.Envelope) bool { return e.MailFrom == "" }

// pathOf returns the sender as a check reads it.
func pathOf(check string, e *envelope.Envelope) path.Path {
	mailbox, fault := read(e)
	return path.Path{Check: check, Noun: "sender", Text: e.MailFrom, Mailbox: mailbox, Fault: fault}
}

// read parses the sender and drops its source route. The fault says why it does
// not parse. The null sender does not.
func read(e *envelope.Envelope) (m envelope.Mailbox, fault string) {
	m, err := envelope.ParseMailbox(e.MailFrom, e.SMTPUTF8)
	if err != nil {
		return envelope.Mailbox{}, err.(*envelope.SyntaxError).Reason
	}
	m.Route = "" // RFC 5321, appendix C: to be accepted and ignored
	return m, ""
}

// domainOf returns the domain of the sender, "" if there is none to look up.
func domainOf(e *envelope.Envelope) envelope.Host {
	mailbox, _ := read(e)
	return mailbox.Domain
}
