package policies

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mxrules.example/dmarc"
	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/recipient"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/verdict"
)

// Site describes the site that a policy protects. The zero Site accepts mail only for
// the postmaster.
type Site struct {
	// Domains are the domains that the site accepts mail for, as patterns of
	// mailboxes: "example.org" is that domain, ".example.org" every domain below it,
	// "[192.0.2.1]" an address literal.
	Domains []string
	// Names are the host names of the site, which no other client may use as HELO
	// name: "mx.example.org", or ".example.org" for every name below.
	Names []string
	// Networks are the networks of the site. Their clients may relay.
	Networks []netip.Prefix
	// Mailboxes tells which mailboxes of the Domains exist, and returns Foreign for
	// other domains. If it is nil, every mailbox exists.
	Mailboxes directory.Lookup
	// Owners tells which logins may use an address as sender. If it is nil, none may,
	// so that Submission rejects all mail.
	Owners directory.Owners
	// Lists are the DNS lists whose clients Strict rejects.
	Lists []dnsbl.List
	// Greylist is the check [mxrules.example/greylist.Known] with a store and options.
	// Standard defers mail of a client with a generic name unless it passes, Strict
	// mail without an SPF pass. If it is nil, nothing is greylisted. Submission does
	// not use it.
	//
	// To see its effect first, leave it nil, and add
	// verdict.MarkUnless(known, "grey") with the same condition at the end of the
	// rules. A rule that marks writes to the store as a rule that defers does; a
	// shadow rule does not. Later set Greylist with the same store.
	Greylist envelope.Check

	// MailingLists are domains of mailing lists that users of the site have subscribed
	// to, as patterns of host names. A list changes messages, so that DMARC fails; mail
	// that a list's own domain authenticates, by SPF or DKIM, need not pass DMARC.
	MailingLists []string
	// Forwarders are domains that forward mail to users of the site. What they
	// authenticate need not pass DMARC. Mail of clients with a confirmed PTR name in or
	// below one need not pass SPF, is marked and not rejected if it fails DMARC, and need
	// not be what Bulk requires of bulk mail.
	Forwarders []string

	// NoGreylisting and OnlyAuthenticated have the mailboxes whose owners want no
	// greylisting, and only mail that passes DMARC. nil has none. Submission does not use
	// them.
	NoGreylisting, OnlyAuthenticated envelope.Set[envelope.Mailbox]

	// Quota is the check [mxrules.example/greylist/quota.Within] with a store, for
	// Submission. If it is nil, a login may send any number of messages.
	Quota envelope.Check
	// MaxRecipients is how many recipients a message of Submission has at most. 0 means
	// 100, which RFC 5321, section 4.5.3.1.8 asks for.
	MaxRecipients int
}

// policy returns a policy with the rules that make returns. They share one evaluation of
// DMARC.
func (s Site) policy(make func(*dmarc.Checker) verdict.Rules) (verdict.Policy, error) {
	if err := s.check(); err != nil {
		return verdict.Policy{}, err
	}
	d, err := dmarc.New(dmarc.Options{Forwarders: s.Forwarders, MailingLists: s.MailingLists})
	if err != nil {
		return verdict.Policy{}, in("the mailing lists and forwarders of the site", err)
	}
	policy := verdict.Policy{Rules: make(d), Timeout: timeout}
	return policy, policy.Validate()
}

// unlessForwarded returns the rule with the exemption of clients that forward.
func (s Site) unlessForwarded(rule verdict.Rule) verdict.Rule {
	if len(s.Forwarders) == 0 {
		return rule
	}
	var names []string
	for _, domain := range s.Forwarders {
		names = append(names, domain, "."+strings.TrimPrefix(domain, "."))
	}
	return rule.Unless(rdns.In(names...))
}

// hosts returns the domains of the site that are host names.
func (s Site) hosts() []string {
	return slices.DeleteFunc(slices.Clone(s.Domains), func(domain string) bool { return strings.HasPrefix(domain, "[") })
}

func (s Site) maxRecipients() int {
	if s.MaxRecipients > 0 {
		return s.MaxRecipients
	}
	return 100
}

// check returns an error that names every invalid value.
func (s Site) check() error {
	faults := []error{
		in("the domains of the site", recipient.Ours(s.Domains...).Validate()),
		in("the names of the site", helo.NotOurs(s.Names, nil).Validate()),
		in("the networks of the site", client.In(s.Networks).Validate()),
	}
	for _, list := range s.Lists {
		faults = append(faults, in("the lists of the site", list.Validate()))
	}
	return errors.Join(faults...)
}

func in(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// mailboxes returns the directory of the site.
func (s Site) mailboxes() directory.Lookup {
	if s.Mailboxes != nil {
		return s.Mailboxes
	}
	return func(context.Context, envelope.Mailbox) (directory.Answer, error) {
		return directory.Known, nil
	}
}

// owners returns the owners of addresses of the site.
func (s Site) owners() directory.Owners {
	if s.Owners != nil {
		return s.Owners
	}
	return func(context.Context, envelope.Mailbox) ([]string, error) { return nil, nil }
}
