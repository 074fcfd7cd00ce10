// Package sender checks from whom mail claims to be: the reverse path of MAIL
// (RFC 5321, section 4.1.1.2).
//
// The sender is where a failure would be reported to, and anybody can write
// there what he likes. So the questions are of two kinds. Could a report arrive?
// A good address can be read (Syntax), has a full domain (FQDN) that exists in
// DNS (Resolves), takes mail at all (TakesMail), and names mail servers that can
// be reached (MXUsable). And may this client write in that name? A stranger
// should not use our domains (NotOurs), our own clients should use nothing else
// (Ours), with a mailbox that exists (Listed) and that is theirs
// (OwnedByLogin). In and Null are for conditions, and BounceToOne knows a report
// of a failure by its empty sender. None of this proves who sent a message: that
// is for packages spf and dmarc.
//
// The empty reverse path, "<>", is the null sender. Reports of failures have it,
// so that they can't cause more reports (RFC 5321, section 4.5.5), and every
// server must take it (RFC 1123, section 5.2.9). To the null sender all checks
// but Null and BounceToOne are None.
//
// Every check reads the sender in the same way: as RFC 5321, section 4.1.2
// writes it, or RFC 6531 where SMTPUTF8 was asked for, with its domain in the
// one form in which names are compared (A-labels, lower case, no final dot). A
// source route before the address is ignored (RFC 5321, section 4.1.1.2 and
// appendix C). Where the sender can't be read, Syntax fails and says why; Ours
// and In fail too, because what can't be read is in no set, and OwnedByLogin,
// because it is nobody's; the questions of the others do not arise.
//
// All checks answer from MAIL on, but for BounceToOne, which waits for RCPT.
// The package sends no mail to find out whether an address works: callouts
// load servers that have nothing to do with it.
package sender

import (
	"context"

	"mxrules.example/envelope"
	"mxrules.example/envelope/internal/path"
)

var (
	// unwanted is the status of the checks that refuse a sender by the site's own
	// choice (RFC 3463: delivery not authorized).
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
func Syntax(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "sender.syntax"
	switch {
	case !e.Reached(envelope.Mail):
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
// literal fail. None: the null sender, and one that can't be read for another
// reason.
func FQDN(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "sender.fqdn"
	if !e.Reached(envelope.Mail) {
		return envelope.NotYet(check, envelope.Mail)
	}
	mailbox, fault := read(e)
	return path.Path{Noun: "sender", Text: e.MailFrom, Mailbox: mailbox, Fault: fault}.FQDN(
		check, envelope.Status{Code: 504, Subject: 1, Detail: 8})
}

// Null passes when the sender is the null sender, which reports of failures
// have (RFC 5321, section 4.5.5). It is for conditions: a server must take such
// mail.
func Null(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "sender.null"
	switch {
	case !e.Reached(envelope.Mail):
		return envelope.NotYet(check, envelope.Mail)
	case isNull(e):
		return envelope.Passed(check).Observed("the sender is the null sender")
	}
	return envelope.Failed(check, unwanted, "the sender %s is not the null sender", e.MailFrom)
}

// BounceToOne passes when mail from the null sender has one recipient. A report
// of a failure goes to the one sender of the mail that failed (RFC 5321, section
// 6.1), so that one to several is none. The first recipient stands, and each
// that comes after it fails. It counts the recipients that were accepted, so
// that addresses tried in vain do no harm. None: any other sender. It answers
// from Rcpt on.
func BounceToOne(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "sender.bouncetoone"
	switch {
	case !e.Reached(envelope.Rcpt):
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

// read takes a sender for the mailbox that it is, without its source route, or
// gives the fault for which it is none. The null sender is none.
func read(e *envelope.Envelope) (m envelope.Mailbox, fault string) {
	m, err := envelope.ParseMailbox(e.MailFrom, e.SMTPUTF8)
	if err != nil {
		return envelope.Mailbox{}, err.(*envelope.SyntaxError).Reason
	}
	m.Route = "" // RFC 5321, appendix C: to be accepted and ignored
	return m, ""
}

// domainOf returns the domain of the sender that DNS can be asked for, "" if
// there is none.
func domainOf(e *envelope.Envelope) envelope.Host {
	mailbox, _ := read(e)
	return mailbox.Domain
}
