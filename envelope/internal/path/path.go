// Package path has the code that the checks of the reverse path of MAIL and of the
// forward path of RCPT share (RFC 5321, section 4.1.2).
package path

import "mxrules.example/envelope"

// Path is a parsed path of an envelope.
type Path struct {
	Noun    string // its name in texts: "sender"
	Text    string // as the client wrote it
	Mailbox envelope.Mailbox
	Fault   string // the reason why Mailbox is empty, "" if it is not
}

// noDomain is the reason of envelope.ParseMailbox for a path without a domain.
const noDomain = "has no domain"

// FQDN returns the finding of a check for a fully qualified domain:
//
//   - Pass: the domain has two labels or more, or Mailbox has no domain and Fault
//     is "".
//   - Fail, with status: there is no domain, one of a single label, or an address
//     literal.
//   - None: the path is invalid for another reason.
func (p Path) FQDN(check string, status envelope.Status) envelope.Finding {
	switch {
	case p.Fault == noDomain:
		return envelope.Failed(check, status, "the %s %s has no domain", p.Noun, p.Text)
	case p.Fault != "":
		return envelope.NotApplicable(check)
	case !p.Mailbox.Literal.IsZero():
		return envelope.Failed(check, status, "the %s %s has an address literal instead of a domain name", p.Noun, p.Text)
	case p.Mailbox.Domain.Labels() == 1:
		return envelope.Failed(check, status, "the domain of the %s %s is not fully qualified", p.Noun, p.Text)
	}
	return envelope.Passed(check)
}
