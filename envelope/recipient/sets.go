package recipient

import (
	"context"
	"errors"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
)

// roles are the mailboxes that RFC 2142 asks every domain to have (sections 4
// and 5), and the one that people try when they don't know better.
var roles = [...]string{postmaster, "abuse", "security", "admin"}

// Role passes when the recipient is one of the role addresses of our domains:
// postmaster, abuse, security and admin, or those of the names given. The bare
// postmaster is one, if postmaster is. Those who are refused everything else
// can write there, and be told why:
//
//	verdict.RejectUnless(recipient.Listed(mailboxes)),
//	verdict.AcceptIf(recipient.Role(ours)),
//
// Domains are as in Ours, and what Ours would not pass Role does not pass
// either. Names are local parts, in any letter case (RFC 2142, section 2). A
// domain or a name that can't be read makes every answer a TempError whose Err
// names it.
func Role(domains []string, names ...string) envelope.Check {
	const check = "recipient.role"
	ours, err := parsePlaces(domains)
	if err != nil {
		return envelope.Misconfigured(check, envelope.Rcpt, err)
	}
	if len(names) == 0 {
		names = roles[:]
	}
	role := make(map[string]bool, len(names))
	for _, name := range names {
		m, err := envelope.ParseMailbox(name+"@invalid", true)
		if err != nil || asksOn(m) {
			err = &envelope.SyntaxError{Kind: "role", Value: name, Reason: "is no local part"}
			return envelope.Misconfigured(check, envelope.Rcpt, err)
		}
		role[directory.FoldCase(m.Local)] = true
	}
	return envelope.At(check, envelope.Rcpt, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		mailbox, fault := read(e)
		if fault == "" && !asksOn(mailbox) && role[directory.FoldCase(mailbox.Local)] && (isBare(mailbox) || ours.contain(mailbox)) {
			return envelope.Passed(check).Observed("the recipient %s is a role address of this site", e.RcptTo)
		}
		return envelope.Failed(check, refusal, "the recipient %s is no role address of this site", e.RcptTo)
	})
}

// In passes when the recipient matches one of the patterns. "ann@example.org"
// is that mailbox, in any letter case; "example.org" every mailbox of that
// domain, ".example.org" of all domains below it, "[192.0.2.1]" of that address
// literal; and "postmaster" is the bare postmaster, which no other pattern
// matches. A recipient that asks to be sent on (see the package documentation)
// or that can't be read matches none.
//
// It is for conditions, such as the mailboxes whose owners do not want their
// mail to wait. A pattern that can't be read makes every answer a TempError
// whose Err names it.
func In(patterns ...string) envelope.Check {
	set, err := parsePatterns(patterns)
	if err != nil {
		return envelope.Misconfigured("recipient.in", envelope.Rcpt, err)
	}
	return InSet(func(_ context.Context, m envelope.Mailbox) (bool, error) { return set.contains(m), nil })
}

// InSet is In for a set that changes while the program runs, or that is kept
// elsewhere, such as what users have chosen for themselves. Contains is asked
// once per answer, by many goroutines at once. It gets the local part in the
// letter case in which it came; the bare postmaster has neither domain nor
// literal. Its error is a TempError.
func InSet(contains func(ctx context.Context, recipient envelope.Mailbox) (bool, error)) envelope.Check {
	const check = "recipient.in"
	if contains == nil {
		return envelope.Misconfigured(check, envelope.Rcpt, errors.New("there is no set to ask"))
	}
	return envelope.At(check, envelope.Rcpt, func(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if mailbox, fault := read(e); fault == "" && !asksOn(mailbox) {
			switch in, err := contains(ctx, mailbox); {
			case err != nil:
				return envelope.Unavailable(check, err)
			case in:
				return envelope.Passed(check).Observed("the recipient %s is in the list of recipients", e.RcptTo)
			}
		}
		return envelope.Failed(check, refusal, "the recipient %s is not in the list of recipients", e.RcptTo)
	})
}

// patternSet is what the patterns of In describe. Its mailboxes have folded
// local parts.
type patternSet struct {
	mailboxes map[envelope.Mailbox]struct{}
	places    places
}

func (s patternSet) contains(m envelope.Mailbox) bool {
	folded := m
	folded.Local = directory.FoldCase(m.Local)
	if _, ok := s.mailboxes[folded]; ok {
		return true
	}
	return s.places.contain(m)
}

func parsePatterns(patterns []string) (patternSet, error) {
	s := patternSet{mailboxes: make(map[envelope.Mailbox]struct{})}
	var rest []string
	for _, pattern := range patterns {
		switch {
		case isPostmaster(pattern):
			s.mailboxes[envelope.Mailbox{Local: postmaster}] = struct{}{}
		case strings.Contains(pattern, "@"):
			m, err := envelope.ParseMailbox(pattern, true)
			if err != nil {
				return patternSet{}, err
			}
			if asksOn(m) {
				return patternSet{}, &envelope.SyntaxError{Kind: "mailbox", Value: pattern, Reason: "asks to be sent on, and would never match"}
			}
			m.Local = directory.FoldCase(m.Local)
			s.mailboxes[m] = struct{}{}
		default:
			rest = append(rest, pattern)
		}
	}
	var err error
	s.places, err = parsePlaces(rest)
	return s, err
}
