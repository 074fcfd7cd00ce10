// Package helo checks how a client introduces itself: the argument of HELO or
// EHLO (RFC 5321, section 4.1.1.1), here called the HELO name.
//
// Every client must name itself, and most software that is not a mail server does it
// wrongly: not at all, with an address without brackets, the name of a workstation,
// or the name of the server that it talks to. A valid HELO name follows the grammar
// (Syntax), is a fully qualified name (FQDN) that exists in DNS (Resolves) or the
// client's own address (Literal), is not one of our own names (NotOurs), and is not
// a name that a provider generated for one of many addresses (NotGeneric). It need
// not resolve to the client's address: RFC 5321, section 4.1.4 forbids rejecting
// mail for that reason alone, so Matches is opt-in and mainly useful as a condition.
//
// A HELO name that begins with a bracket is parsed as an address literal, any other
// as a host name with [envelope.ParseHost]. If it does not parse, Syntax fails and
// says why, In fails because it is in no set, and the other checks are None without
// a DNS lookup. Present answers from MAIL on, all others from HELO on.
//
// The envelope holds the HELO name as the client sent it, without surrounding white
// space. Authenticated clients are judged like all others: an earlier rule must
// accept them. The package checks the HELO name only. For the client's reverse name
// see package rdns.
package helo

import (
	"context"
	"net/netip"
	"strings"

	"mxrules.example/envelope"
)

// maxLength bounds the argument of HELO in octets (RFC 5321, section 4.5.3.1.2).
// A name is bounded by DNS: 253 octets of text, which are 255 octets in a DNS
// message (RFC 1035, section 2.3.4).
const maxLength = 255

// refusal is the status of checks that refuse a HELO name by local policy and not
// for its form (RFC 3463: delivery not authorized).
var refusal = envelope.Status{Code: 550, Subject: 7, Detail: 1}

// Present passes when the client has sent HELO or EHLO. RFC 5321, section 4.1.1.1
// requires one of them before MAIL, so that Present answers from Mail on.
//
// Status: 503 5.5.1.
func Present(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "helo.present"
	if !e.Reached(envelope.Mail) {
		return envelope.NotYet(check, envelope.Mail)
	}
	if e.Helo == "" {
		return envelope.Failed(check, envelope.Status{Code: 503, Subject: 5, Detail: 1},
			"the client sent MAIL before HELO or EHLO")
	}
	return envelope.Passed(check)
}

// Syntax passes when the HELO name is a domain or an address literal (RFC 5321,
// sections 4.1.2 and 4.1.3) of at most 255 octets, or 253 octets without the final
// dot for a name. A final dot is accepted, and so is an underscore, because hosts
// with one exist and send mail. An empty HELO name and an address without brackets
// fail.
//
// A name with U-labels fails: the client does not know yet whether the server
// offers SMTPUTF8, so that RFC 6531, section 3.7.1 requires A-labels here.
//
// Status: 501 5.5.4.
func Syntax(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "helo.syntax"
	if !e.Reached(envelope.Helo) {
		return envelope.NotYet(check, envelope.Helo)
	}
	status := envelope.Status{Code: 501, Subject: 5, Detail: 4}
	if e.Helo == "" {
		return failed(check, status, "the client sent no HELO name")
	}
	if _, _, fault := read(e.Helo); fault != "" {
		if addr := bareAddress(e.Helo); addr.IsValid() {
			return failed(check, status, "the HELO name %s is an address, which needs brackets, as in %s",
				e.Helo, envelope.Literal{Addr: addr})
		}
		return failed(check, status, "the HELO name %s %s", e.Helo, fault)
	}
	if !envelope.IsASCII(e.Helo) {
		return failed(check, status, "the HELO name %s is not ASCII, and must be given in A-labels", e.Helo)
	}
	return envelope.Passed(check)
}

// FQDN passes when the HELO name is a host name of two labels or more, as RFC 5321,
// section 2.3.5 requires, or an address literal. Whether the name exists is for
// Resolves.
//
// Status: 504 5.5.4.
func FQDN(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "helo.fqdn"
	if !e.Reached(envelope.Helo) {
		return envelope.NotYet(check, envelope.Helo)
	}
	host, _, fault := read(e.Helo)
	switch {
	case fault != "":
		return envelope.NotApplicable(check)
	case host.Labels() == 1:
		return failed(check, envelope.Status{Code: 504, Subject: 5, Detail: 4},
			"the HELO name %s is not fully qualified", e.Helo)
	}
	return envelope.Passed(check)
}

// Literal passes when the HELO name is an address literal with the address of the
// client (RFC 5321, section 4.1.3). A general literal, [tag:content], has no address
// and fails. None: a name, or a client of unknown address.
//
// Status: 550 5.7.1.
func Literal(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "helo.literal"
	if !e.Reached(envelope.Helo) {
		return envelope.NotYet(check, envelope.Helo)
	}
	_, literal, fault := read(e.Helo)
	client := e.Client()
	switch {
	case fault != "" || literal.IsZero():
		return envelope.NotApplicable(check)
	case !literal.Addr.IsValid():
		return failed(check, refusal, "the HELO literal %s holds no address", e.Helo)
	case !client.IsValid():
		return envelope.NotApplicable(check)
	case literal.Addr != client:
		return failed(check, refusal, "the HELO literal %s is not the address of the client, %s", e.Helo, client)
	}
	return envelope.Passed(check)
}

// read parses a HELO name into a host name or an address literal. The fault says
// why it is neither.
func read(helo string) (host envelope.Host, literal envelope.Literal, fault string) {
	var err error
	switch bracketed := strings.HasPrefix(helo, "["); {
	case len(helo) > maxLength:
		return "", envelope.Literal{}, "has more than 255 octets"
	case bracketed && !strings.HasSuffix(helo, "]"):
		return "", envelope.Literal{}, "begins with a bracket and does not end with one"
	case bracketed:
		literal, err = envelope.ParseLiteral(helo)
	default:
		host, err = envelope.ParseHost(helo)
	}
	if err != nil {
		return "", envelope.Literal{}, err.(*envelope.SyntaxError).Reason
	}
	return host, literal, ""
}

// bareAddress returns the address of a HELO name that is an address literal without
// its brackets, with or without the tag of IPv6 and a final dot. It is invalid for
// any other HELO name.
func bareAddress(helo string) netip.Addr {
	helo = strings.TrimSuffix(helo, ".")
	literal, err := envelope.ParseLiteral("[" + helo + "]")
	if err != nil {
		literal, _ = envelope.ParseLiteral("[IPv6:" + helo + "]")
	}
	return literal.Addr
}

// failed is the finding that a HELO name is bad. These checks are the first that
// reject a customer's mail program on the port for servers, so the finding suggests
// a login.
func failed(check string, status envelope.Status, format string, args ...any) envelope.Finding {
	return envelope.Failed(check, status, format, args...).SuggestLogin()
}
