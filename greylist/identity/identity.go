// Package identity identifies the sending system for greylisting, across all
// machines of a sender.
//
// By default, greylisting identifies a sender by the network of the client
// ([greylist.Network]). Large senders retry from machines in many networks, so
// their mail would be delayed for hours. Lists of such networks are never
// complete. This package uses what the sender publishes in DNS instead.
//
// # How it works
//
// The identity is the first of these that applies:
//
//   - "spf:" and the domain of the sender address, if SPF passes (RFC 7208). For
//     the null sender SPF evaluates the HELO name (section 2.4), and the identity
//     is its organizational domain, because each machine of a pool has its own
//     HELO name.
//   - "rdns:" and the organizational domain of the client's reverse name, if the
//     name is confirmed (RFC 8601, section 3) and not generic. A generic name
//     belongs to an address range, not to a sender.
//   - The network of the client.
//
// An organizational domain is a public suffix and one more label, according to
// the Public Suffix List in golang.org/x/net/publicsuffix.
//
// # Why an SPF pass does not let mail in
//
// Anyone can publish an SPF record. A pass proves which domain sent the message,
// not that the message is wanted. A spammer with an SPF record is delayed like
// any other new sender.
//
// # Limits
//
// If a lookup fails, there is no identity: otherwise a sender would have one
// identity today and another tomorrow. The package keeps nothing between
// messages and does not examine them. Package greylist normalizes sender
// addresses.
package identity

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"mxrules.example/envelope"
	"mxrules.example/envelope/genericname"
	"mxrules.example/greylist"
	"mxrules.example/rdns"
	"mxrules.example/spf"
)

// Of returns the identity of the sending system, for the Identity of
// [greylist.Options]: "spf:" and a domain, "rdns:" and a domain, or a network. It is ""
// if neither SPF nor reverse DNS identifies the sender and the client address is
// unknown.
//
// If a lookup fails that could change the result, Of returns its error.
//
// DNS: the SPF evaluation; if it does not pass, PTR, then A or AAAA of the names
// that are not generic, up to the first confirmed one and at most ten. Lookups
// are shared with the checks of packages spf and rdns.
func Of(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) (string, error) {
	switch sender := spf.Evaluate(ctx, r, e); {
	case sender.Word == "temperror":
		return "", sender.Problem
	case sender.Shaky != nil:
		return "", sender.Shaky
	case sender.Word == "pass":
		domain := string(sender.Domain)
		if e.MailFrom == "" {
			domain = organization(domain)
		}
		return "spf:" + domain, nil
	}
	switch domain, err := reverseDomain(ctx, r, e); {
	case err != nil:
		return "", err
	case domain != "":
		return "rdns:" + domain, nil
	}
	return greylist.Network(ctx, r, e)
}

// organization returns the organizational domain of name. That of a public suffix
// is name itself.
func organization(name string) string {
	domain, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return name
	}
	return domain
}

// reverseDomain returns the organizational domain of a reverse name that is
// confirmed and not generic, "" if there is none. DNS returns several names in
// any order. Sorting them makes the result stable.
func reverseDomain(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) (string, error) {
	reverse := rdns.Evaluate(ctx, r, e)
	if reverse.Err != nil {
		return "", reverse.Err
	}
	type candidate struct {
		domain string
		name   envelope.Host
	}
	var candidates []candidate
	for _, name := range reverse.Names {
		domain, err := publicsuffix.EffectiveTLDPlusOne(string(name))
		if err != nil {
			continue // a public suffix is not one sender
		}
		if _, generic := genericname.Judge(name, e.Client()); !generic {
			candidates = append(candidates, candidate{domain, name})
		}
	}
	slices.SortFunc(candidates, func(a, b candidate) int {
		if order := strings.Compare(a.domain, b.domain); order != 0 {
			return order
		}
		return strings.Compare(string(a.name), string(b.name))
	})
	for _, c := range candidates {
		reverse.Confirm(ctx, r, []envelope.Host{c.name})
		if reverse.Confirmed != "" || reverse.Err != nil {
			return c.domain, reverse.Err
		}
	}
	return "", nil
}
