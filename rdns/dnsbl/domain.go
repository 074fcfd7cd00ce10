package dnsbl

import (
	"context"
	"net/netip"
	"strconv"

	"mxrules.example/envelope"
)

// Subject says which domain of an envelope DomainNotListed looks for.
type Subject uint8

const (
	_ Subject = iota
	// Helo is the name that the client greets with, known from Helo on.
	Helo
	// Sender is the domain of MAIL FROM, known from Mail on.
	Sender
	// PTR is each of the names that the reverse DNS of the client's address
	// gives, known from Connect on. They need not lead back to it: to be refused
	// for a name it is enough to claim it.
	PTR
)

// maxNames is how many names of an answer are looked for. A stranger writes the
// answer, and each name is a question to every list.
const maxNames = 10

// DomainNotListed passes when the domain is on none of the lists, which are
// lists of names (RFC 5782, section 3). The domain is asked for as it is,
// in A-labels, and nothing above it: whether a list means all names below one
// of its entries is for the list to say. The Detail is a *[Result].
//
// None: the null sender, an address literal, a client without a usable name or
// with an address that only this site knows, and whatever else is no domain. A
// domain that is too long to stand before the zone of a list is not on it. A
// list that can't be read makes every answer a TempError whose Err names the
// value at fault.
//
// DNS: A for each list up to the first that has the domain, then its TXT. For
// PTR that is so for each of at most ten names, and the PTR records are asked
// for before.
func DomainNotListed(of Subject, lists ...List) envelope.Check {
	const check = "dnsbl.domainnotlisted"
	if of < Helo || of > PTR {
		err := &envelope.SyntaxError{Kind: "subject", Value: strconv.Itoa(int(of)), Reason: "is none of Helo, Sender, PTR"}
		return envelope.Misconfigured(check, envelope.Connect, err)
	}
	panel, err := readLists(unweighted(lists))
	if err != nil {
		return envelope.Misconfigured(check, of.stage(), err)
	}
	return envelope.At(check, of.stage(), func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		domains, err := of.domains(ctx, r, e)
		switch {
		case err != nil:
			return envelope.Temporary(check, err).With(new(poll).result())
		case len(domains) == 0:
			return envelope.NotApplicable(check)
		}
		var questions []question
		for _, domain := range domains {
			for _, l := range panel {
				questions = append(questions, question{l, of.describe(domain, e), string(domain) + "." + string(l.zone)})
			}
		}
		p := ask(ctx, r, 1, questions)
		if p.outcome() != envelope.Fail {
			return p.finding(check)
		}
		f := p.listed(ctx, r, check)
		if of == Sender { // the domain stays listed, whoever logs in
			return f
		}
		return f.SuggestLogin()
	})
}

// stage is where the domain is known.
func (of Subject) stage() envelope.Stage {
	switch of {
	case Helo:
		return envelope.Helo
	case Sender:
		return envelope.Mail
	}
	return envelope.Connect
}

// domains returns the domains to look for, none if the question does not arise.
// The error is that of DNS.
func (of Subject) domains(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) ([]envelope.Host, error) {
	switch of {
	case Helo:
		if host, err := envelope.ParseHost(e.Helo); err == nil {
			return []envelope.Host{host}, nil
		}
	case Sender:
		if mailbox, err := envelope.ParseMailbox(e.MailFrom, e.SMTPUTF8); err == nil && mailbox.Domain != "" {
			return []envelope.Host{mailbox.Domain}, nil
		}
	case PTR:
		return reverseNames(ctx, r, e.Client())
	}
	return nil, nil
}

// describe is a domain in a sentence.
func (of Subject) describe(domain envelope.Host, e *envelope.Envelope) subject {
	switch of {
	case Helo:
		return subject{"the HELO name %s", []any{domain}}
	case Sender:
		return subject{"the sender domain %s", []any{domain}}
	}
	return subject{"the name %s of the client %s", []any{domain, e.Client()}}
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
