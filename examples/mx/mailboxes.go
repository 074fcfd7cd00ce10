package main

import (
	"context"
	"log/slog"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
)

// mailboxes are the mailboxes of the server, each with a maildir.
type mailboxes struct {
	maildirs
	domains []string
	known   directory.Lookup
	log     *slog.Logger
}

// newMailboxes creates the maildirs of a site: for its mailboxes, and for the postmaster
// of each domain (RFC 5321, section 4.5.1).
func newMailboxes(s site) (*mailboxes, error) {
	b := &mailboxes{maildirs: maildirs{root: s.maildir, host: s.hostname}, log: s.log}
	var addresses []string
	for _, mailbox := range s.mailboxes {
		b.domains = append(b.domains, string(mailbox.Domain))
		for _, m := range []envelope.Mailbox{mailbox, {Local: "postmaster", Domain: mailbox.Domain}} {
			if err := b.create(m); err != nil {
				return nil, err
			}
			addresses = append(addresses, m.String())
		}
	}
	var err error
	b.known, err = directory.List(addresses...)
	return b, err
}

// has reports whether a mailbox has a maildir.
func (b *mailboxes) has(m envelope.Mailbox) bool {
	answer, err := b.known.Ask(context.Background(), m)
	return err == nil && answer == directory.Known
}
