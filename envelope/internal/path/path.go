// Package path has the code that the checks of the reverse path of MAIL and of the
// forward path of RCPT share (RFC 5321, section 4.1.2).
package path

import (
	"context"

	"mxrules.example/envelope"
)

// Path is a parsed path of an envelope, and the check that reads it.
type Path struct {
	Check   string
	Noun    string // its name in texts: "sender"
	Text    string // as the client wrote it
	Mailbox envelope.Mailbox
	Fault   string // the reason why Mailbox is empty, "" if it is not
}

// noDomain is the reason of envelope.ParseMailbox for a path without a domain.
const noDomain = "has no domain"

// FQDN returns the finding of a check for a fully qualified domain, with the status
// of a failure:
//
//   - Pass: the domain has two labels or more, or Mailbox has no domain and Fault
//     is "".
//   - Fail: there is no domain, one of a single label, or an address
//     literal.
//   - None: the path is invalid for another reason.
func (p Path) FQDN(status envelope.Status) envelope.Finding {
	switch {
	case p.Fault == noDomain:
		return envelope.Failed(p.Check, status, "the %s %s has no domain", p.Noun, p.Text)
	case p.Fault != "":
		return envelope.NotApplicable(p.Check)
	case !p.Mailbox.Literal.IsZero():
		return envelope.Failed(p.Check, status, "the %s %s has an address literal instead of a domain name", p.Noun, p.Text)
	case p.Mailbox.Domain.Labels() == 1:
		return envelope.Failed(p.Check, status, "the domain of the %s %s is not fully qualified", p.Noun, p.Text)
	}
	return envelope.Passed(p.Check)
}

// TakesMail returns the finding of a check for a domain that accepts mail, with the
// status of a failure:
//
//   - Pass: the domain has no MX record, or one that is not null.
//   - Fail: its only MX record is null (RFC 7505).
//   - None: there is no domain to look up.
//   - TempError: the lookup failed.
func (p Path) TakesMail(ctx context.Context, r envelope.Resolver, status envelope.Status) envelope.Finding {
	domain := p.Mailbox.Domain
	if domain == "" {
		return envelope.NotApplicable(p.Check)
	}
	records, err := envelope.LookupMX(ctx, r, string(domain))
	switch {
	case err != nil && !envelope.NotFound(err):
		return envelope.Temporary(p.Check, err)
	case envelope.IsNullMX(records):
		return envelope.Failed(p.Check, status, "the domain %s of the %s takes no mail (its MX record is null)", domain, p.Noun)
	}
	return envelope.Passed(p.Check)
}

// In returns the finding of a check for a path in set, with the status of a failure.
// An invalid path is in no set.
func (p Path) In(ctx context.Context, set envelope.Set[envelope.Mailbox], status envelope.Status) envelope.Finding {
	if p.Fault == "" {
		switch in, err := set.Contains(ctx, p.Mailbox); {
		case err != nil:
			return envelope.Unavailable(p.Check, err)
		case in:
			return envelope.Passed(p.Check).Observed("the "+p.Noun+" %s is in the list of "+p.Noun+"s", p.Text)
		}
	}
	return envelope.Failed(p.Check, status, "the "+p.Noun+" %s is not in the list of "+p.Noun+"s", p.Text)
}
