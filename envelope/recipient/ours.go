package recipient

import (
	"context"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/internal/pattern"
)

// Ours passes when the recipient is in one of the domains, so that its mail
// ends at this site, or is the bare postmaster. A policy that rejects unless
// Ours closes the relay; whoever may relay is let through by a rule before it.
//
// Domains are patterns of mailboxes (package envelope has their grammar):
// "example.org" is that one domain, ".example.org" every domain below it and not
// itself, "[192.0.2.1]" that address literal. A literal that is not listed is
// foreign, also if it is an address of this server. So is a recipient that asks
// to be sent on, whatever its domain (see the package documentation), one that
// can't be read, and none at all. With a pattern that can't be parsed, or that
// asks to be sent on, the check is misconfigured.
func Ours(domains ...string) envelope.Check {
	const check = "recipient.ours"
	ours, err := parsePatterns(domains)
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
		case !ours.Contains(mailbox):
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

// parsePatterns parses patterns of mailboxes. One that asks to be sent on would
// never match.
func parsePatterns(patterns []string) (pattern.Set, error) {
	for _, text := range patterns {
		if m, err := envelope.ParseMailbox(text, true); err == nil && asksOn(m) {
			return nil, &envelope.SyntaxError{Kind: "mailbox pattern", Value: text, Reason: "asks to be sent on, and would never match"}
		}
	}
	return pattern.ParseSet(patterns)
}
