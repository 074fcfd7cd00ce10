// Package recipient checks for whom mail is: the forward path of RCPT (RFC 5321,
// section 4.1.1.3).
//
// Two of its questions every server must ask. Is the mail for a domain of this
// site (Ours)? A server that sends on what strangers give it for others is an
// open relay, and is found and used within hours. And does the mailbox exist
// (Listed)? What is taken and can't be delivered goes back to a sender who is
// nearly always forged. The other checks say whether the path can be read
// (Syntax), names a full domain (FQDN) that takes mail at all (TakesMail), and
// whether it is one of the addresses that must always be reachable (Role) or of
// those that a site has chosen (In).
//
// Every check reads the recipient in the same way: as RFC 5321, section 4.1.2
// writes it, or RFC 6531 where SMTPUTF8 was asked for, with its domain in the
// one form in which names are compared (A-labels, lower case, no final dot).
// Where it can't be read, Syntax fails and says why; Ours, Role and In fail too,
// because what can't be read is in no set; the questions of FQDN, Listed and
// TakesMail do not arise.
//
// The bare word postmaster, in any letter case, is a recipient without a domain
// that every server must take (RFC 5321, section 4.5.1). Syntax, FQDN, Ours and
// Role pass it, and Listed and TakesMail have nothing to ask.
//
// Some recipients ask this server to send the mail on, though their domain is
// one of ours: by a source route (RFC 5321, appendix C), or by another address
// inside the local part, as in user%other@here (RFC 1123, section 5.2.16),
// other!user@here (RFC 976) and "user@other"@here. This server may not follow
// them, but one behind it might, and would take us for a friend. So they count
// as foreign: Ours, Role and In never pass them.
//
// All checks answer from RCPT on. They know nothing of who sends: a policy lets
// those who may relay through by a rule before Ours. What a site knows of its
// mailboxes is package envelope/directory.
package recipient

import (
	"context"

	"mxrules.example/envelope"
	"mxrules.example/envelope/internal/path"
	"mxrules.example/envelope/internal/pattern"
)

// refusal is the status of the checks that refuse a recipient by the site's own
// choice (RFC 3463: delivery not authorized).
var refusal = envelope.Status{Code: 550, Subject: 7, Detail: 1}

// Syntax passes when the recipient is a mailbox (RFC 5321, section 4.1.2; RFC
// 6531, section 3.3 where SMTPUTF8 was asked for) of at most 254 octets, or the
// bare postmaster. A local part of more than 64 octets passes, as
// [envelope.ParseMailbox] explains, and so does a source route before the mailbox
// (RFC 5321, appendix C). No recipient at all fails.
func Syntax(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "recipient.syntax"
	if !e.Reached(envelope.Rcpt) {
		return envelope.NotYet(check, envelope.Rcpt)
	}
	status := envelope.Status{Code: 501, Subject: 1, Detail: 3}
	if e.RcptTo == "" {
		return envelope.Failed(check, status, "the client has given no recipient")
	}
	if _, fault := read(e); fault != "" {
		return envelope.Failed(check, status, "the recipient %s %s", e.RcptTo, fault)
	}
	return envelope.Passed(check)
}

// FQDN passes when the recipient has a domain of two labels or more (RFC 5321,
// section 2.3.5), or is the bare postmaster. A local part alone, a domain of
// one label and an address literal fail.
func FQDN(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "recipient.fqdn"
	if !e.Reached(envelope.Rcpt) {
		return envelope.NotYet(check, envelope.Rcpt)
	}
	mailbox, fault := read(e)
	return path.Path{Noun: "recipient", Text: e.RcptTo, Mailbox: mailbox, Fault: fault}.FQDN(
		check, envelope.Status{Code: 504, Subject: 1, Detail: 2})
}

// read takes a recipient for the mailbox that it is, or gives the fault for
// which it is none. The bare postmaster is a mailbox without a domain, and
// nothing else is.
func read(e *envelope.Envelope) (m envelope.Mailbox, fault string) {
	if pattern.IsPostmaster(e.RcptTo) {
		return envelope.Mailbox{Local: pattern.Postmaster}, ""
	}
	m, err := envelope.ParseMailbox(e.RcptTo, e.SMTPUTF8)
	if err != nil {
		return envelope.Mailbox{}, err.(*envelope.SyntaxError).Reason
	}
	return m, ""
}

// isBare reports whether a mailbox that was read is the bare postmaster.
func isBare(m envelope.Mailbox) bool { return m.Domain == "" && m.Literal.IsZero() }
