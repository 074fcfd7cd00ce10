package recipient_test

import (
	"context"
	"fmt"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/zone"
)

// The two checks that every server needs: is the mail for us, and does the mailbox
// exist?
func Example() {
	mailboxes, err := directory.List(
		"postmaster@example.org",
		"ann@example.org",
		"bob@example.org disabled",
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	good := envelope.All(recipient.Ours("example.org"), recipient.Listed(mailboxes))

	for _, rcpt := range []string{
		"Ann@Example.ORG",
		"bob@example.org",
		"carol@example.org",
		"dave@example.net",
		"dave%example.net@example.org",
		"postmaster",
	} {
		f := good(context.Background(), nil, &envelope.Envelope{RcptTo: rcpt})
		fmt.Println(rcpt, f.Outcome)
		if f.Outcome == envelope.Fail {
			fmt.Println("  ", f.Status, f.Text)
		}
	}
	// Output:
	// Ann@Example.ORG pass
	// bob@example.org fail
	//    550 5.2.1 the mailbox bob@example.org is disabled
	// carol@example.org fail
	//    550 5.1.1 there is no mailbox carol@example.org here
	// dave@example.net fail
	//    554 5.7.1 the recipient dave@example.net is in no domain of this site
	// dave%example.net@example.org fail
	//    554 5.7.1 the recipient dave%example.net@example.org asks this server to relay the mail
	// postmaster pass
}

// A leading dot matches the domains below. An address literal must be listed.
func ExampleOurs() {
	ours := recipient.Ours("example.org", ".lists.example.org", "[192.0.2.25]")
	for _, rcpt := range []string{
		"ann@example.org",
		"ann@mail.example.org",
		"members@chess.lists.example.org",
		"postmaster@[192.0.2.25]",
		"postmaster@[192.0.2.26]",
		"@example.org:ann@example.net",
		`"ann@example.net"@example.org`,
	} {
		fmt.Println(rcpt, ours(context.Background(), nil, &envelope.Envelope{RcptTo: rcpt}).Outcome)
	}
	// Output:
	// ann@example.org pass
	// ann@mail.example.org fail
	// members@chess.lists.example.org pass
	// postmaster@[192.0.2.25] pass
	// postmaster@[192.0.2.26] fail
	// @example.org:ann@example.net fail
	// "ann@example.net"@example.org fail
}

// A full mailbox and a failing directory defer the mail.
func ExampleListed() {
	mailboxes := directory.Lookup(func(_ context.Context, m envelope.Mailbox) (directory.Answer, error) {
		if m.Local == "ann" {
			return directory.Full, nil
		}
		return 0, fmt.Errorf("the database is down")
	})
	listed := recipient.Listed(mailboxes)
	for _, rcpt := range []string{"ann@example.org", "bob@example.org"} {
		f := listed(context.Background(), nil, &envelope.Envelope{RcptTo: rcpt})
		fmt.Println(f.Outcome, f.Status, f.Text)
		fmt.Println("   because", f.Err)
	}
	// Output:
	// temperror 452 4.2.2 the mailbox ann@example.org is full
	//    because the mailbox is full
	// temperror 451 4.3.0 temporary lookup failure
	//    because the database is down
}

// A domain that accepts no mail has a null MX.
func ExampleTakesMail() {
	dns := zone.MustParse("example.com. MX 0 .")
	f := recipient.TakesMail(context.Background(), dns, &envelope.Envelope{RcptTo: "ann@example.com"})
	fmt.Println(f.Status, f.Text)
	fmt.Println(dns.Asked())
	// Output:
	// 556 5.1.10 the domain example.com of the recipient takes no mail (its MX record is null)
	// example.com. MX
}

// A sender whose mail is rejected must be able to ask why.
func ExampleRole() {
	role := recipient.Role([]string{"example.org"})
	for _, rcpt := range []string{"Postmaster", "abuse@example.org", "ann@example.org", "abuse@example.net"} {
		fmt.Println(rcpt, role(context.Background(), nil, &envelope.Envelope{RcptTo: rcpt}).Outcome)
	}
	// Output:
	// Postmaster pass
	// abuse@example.org pass
	// ann@example.org fail
	// abuse@example.net fail
}

// Mailboxes whose owners do not want greylisting.
func ExampleIn() {
	impatient := recipient.In("ann@example.org", "shop.example", ".shop.example")
	for _, rcpt := range []string{"Ann@example.org", "bob@example.org", "orders@shop.example", "orders@eu.shop.example"} {
		fmt.Println(rcpt, impatient(context.Background(), nil, &envelope.Envelope{RcptTo: rcpt}).Outcome)
	}
	// Output:
	// Ann@example.org pass
	// bob@example.org fail
	// orders@shop.example pass
	// orders@eu.shop.example pass
}
