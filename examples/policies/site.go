package policies

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/recipient"
	"mxrules.example/helo"
	"mxrules.example/rdns/dnsbl"
)

// Site is what a policy must know of the place that it guards.
type Site struct {
	// Domains are those that the site takes mail for, as patterns of mailboxes:
	// "example.org" is that one domain, ".example.org" every domain below it,
	// "[192.0.2.1]" an address literal.
	Domains []string
	// Names are the names of the site's own servers, with which no stranger
	// greets: "mx.example.org", or ".example.org" for every name below.
	Names []string
	// Networks are the addresses of the site. Their clients may send mail to
	// anywhere.
	Networks []netip.Prefix
	// Mailboxes says which mailboxes of the Domains exist, and Foreign for those
	// of other domains. nil: every one exists.
	Mailboxes directory.Lookup
	// Owners says which logins may write in the name of an address. nil: nobody
	// may, so that Submission takes no mail.
	Owners directory.Owners
	// Lists are the DNS lists by which Strict refuses clients.
	Lists []dnsbl.List
	// Greylist passes for mail that is known to come back: it is what
	// [mxrules.example/greylist.Known] returns for a store and options. Those who
	// give a reason are asked to come back later unless it passes: in Standard a
	// generic name, in Strict an SPF result other than pass. nil: nobody is, as
	// always in Submission.
	//
	// What it would do to the mail of a site can be seen before: leave it nil, and
	// put verdict.MarkUnless(known, "grey") at the end of the rules, with the same
	// conditions. A rule that marks learns as one that defers does; a shadow rule
	// does not. When few are marked any more that should not wait, set it here,
	// with the same store.
	Greylist envelope.Check
}

// check finds what can't be parsed, before a policy is made of it.
func (s Site) check() error {
	faults := []error{
		in("the domains of the site", envelope.Validate(recipient.Ours(s.Domains...))),
		in("the names of the site", envelope.Validate(helo.NotOurs(s.Names, nil))),
		in("the networks of the site", envelope.Validate(client.In(s.Networks))),
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

// mailboxes is the directory of the site.
func (s Site) mailboxes() directory.Lookup {
	if s.Mailboxes != nil {
		return s.Mailboxes
	}
	return func(context.Context, envelope.Mailbox) (directory.Answer, error) {
		return directory.Known, nil
	}
}

// owners is who may write in whose name at the site.
func (s Site) owners() directory.Owners {
	if s.Owners != nil {
		return s.Owners
	}
	return func(context.Context, envelope.Mailbox) ([]string, error) { return nil, nil }
}
