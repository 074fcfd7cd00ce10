package recipient

import (
	"context"
	"strings"

	"mxrules.example/envelope"
)

// Ours passes when the recipient is in one of the domains, so that its mail
// ends at this site, or is the bare postmaster. A policy that rejects unless
// Ours closes the relay; whoever may relay is let through by a rule before it.
//
// "example.org" is that one domain, ".example.org" every domain below it and
// not itself, "[192.0.2.1]" that address literal. A literal that is not listed
// is foreign, also if it is an address of this server. So is a recipient that
// asks to be sent on, whatever its domain (see the package documentation), one
// that can't be read, and none at all. A domain that can't be read makes every
// answer a TempError whose Err names it.
func Ours(domains ...string) envelope.Check {
	const check = "recipient.ours"
	ours, err := parsePlaces(domains)
	if err != nil {
		return envelope.Misconfigured(check, envelope.Rcpt, err)
	}
	return envelope.At(check, envelope.Rcpt, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		mailbox, fault := read(e)
		switch {
		case e.RcptTo == "":
			return relayDenied(check, "the client has given no recipient")
		case fault != "":
			return relayDenied(check, "the recipient %s %s", e.RcptTo, fault)
		case isBare(mailbox): // RFC 5321, section 4.5.1: this server's own
			return envelope.Passed(check)
		case asksOn(mailbox):
			return relayDenied(check, "the recipient %s asks this server to send the mail on", e.RcptTo)
		case !ours.contain(mailbox):
			return relayDenied(check, "the recipient %s is in no domain of this site", e.RcptTo)
		}
		return envelope.Passed(check).Observed("the recipient %s is in a domain of this site", e.RcptTo)
	})
}

// relayDenied is the finding that the mail would have to be sent on. Most who
// read it are customers with a program that does not log in. A rule that
// defers answers 454: 450 would be a mailbox that is busy.
func relayDenied(check, format string, args ...any) envelope.Finding {
	f := envelope.Failed(check, envelope.Status{Code: 554, Subject: 7, Detail: 1}, format, args...).
		Advising("relay access denied").SuggestLogin()
	f.Deferral = envelope.Status{Code: 454, Subject: 7, Detail: 1}
	return f
}

// asksOn reports whether a mailbox asks that mail for it be sent on to another
// host: by a source route, or by %, ! or @ in its local part. Some servers bring
// text to its compatibility form (Unicode, NFKC), which makes one of the three
// of the others here.
func asksOn(m envelope.Mailbox) bool {
	return m.Route != "" || strings.ContainsAny(m.Local, "%!@"+"％﹪"+"！﹗︕‼⁈⁉"+"＠﹫")
}

// places is a set of what may stand behind the @ of a mailbox.
type places struct {
	domains  envelope.HostSet
	literals map[envelope.Literal]struct{}
}

// parsePlaces reads domains, ".domain" for all below it, and literals.
func parsePlaces(patterns []string) (places, error) {
	p := places{literals: make(map[envelope.Literal]struct{})}
	var domains []string
	for _, pattern := range patterns {
		if !strings.HasPrefix(pattern, "[") {
			domains = append(domains, pattern)
			continue
		}
		literal, err := envelope.ParseLiteral(pattern)
		if err != nil {
			return places{}, err
		}
		p.literals[literal] = struct{}{}
	}
	var err error
	p.domains, err = envelope.ParseHostSet(domains...)
	return p, err
}

func (p places) contain(m envelope.Mailbox) bool {
	if !m.Literal.IsZero() {
		_, ok := p.literals[m.Literal]
		return ok
	}
	return p.domains.Contains(m.Domain)
}
