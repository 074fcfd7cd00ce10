package dnsbl

import (
	"context"
	"net/netip"

	"mxrules.example/envelope"
)

// maxNames is how many names of an answer are looked for. A stranger writes the
// answer, and each name is a question to every list.
const maxNames = 10

// HeloNotListed passes when the name that the client greets with is on none of
// the lists, which are lists of names (RFC 5782, section 3). The name is asked
// for as it is, in A-labels, and nothing above it: whether a list means all names
// below one of its entries is for the list to say. The Detail is a *[Result].
//
// None: an address literal, and whatever else is no domain. A domain that is too
// long to stand before the zone of a list is not on it. With a list that does
// not parse the check is misconfigured. It answers from Helo on.
//
// DNS: A for each list up to the first that has the name, then its TXT.
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

// SenderNotListed passes when the domain of MAIL FROM is on none of the lists.
// None: the null sender, and a sender without a domain. In all else it is as
// [HeloNotListed]. It answers from Mail on.
//
// DNS: A for each list up to the first that has the domain, then its TXT.
func SenderNotListed(lists ...List) envelope.Check {
	return domainCheck("dnsbl.sendernotlisted", lists, domains{
		stage: envelope.Mail,
		find: func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) ([]envelope.Host, error) {
			mailbox, err := envelope.ParseMailbox(e.MailFrom, e.SMTPUTF8)
			if err != nil || mailbox.Domain == "" {
				return nil, nil
			}
			return []envelope.Host{mailbox.Domain}, nil
		},
		about: func(host envelope.Host, _ *envelope.Envelope) subject {
			return subject{"the sender domain %s", []any{host}}
		},
	})
}

// PTRNotListed passes when none of the names that the reverse DNS gives for the
// address of the client is on one of the lists. The names need not lead back to
// the address: to be refused for a name it is enough to claim it. None: a client
// without a usable name, or with an address that only this site knows. In all
// else it is as [HeloNotListed]. It answers from Connect on.
//
// DNS: PTR, then for each of at most ten names A for each list up to the first
// that has the name, then its TXT.
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

// domains says which domains of an envelope lists are asked about.
type domains struct {
	stage envelope.Stage // where they are known
	// find returns them, none if the question does not arise. The error is that of
	// DNS.
	find  func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) ([]envelope.Host, error)
	about func(host envelope.Host, e *envelope.Envelope) subject
	login bool // another domain counts for a client that logs in
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

// reverseNames returns the names in the PTR records of client, each once and
// at most ten. Text that is no name of a host on the Internet is left out.
// Names of addresses that only this site knows are for no list to hear.
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

// isFull reports whether a PTR record that says name gives a name at all.
func isFull(name envelope.Host) bool {
	return name.Labels() > 1 && !name.Within("in-addr.arpa") && !name.Within("ip6.arpa")
}
