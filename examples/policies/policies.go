// Package policies holds ready policies for a site that takes mail, to use as
// they are or to begin with: each is a list of rules, and reads as one.
//
// A list of rules has no one right order, but three things hold for all. What
// decides about a recipient stands first, because a rule behind an exemption
// never sees who is exempt, and because a mailbox that does not exist shall be
// refused for good even if a later rule would only defer it. Exemptions come
// before everything that they shall exempt from. And the relay is closed by a
// rule, because what no rule decides is accepted (RFC 5321, section 3.6.2: a
// server should not take mail from strangers for strangers).
//
// The policies know a site by a [Site] and nothing else. They give no address
// a name: who is let in, and which mailboxes exist, is the site's to say. They
// have no lists of bad senders, in DNS or elsewhere.
package policies

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/verdict"
)

// timeout bounds one judgement. It is longer than a resolver takes to give up
// on a few servers, and well under the five minutes that a client waits (RFC
// 5321, section 4.5.3.2).
const timeout = 30 * time.Second

// Site is what a policy must know of the place that it guards.
type Site struct {
	// Domains are those that the site takes mail for. Names below them are not
	// meant, and are listed too if they are.
	Domains []string
	// Names are the names of the site's own servers, with which no stranger
	// greets: "mx.example.org", or ".example.org" for every name below.
	Names []string
	// Networks are the addresses of the site. Their clients may send mail to
	// anywhere.
	Networks []netip.Prefix
	// HasMailbox says whether a mailbox of one of the Domains exists. It is
	// called by many goroutines at once, and its error defers the mail. If it is
	// nil every mailbox exists.
	HasMailbox func(ctx context.Context, mailbox envelope.Mailbox) (bool, error)
}

// Standard is a policy for a server that takes mail for its domains from the
// whole Internet. It refuses what no mail server that is looked after does: a
// greeting that is malformed, not a full name, or one of the site's own, and an
// address without a name in DNS, or with a name that does not lead back. It
// marks a message "generic" if the name of its client looks like that of
// dynamic address space, which some honest servers have. Clients in the site's
// networks and those that have logged in are free of all that.
//
// The error names the value of the site that can't be read.
func Standard(site Site) (verdict.Policy, error) {
	domains, err := readDomains(site.Domains)
	if err != nil {
		return verdict.Policy{}, err
	}
	if _, err := envelope.ParseHostSet(site.Names...); err != nil {
		return verdict.Policy{}, fmt.Errorf("the names of the site: %w", err)
	}
	return verdict.Policy{Timeout: timeout, Rules: verdict.Rules{
		verdict.RejectUnless(recipientListed(domains, site.HasMailbox)),

		verdict.AcceptIf(client.In(site.Networks)),
		verdict.AcceptIf(client.Authenticated),
		verdict.RejectUnless(recipientOurs(domains)),

		verdict.RejectUnless(client.Waited),
		verdict.RejectUnless(helo.Present),
		verdict.RejectUnless(helo.Syntax),
		verdict.RejectUnless(helo.FQDN),
		verdict.RejectUnless(helo.NotOurs(site.Names, site.Networks)),

		verdict.RejectUnless(rdns.Exists),
		verdict.RejectUnless(rdns.Confirmed),
		verdict.MarkUnless(rdns.NotGeneric, "generic"),
	}}, nil
}

// domains is a set of domains, without the names below them.
type domains map[envelope.Host]bool

func readDomains(names []string) (domains, error) {
	set := make(domains, len(names))
	for _, name := range names {
		host, err := envelope.ParseHost(name)
		if err != nil {
			return nil, fmt.Errorf("the domains of the site: %w", err)
		}
		set[host] = true
	}
	return set, nil
}
