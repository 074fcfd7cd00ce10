package reputation_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/zone"
	"mxrules.example/greylist"
	"mxrules.example/greylist/reputation"
	"mxrules.example/verdict"
)

// send sends a message to one recipient over a connection of its own, and prints the
// first reply that refuses it, or what the message is marked with.
func send(c verdict.Connection, ip, to string) {
	session := verdict.NewSession(context.Background(), c)
	defer session.Close()
	e := envelope.Envelope{
		ClientIP: netip.MustParseAddr(ip), Helo: "mail.example.net", MailFrom: "ann@example.net",
		RcptTo: to, Now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}
	session.Connect(e)
	session.Helo(e)
	for _, command := range []func(envelope.Envelope, func() error) verdict.Reply{session.Mail, session.Rcpt} {
		if reply := command(e, nil); reply.Status.Class() != 2 {
			fmt.Println(to, "from", ip, "is refused:", reply.Status, reply.Lines[0])
			return
		}
	}
	session.Data(envelope.NewMessage([]byte("Subject: hello\r\n\r\n")), func(event verdict.Event) error {
		fmt.Println(event.Recipients[0].To, "from", ip, "is accepted", event.Verdict.Marks)
		return nil
	})
}

// mailboxes are those of the site.
func mailboxes() directory.Lookup {
	mailboxes, err := directory.List("bob@example.org", "carl@example.org")
	if err != nil {
		log.Fatal(err)
	}
	return mailboxes
}

// Mark mail of systems whose mail was mostly refused. Report writes what was replied.
func Example() {
	store := new(greylist.Memory)
	dns := zone.MustParse(``)
	options := reputation.Options{Enough: 3, Secret: greylist.Secret("of this example")}
	record := reputation.Recorder(store, options)
	connection := verdict.Connection{
		Policy: verdict.Policy{Rules: verdict.Rules{
			verdict.RejectUnless(recipient.Listed(mailboxes())),
			verdict.MarkUnless(reputation.Good(store, options), "suspicious"),
		}},
		Resolver: dns,
		Report: func(ctx context.Context, event verdict.Event) {
			err := record(ctx, dns, reputation.Reply{
				Envelope: event.Envelope, Recipients: len(event.Recipients),
				Status: event.Reply.Status, Check: event.Verdict.Finding.Check,
			})
			if err != nil {
				log.Print(err)
			}
		},
	}
	send(connection, "192.0.2.1", "bob@example.org")
	send(connection, "192.0.2.1", "sales@example.org")
	send(connection, "192.0.2.1", "info@example.org")
	send(connection, "192.0.2.1", "carl@example.org")
	send(connection, "198.51.100.1", "carl@example.org")
	// Output:
	// bob@example.org from 192.0.2.1 is accepted []
	// sales@example.org from 192.0.2.1 is refused: 550 5.1.1 there is no mailbox sales@example.org here
	// info@example.org from 192.0.2.1 is refused: 550 5.1.1 there is no mailbox info@example.org here
	// carl@example.org from 192.0.2.1 is accepted [suspicious]
	// carl@example.org from 198.51.100.1 is accepted []
}

// Stop directory harvesting: many unknown recipients of one system, over several
// connections. This history counts only unknown recipients, and the recipients of
// messages that were accepted. A system that knows most of its recipients stays welcome.
func Example_harvesting() {
	store := new(greylist.Memory)
	harvest := reputation.Options{
		Name: "harvesting", Memory: 24 * time.Hour, Enough: 4, MaxRefused: 50,
		Secret: greylist.Secret("of this example"),
	}
	record := reputation.Recorder(store, harvest)
	connection := verdict.Connection{
		Policy: verdict.Policy{Rules: verdict.Rules{
			verdict.RejectUnless(reputation.Good(store, harvest)),
			verdict.RejectUnless(recipient.Listed(mailboxes())),
		}},
		Report: func(ctx context.Context, event verdict.Event) {
			check := event.Verdict.Finding.Check
			if event.Stage != envelope.Data && check != "recipient.listed" {
				return
			}
			err := record(ctx, nil, reputation.Reply{
				Envelope: event.Envelope, Recipients: len(event.Recipients), Status: event.Reply.Status, Check: check,
			})
			if err != nil {
				log.Print(err)
			}
		},
	}
	for _, name := range []string{"adam", "alex", "bob", "brian", "carl"} {
		send(connection, "192.0.2.1", name+"@example.org")
	}
	for _, name := range []string{"bob", "bbo", "bob", "carl", "bob"} {
		send(connection, "198.51.100.1", name+"@example.org")
	}
	// Output:
	// adam@example.org from 192.0.2.1 is refused: 550 5.1.1 there is no mailbox adam@example.org here
	// alex@example.org from 192.0.2.1 is refused: 550 5.1.1 there is no mailbox alex@example.org here
	// bob@example.org from 192.0.2.1 is accepted []
	// brian@example.org from 192.0.2.1 is refused: 550 5.1.1 there is no mailbox brian@example.org here
	// carl@example.org from 192.0.2.1 is refused: 550 5.7.1 3 of 4 recent recipients of mail from 192.0.2.0/24 were refused
	// bob@example.org from 198.51.100.1 is accepted []
	// bbo@example.org from 198.51.100.1 is refused: 550 5.1.1 there is no mailbox bbo@example.org here
	// bob@example.org from 198.51.100.1 is accepted []
	// carl@example.org from 198.51.100.1 is accepted []
	// bob@example.org from 198.51.100.1 is accepted []
}
