package recipient

import (
	"context"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/internal/pattern"
)

// Ours passes when the recipient is in one of the domains of this site, or is the
// bare postmaster. A policy that rejects unless Ours is not an open relay; a rule
// before it must accept the clients that may relay.
//
// Domains are patterns of mailboxes (their grammar is in package envelope):
// "example.org" is that domain, ".example.org" every domain below it and not itself,
// "[192.0.2.1]" that address literal. These recipients fail: an address literal that
// no pattern names, even if it is an address of this server; one that asks to be
// relayed, whatever its domain (see the package documentation); one that does not
// parse; and none at all. The check is misconfigured if a pattern does not parse or
// asks to be relayed.
//
// Status: 554 5.7.1, in a tempfail 454 4.7.1.
func Ours(domains ...string) envelope.Check {
	const check = "recipient.ours"
	ours, err := parsePatterns(domains)
	if err != nil {
		return envelope.Misconfigured(check, envelope.Rcpt, err)
	}
	return envelope.WithoutClient(envelope.At(check, envelope.Rcpt, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		mailbox, fault := read(e)
		switch {
		case e.RcptTo == "":
			return relayDenied(check, "the client has given no recipient")
		case fault != "":
			return relayDenied(check, "the recipient %s %s", e.RcptTo, fault)
		case isBare(mailbox): // RFC 5321, section 4.5.1: this server's own
			return envelope.Passed(check)
		case asksOn(mailbox):
			return relayDenied(check, "the recipient %s asks this server to relay the mail", e.RcptTo)
		case !ours.Contains(mailbox):
			return relayDenied(check, "the recipient %s is in no domain of this site", e.RcptTo)
		}
		return envelope.Passed(check).Observed("the recipient %s is in a domain of this site", e.RcptTo)
	}))
}

// relayDenied is the finding that the mail would have to be relayed. Most clients
// that see it are mail programs of customers that do not log in. A rule that defers
// answers 454, because 450 means a busy mailbox.
func relayDenied(check, format string, args ...any) envelope.Finding {
	f := envelope.Failed(check, envelope.Status{Code: 554, Subject: 7, Detail: 1}, format, args...).
		Advising("relay access denied").SuggestLogin()
	f.Deferral = envelope.Status{Code: 454, Subject: 7, Detail: 1}
	return f
}

// asksOn reports whether a mailbox asks that its mail be relayed to another host:
// by a source route, or by %, ! or @ in its local part. The other characters here
// become one of these three in programs that bring text to its compatibility form
// (Unicode, NFKC).
func asksOn(m envelope.Mailbox) bool {
	return m.Route != "" || strings.ContainsAny(m.Local, "%!@"+"％﹪"+"！﹗︕‼⁈⁉"+"＠﹫")
}

// parsePatterns parses patterns of mailboxes. A pattern that asks to be relayed
// is an error, because it would never match.
func parsePatterns(patterns []string) (pattern.Set, error) {
	for _, text := range patterns {
		if m, err := envelope.ParseMailbox(text, true); err == nil && asksOn(m) {
			return nil, &envelope.SyntaxError{Kind: "mailbox pattern", Value: text, Reason: "asks to be relayed, and would never match"}
		}
	}
	return pattern.ParseSet(patterns)
}
