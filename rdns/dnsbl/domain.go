package dnsbl

import (
	"context"
	"net/netip"
	"strings"

	"mxrules.example/envelope"
)

// maxNames is how many names of an answer are used. An attacker controls the answer,
// and each name is a question to every list.
const maxNames = 10

// HeloNotListed passes when the HELO name of the client is on none of the lists, which
// are lists of names (RFC 5782, section 3). Only the name itself is looked up, in
// A-labels, not the domains above it: a list that covers all names below an entry
// answers for each of them. The Detail is a *[Result].
//
// None: an address literal, and any other HELO name that is not a domain. A domain that
// is too long to stand before the zone of a list is not on it. With a list that does
// not parse the check is misconfigured. It answers from Helo on.
//
// DNS: A for all lists together, then TXT for the first that has the name.
//
// Status: 554 5.7.1.
func HeloNotListed(lists ...List) envelope.Check {
	return domainCheck("dnsbl.helonotlisted", lists, domains{
		stage: envelope.Helo,
		find: func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) ([]envelope.Host, error) {
			host, err := envelope.ParseHost(e.Helo)
			if err != nil {
				return nil, nil
			}
			return []envelope.Host{host}, nil
		},
		about: func(host envelope.Host, _ *envelope.Envelope) subject {
			return subject{"the HELO name %s", []any{host}}
		},
		login: true,
	})
}

// SenderNotListed passes when the domain of MAIL FROM is on none of the lists. The
// domain counts even if the mailbox is invalid: otherwise an invalid local part would
// evade the lists. None: the null sender, and a sender without a domain. Otherwise it
// is like [HeloNotListed]. It answers from Mail on.
//
// DNS: A for all lists together, then TXT for the first that has the domain.
//
// Status: as HeloNotListed.
func SenderNotListed(lists ...List) envelope.Check {
	return domainCheck("dnsbl.sendernotlisted", lists, domains{
		stage: envelope.Mail,
		find: func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) ([]envelope.Host, error) {
			domain := senderDomain(e)
			if domain == "" {
				return nil, nil
			}
			return []envelope.Host{domain}, nil
		},
		about: func(host envelope.Host, _ *envelope.Envelope) subject {
			return subject{"the sender domain %s", []any{host}}
		},
	})
}

// senderDomain returns the domain of the sender, "" if there is none. That of an invalid
// mailbox is after the last @.
func senderDomain(e *envelope.Envelope) envelope.Host {
	if mailbox, err := envelope.ParseMailbox(e.MailFrom, e.SMTPUTF8); err == nil {
		return mailbox.Domain
	}
	at := strings.LastIndexByte(e.MailFrom, '@')
	if at < 0 {
		return ""
	}
	domain, _ := envelope.ParseHost(e.MailFrom[at+1:])
	return domain
}

// PTRNotListed passes when none of the names in the PTR records of the client is on one
// of the lists. The names need not be confirmed: a client that claims a name may be
// refused for it. None: a client without a host name, and one of a local network.
// Otherwise it is like [HeloNotListed]. It answers from Connect on.
//
// DNS: PTR, then A for at most ten names and all lists together, then TXT for the first
// listing.
//
// Status: as HeloNotListed.
func PTRNotListed(lists ...List) envelope.Check {
	return domainCheck("dnsbl.ptrnotlisted", lists, domains{
		stage: envelope.Connect,
		find: func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) ([]envelope.Host, error) {
			return reverseNames(ctx, r, e.Client())
		},
		about: func(host envelope.Host, e *envelope.Envelope) subject {
			return subject{"the name %s of the client %s", []any{host, e.Client()}}
		},
		login: true,
	})
}

// domains defines which domains of an envelope are looked up.
type domains struct {
	stage envelope.Stage // where they are known
	// find returns them, none if there is nothing to look up. The error is that of a
	// lookup.
	find  func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) ([]envelope.Host, error)
	about func(host envelope.Host, e *envelope.Envelope) subject
	login bool // a failure suggests a login
}

// domainCheck passes when none of the domains is on one of the lists.
func domainCheck(check string, lists []List, of domains) envelope.Check {
	panel, err := readLists(unweighted(lists))
	if err != nil {
		return envelope.Misconfigured(check, of.stage, err)
	}
	return envelope.At(check, of.stage, func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		hosts, err := of.find(ctx, r, e)
		switch {
		case err != nil:
			return envelope.Temporary(check, err).With(new(poll).result())
		case len(hosts) == 0:
			return envelope.NotApplicable(check)
		}
		var questions []question
		for _, host := range hosts {
			for _, l := range panel {
				questions = append(questions, question{l, of.about(host, e), string(host) + "." + string(l.zone)})
			}
		}
		p := ask(ctx, r, 1, questions)
		if p.outcome() != envelope.Fail {
			return p.finding(check)
		}
		f := p.listed(ctx, r, check)
		if of.login {
			f = f.SuggestLogin()
		}
		return f
	})
}

// reverseNames returns the names in the PTR records of client, each once and at most
// ten. Texts that are not host names of the Internet are left out. The names of local
// networks are not disclosed to lists.
func reverseNames(ctx context.Context, r envelope.Resolver, client netip.Addr) ([]envelope.Host, error) {
	if !client.IsValid() || isLocal(client) {
		return nil, nil
	}
	texts, err := envelope.Once(ctx, reverseKey(client), func() ([]string, error) {
		return envelope.LookupPTR(ctx, r, client)
	})
	if err != nil && !envelope.NotFound(err) {
		return nil, err
	}
	var names []envelope.Host
	seen := map[envelope.Host]bool{}
	for _, text := range texts {
		name, err := envelope.ParseHost(text)
		if err != nil || !isFull(name) || !envelope.IsASCII(text) || seen[name] {
			continue
		}
		seen[name] = true
		if names = append(names, name); len(names) == maxNames {
			break
		}
	}
	return names, nil
}

// isFull reports whether the name of a PTR record is fully qualified and not one of the
// reverse tree.
func isFull(name envelope.Host) bool {
	return name.Labels() > 1 && !name.Within("in-addr.arpa") && !name.Within("ip6.arpa")
}
