// Package identity tells who sends, for greylisting: the same for all machines
// of a sender, and another for everybody else.
//
// Classic greylisting takes the network of the client for the sender. Large
// senders have pools of machines in many networks, and try each mail again from
// another one: their mail waits for hours, or for ever. Lists of such networks
// are never complete. But those senders say themselves which machines are
// theirs, and DNS proves it. In this order:
//
//   - the domain of the sender, if SPF says that the client may use it (RFC
//     7208: pass). For the null sender, SPF evaluates the greeting (section 2.4),
//     and the organizational domain of the greeting counts, because each machine
//     of a pool greets with a name of its own.
//   - the organizational domain of the client's reverse name, if the name leads
//     back to the client (RFC 8601, section 3) and is not one that was made up
//     for a range of addresses, such as that of a dial-up line.
//   - the network of the client, as greylist.Network.
//
// Anybody can have a domain with SPF. It is a name for him, and no reason to
// let him in: who sends spam from a domain of his own must wait like any other,
// and if he does he is known as himself and as no one else.
//
// Which domain counts as organizational is decided by the Public Suffix List as
// golang.org/x/net/publicsuffix has it. The package keeps nothing, and reads
// nothing of the message. That senders are folded (VERP, BATV, sub-addresses) is
// package greylist.
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

// Of is a greylist.Identity: "spf:" and a domain, "rdns:" and a domain, or a
// network. It is "" if nothing proves anything and the client's address is
// unknown.
//
// If DNS fails before one of them is certain, the error is that of the lookup,
// and greylisting defers the mail without remembering it: else a sender would
// be known by one name today and by another tomorrow.
//
// DNS: one evaluation of SPF, and if that does not pass, PTR, then A or AAAA for
// each name that is not generic, at most ten, up to the first that leads back.
// All of it is shared with the checks of packages spf and rdns.
func Of(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) (string, error) {
	switch f := spf.Pass(ctx, r, e); f.Outcome {
	case envelope.Pass:
		domain := string(f.Detail.(*spf.Result).Domain)
		if e.MailFrom == "" {
			domain = organization(domain)
		}
		return "spf:" + domain, nil
	case envelope.TempError:
		return "", f.Err
	}
	switch domain, err := reverseDomain(ctx, r, e); {
	case err != nil:
		return "", err
	case domain != "":
		return "rdns:" + domain, nil
	}
	return greylist.Network(ctx, r, e)
}

var _ greylist.Identity = Of

// organization returns the organizational domain of a name, which is the name
// itself for a public suffix.
func organization(name string) string {
	domain, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return name
	}
	return domain
}

// reverseDomain returns the organizational domain of the client's reverse name,
// "" if it has none that was given to it and leads back. A client may have
// several names, which DNS returns in any order; they are tried in one of our
// own, so that the answer is always the same.
func reverseDomain(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) (string, error) {
	exists := rdns.Exists(ctx, r, e)
	if exists.Outcome != envelope.Pass {
		return "", exists.Err // nil unless DNS failed
	}
	type candidate struct {
		domain string
		name   envelope.Host
	}
	var candidates []candidate
	for _, name := range exists.Detail.(*rdns.Result).Names {
		domain, err := publicsuffix.EffectiveTLDPlusOne(string(name))
		if err != nil {
			continue // a public suffix itself, under which there are many
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
		leadsBack := rdns.InSet(func(name envelope.Host) bool { return name == c.name })
		switch f := leadsBack(ctx, r, e); f.Outcome {
		case envelope.Pass:
			return c.domain, nil
		case envelope.TempError:
			return "", f.Err
		}
	}
	return "", nil
}
