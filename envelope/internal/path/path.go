// Package path holds what checks of both paths of a transaction share: the
// reverse path of MAIL and the forward path of RCPT (RFC 5321, section 4.1.2).
package path

import "mxrules.example/envelope"

// Path is a path of an envelope as its package has read it.
type Path struct {
	Noun    string // what texts call it: "sender"
	Text    string // as the client wrote it
	Mailbox envelope.Mailbox
	Fault   string // why there is no Mailbox, "" if there is one
}

// noDomain is the reason of envelope.ParseMailbox for a local part alone.
const noDomain = "has no domain"

// FQDN returns the finding of a check that passes when the path has a domain of
// two labels or more, or is a mailbox without a domain that the package allows.
// A local part alone, a domain of one label and an address literal fail with
// status. None: a path that can't be read for another reason.
func (p Path) FQDN(check string, status envelope.Status) envelope.Finding {
	switch {
	case p.Fault == noDomain:
		return envelope.Failed(check, status, "the %s %s has no domain", p.Noun, p.Text)
	case p.Fault != "":
		return envelope.NotApplicable(check)
	case !p.Mailbox.Literal.IsZero():
		return envelope.Failed(check, status, "the %s %s has an address in place of a domain", p.Noun, p.Text)
	case p.Mailbox.Domain.Labels() == 1:
		return envelope.Failed(check, status, "the domain of the %s %s is not fully qualified", p.Noun, p.Text)
	}
	return envelope.Passed(check)
}
