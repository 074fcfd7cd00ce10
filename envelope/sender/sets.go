package sender

import (
	"context"
	"errors"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
)

// NotOurs passes when the sender is in none of our domains. A stranger who
// writes in the name of one is nearly always a forger; but a mailing list or a
// forwarder may bring back the mail of our own users, so that a rule may ask for
// proof instead of refusing everybody:
//
//	verdict.RejectUnless(envelope.Any(sender.NotOurs(domains...), spf.Pass)).Unless(sender.Null)
//
// (Any takes spf.Pass alone where NotOurs is None, and few servers have an SPF
// record for the name in their greeting.) The check does not know who is a
// stranger; a policy lets those who have logged in through by a rule before.
//
// Domains are patterns as envelope.ParseHostSet reads them: "example.org" is
// that one domain, ".example.org" every domain below it and not itself. One that
// can't be read makes every answer a TempError whose Err names it. An address
// literal is in no domain. None: the null sender, and one that can't be read.
func NotOurs(domains ...string) envelope.Check {
	const check = "sender.notours"
	ours, err := envelope.ParseHostSet(domains...)
	if err != nil {
		return envelope.Misconfigured(check, envelope.Mail, err)
	}
	return envelope.At(check, envelope.Mail, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		switch mailbox, fault := read(e); {
		case fault != "": // the null sender too
			return envelope.NotApplicable(check)
		case ours.Contains(mailbox.Domain):
			return envelope.Failed(check, unwanted,
				"the sender %s is in a domain of this site", e.MailFrom).SuggestLogin()
		}
		return envelope.Passed(check)
	})
}

// Ours passes when the sender is in one of our domains. It is for clients that
// are let in by their network or their login, and that should write in our name
// only. Anybody can write in it, so that Ours alone is no reason to accept.
//
// Domains are as in NotOurs. A sender at an address literal and one that can't
// be read fail. None: the null sender.
func Ours(domains ...string) envelope.Check {
	const check = "sender.ours"
	ours, err := envelope.ParseHostSet(domains...)
	if err != nil {
		return envelope.Misconfigured(check, envelope.Mail, err)
	}
	return envelope.At(check, envelope.Mail, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		switch mailbox, _ := read(e); {
		case isNull(e):
			return envelope.NotApplicable(check)
		case ours.Contains(mailbox.Domain):
			return envelope.Passed(check).Observed("the sender %s is in a domain of this site", e.MailFrom)
		}
		return envelope.Failed(check, unwanted, "the sender %s is in no domain of this site", e.MailFrom)
	})
}

// In passes when the sender matches one of the patterns: "ann@example.org" is
// that mailbox, in any letter case; "example.org" every mailbox of that domain,
// ".example.org" of all domains below it. A sender that can't be read matches
// none and fails. None: the null sender.
//
// Anybody can write any sender, so that In alone is no reason to accept. A
// pattern that can't be read makes every answer a TempError whose Err names it.
func In(patterns ...string) envelope.Check {
	set, err := parsePatterns(patterns)
	if err != nil {
		return envelope.Misconfigured("sender.in", envelope.Mail, err)
	}
	return InSet(func(_ context.Context, sender envelope.Mailbox) (bool, error) { return set.contains(sender), nil })
}

// InSet is In for a set that changes while the program runs, or that is kept
// elsewhere. Contains is asked once per answer, by many goroutines at once, with
// the local part in the letter case in which it came, and without a source
// route. Its error is a TempError.
func InSet(contains func(ctx context.Context, sender envelope.Mailbox) (bool, error)) envelope.Check {
	const check = "sender.in"
	if contains == nil {
		return envelope.Misconfigured(check, envelope.Mail, errors.New("there is no set to ask"))
	}
	return envelope.At(check, envelope.Mail, func(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if isNull(e) {
			return envelope.NotApplicable(check)
		}
		if mailbox, fault := read(e); fault == "" {
			switch in, err := contains(ctx, mailbox); {
			case err != nil:
				return envelope.Unavailable(check, err)
			case in:
				return envelope.Passed(check).Observed("the sender %s is in the list of senders", e.MailFrom)
			}
		}
		return envelope.Failed(check, unwanted, "the sender %s is not in the list of senders", e.MailFrom)
	})
}

// patternSet is what the patterns of In describe.
type patternSet struct {
	domains   envelope.HostSet
	mailboxes map[envelope.Mailbox]bool // folded
}

func parsePatterns(patterns []string) (set patternSet, err error) {
	set.mailboxes = make(map[envelope.Mailbox]bool)
	var domains []string
	for _, pattern := range patterns {
		if !strings.Contains(pattern, "@") {
			domains = append(domains, pattern)
			continue
		}
		mailbox, err := parseAddress(pattern)
		if err != nil {
			return patternSet{}, err
		}
		set.mailboxes[mailbox] = true
	}
	set.domains, err = envelope.ParseHostSet(domains...)
	return set, err
}

func (s patternSet) contains(m envelope.Mailbox) bool {
	return s.domains.Contains(m.Domain) || s.mailboxes[fold(m)]
}

// parseAddress reads an address that a site has written down, and folds it.
func parseAddress(address string) (envelope.Mailbox, error) {
	m, err := envelope.ParseMailbox(address, true)
	if err == nil && m.Route != "" {
		err = &envelope.SyntaxError{Kind: "mailbox", Value: address, Reason: "has a source route"}
	}
	return fold(m), err
}

// fold gives mailboxes one form that differ in nothing but the letter case of
// their local parts.
func fold(m envelope.Mailbox) envelope.Mailbox {
	m.Local = directory.FoldCase(m.Local)
	return m
}
