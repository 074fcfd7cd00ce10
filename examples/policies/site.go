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
