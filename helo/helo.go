// Package helo checks how a client introduces itself: the argument of HELO or
// EHLO (RFC 5321, section 4.1.1.1).
//
// The greeting is the one thing that every client must say of itself, and most
// software that is not a mail server says it wrong: not at all, a bare address,
// the name of a workstation, or the name of the server that it talks to. A good
// greeting is written as the grammar wants it (Syntax), is a full name (FQDN)
// that exists in DNS (Resolves) or the client's own address (Literal), is not
// one of ours (NotOurs), and does not look like one name among thousands that a
// provider has generated (NotGeneric). It need not lead back to the client: RFC
// 5321, section 4.1.4 forbids refusing mail for that alone, so Matches is for
// sites that know what they do, and for conditions.
//
// Every check reads the greeting in the same way: what begins with a bracket
// is an address literal, anything else a host name, compared in its one form
// (A-labels, lower case, no final dot). Where it is neither, Syntax fails and
// says why, and the questions of the other checks do not arise: they are None
// and ask nothing of DNS. Only In fails, because what is no name is in no set.
// Present answers from MAIL on, all others from HELO on; no answer changes
// later in the transaction.
//
// A server gives the greeting as it was sent, without the white space around
// it. A client that has logged in is judged like any other: a policy lets it
// through by a rule before. The package looks at the greeting only; what the
// client's address says of itself is package rdns.
package helo

import (
	"context"
	"net/netip"
	"strings"

	"mxrules.example/envelope"
)

// maxLength bounds the argument of HELO in octets (RFC 5321, section
// 4.5.3.1.2). A name is bounded by DNS before: 253 octets in text, which DNS
// counts as 255 (RFC 1035, section 2.3.4).
const maxLength = 255

// refusal is the status of the checks that refuse a greeting by policy, not
// for its form (RFC 3463: delivery not authorized).
var refusal = envelope.Status{Code: 550, Subject: 7, Detail: 1}

// Present passes when the client has greeted at all. RFC 5321, section 4.1.1.1
// wants HELO or EHLO before MAIL, so that Present answers from Mail on.
func Present(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "helo.present"
	if !e.Reached(envelope.Mail) {
		return envelope.NotYet(check, envelope.Mail)
	}
	if e.Helo == "" {
		return envelope.Failed(check, envelope.Status{Code: 503, Subject: 5, Detail: 1},
			"the client began with MAIL and has not said HELO or EHLO")
	}
	return envelope.Passed(check)
}

// Syntax passes when the greeting is a domain or an address literal (RFC 5321,
// sections 4.1.2 and 4.1.3). It has at most 255 octets as DNS counts them: 253
// for a name without its final dot, which changes nothing. An underscore in a
// name is let through, because hosts that have one exist and send mail. No
// greeting at all fails, and so does an address without brackets.
//
// A name with U-labels fails: a client can't know yet whether the server
// offers SMTPUTF8, so that RFC 6531, section 3.7.1 wants A-labels here.
func Syntax(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "helo.syntax"
	if !e.Reached(envelope.Helo) {
		return envelope.NotYet(check, envelope.Helo)
	}
	status := envelope.Status{Code: 501, Subject: 5, Detail: 4}
	if e.Helo == "" {
		return failed(check, status, "the client has given no name with HELO")
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

// FQDN passes when the greeting is a name of two labels or more, as RFC 5321,
// section 2.3.5 wants it, or an address literal. Whether the name exists is
// for Resolves to say.
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

// Literal passes when the greeting is an address literal that holds the address
// of the client (RFC 5321, section 4.1.3). A general literal, [tag:content],
// holds no address and fails. None: a name, or a client whose address is not
// known.
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

// read takes a greeting for what it is: a host name, an address literal, or
// neither for the reason that fault gives.
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

// bareAddress returns the address that a greeting is when its brackets are
// forgotten, with or without the tag of IPv6, with or without a final dot. It
// is invalid if the greeting is anything else.
func bareAddress(helo string) netip.Addr {
	helo = strings.TrimSuffix(helo, ".")
	literal, err := envelope.ParseLiteral("[" + helo + "]")
	if err != nil {
		literal, _ = envelope.ParseLiteral("[IPv6:" + helo + "]")
	}
	return literal.Addr
}

// failed is the finding that a greeting is bad. A customer who sends mail from
// a laptop through the port for servers meets these checks first, so that the
// text tells him where to go.
func failed(check string, status envelope.Status, format string, args ...any) envelope.Finding {
	return envelope.Failed(check, status, format, args...).SuggestLogin()
}
