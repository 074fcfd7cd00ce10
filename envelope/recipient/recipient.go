// Package recipient checks the recipients of mail: the forward path of RCPT (RFC
// 5321, section 4.1.1.3).
//
// Every server needs two of the checks. Is the mail for a domain of this site
// (Ours)? A server that forwards mail from strangers to other sites is an open
// relay, and is abused within hours. Does the mailbox exist (Listed)? Mail that is
// accepted and can't be delivered is returned to a sender that is nearly always
// forged. The other checks ask whether the path parses (Syntax), names a fully
// qualified domain (FQDN) that accepts mail at all (TakesMail), and whether it is an
// address that must always be reachable (Role) or one of a list (In).
//
// Every check parses the recipient with [envelope.ParseMailbox], with SMTPUTF8 if
// the client asked for it. If the recipient does not parse, Syntax fails and says
// why; Ours, Role and In fail too, because it is in no set; FQDN, Listed and
// TakesMail are None.
//
// The word postmaster without a domain, in any letter case, is a recipient that
// every server must accept (RFC 5321, section 4.5.1). Syntax, FQDN, Ours and Role
// pass it, and Listed and TakesMail are None.
//
// Some recipients ask this server to relay the mail, although their domain is ours:
// by a source route (RFC 5321, appendix C), or by another address inside the local
// part, as in user%other@here (RFC 1123, section 5.2.16), other!user@here (RFC 976)
// and "user@other"@here. This server does not relay them, but a server behind it
// might, because it trusts this one. So they count as foreign: Ours, Role and In
// never pass them.
//
// All checks answer from RCPT on. They do not use the client or the sender: a rule
// before Ours must accept the clients that may relay. Package envelope/directory
// holds what a site knows of its mailboxes.
package recipient

import (
	"context"

	"mxrules.example/envelope"
	"mxrules.example/envelope/internal/path"
	"mxrules.example/envelope/internal/pattern"
)

// refusal is the status of checks that refuse a recipient by local policy (RFC
// 3463: delivery not authorized).
var refusal = envelope.Status{Code: 550, Subject: 7, Detail: 1}

// Syntax passes when the recipient is a mailbox (RFC 5321, section 4.1.2; RFC
// 6531, section 3.3 where SMTPUTF8 was asked for) of at most 254 octets, or the
// bare postmaster. A local part of more than 64 octets passes, as
// [envelope.ParseMailbox] explains, and so does a source route before the mailbox
// (RFC 5321, appendix C). A missing recipient fails.
//
// Status: 501 5.1.3.
func Syntax(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "recipient.syntax"
	if !e.Told(envelope.Rcpt) {
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
//
// Status: 504 5.1.2.
func FQDN(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "recipient.fqdn"
	if !e.Told(envelope.Rcpt) {
		return envelope.NotYet(check, envelope.Rcpt)
	}
	return pathOf(check, e).FQDN(envelope.Status{Code: 504, Subject: 1, Detail: 2})
}

// pathOf returns the recipient as a check reads it.
func pathOf(check string, e *envelope.Envelope) path.Path {
	mailbox, fault := read(e)
	return path.Path{Check: check, Noun: "recipient", Text: e.RcptTo, Mailbox: mailbox, Fault: fault}
}

// read parses the recipient. The fault says why it does not parse. Only the bare
// postmaster is a mailbox without a domain.
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

// isBare reports whether a mailbox from read is the bare postmaster.
func isBare(m envelope.Mailbox) bool { return m.Domain == "" && m.Literal.IsZero() }
