package sender_test

import (
	"context"
	"fmt"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/sender"
	"mxrules.example/envelope/zone"
)

// A failure report must be able to reach the sender.
func Example() {
	dns := zone.MustParse(`
		example.net.     MX  10 mail.example.net.
		mail.example.net. A  192.175.48.1
		deaf.example.    MX  0 .
	`)
	answerable := envelope.All(sender.Syntax, sender.FQDN, sender.Resolves, sender.TakesMail)

	for _, from := range []string{
		"ann@example.net",
		"",
		"ann",
		"ann@mailserver",
		"ann@typo.example",
		"no-reply@deaf.example",
	} {
		f := answerable(context.Background(), dns, &envelope.Envelope{MailFrom: from})
		fmt.Printf("<%s> %s\n", from, f.Outcome)
		if f.Outcome == envelope.Fail {
			fmt.Println("  ", f.Status, f.Text)
		}
	}
	// Output:
	// <ann@example.net> pass
	// <> none
	// <ann> fail
	//    501 5.1.7 the sender ann has no domain
	// <ann@mailserver> fail
	//    504 5.1.8 the domain of the sender ann@mailserver is not fully qualified
	// <ann@typo.example> fail
	//    550 5.1.8 the domain typo.example of the sender has no MX, A or AAAA record in DNS
	// <no-reply@deaf.example> fail
	//    550 5.7.27 the domain deaf.example of the sender takes no mail (its MX record is null)
}

// The mail servers of a domain cannot be reached. The Detail has the reason for each.
func ExampleMXUsable() {
	dns := zone.MustParse(`
		example.net.       MX     10 192.0.2.1.
		example.net.       MX     20 gone.example.net.
		example.net.       MX     30 inside.example.net.
		inside.example.net. A     10.1.2.3
	`)
	f := sender.MXUsable(context.Background(), dns, &envelope.Envelope{MailFrom: "ann@example.net"})
	fmt.Println(f.Status)
	for _, bad := range f.Detail.(*sender.Result).Bad {
		fmt.Println(bad.Host, bad.Reason)
	}
	// Output:
	// 550 5.1.8
	// 192.0.2.1 is an address, not a host name
	// gone.example.net has no address
	// inside.example.net has the address 10.1.2.3, which is not public (Private-Use, RFC 1918)
}

// A domain whose only mail server is an alias breaks the standard, but receives mail.
func ExampleMXNotAlias() {
	dns := zone.MustParse(`
		example.net.      MX     10 mail.example.net.
		mail.example.net. CNAME  mail.example.com.
		mail.example.com. A      192.175.48.1
	`)
	e := &envelope.Envelope{MailFrom: "ann@example.net"}
	fmt.Println(sender.MXUsable(context.Background(), dns, e).Outcome)
	f := sender.MXNotAlias(context.Background(), dns, e)
	fmt.Println(f.Outcome, f.Text)
	// Output:
	// pass
	// fail the MX records of the domain example.net of the sender name only aliases: mail.example.net is an alias of mail.example.com
}

// A client from outside uses one of our domains.
func ExampleNotOurs() {
	notOurs := sender.NotOurs("example.org", ".example.org")
	for _, from := range []string{"ann@example.net", "Boss@Example.ORG", "boss@lists.example.org"} {
		f := notOurs(context.Background(), nil, &envelope.Envelope{MailFrom: from})
		fmt.Println(from, f.Outcome)
	}
	// Output:
	// ann@example.net pass
	// Boss@Example.ORG fail
	// boss@lists.example.org fail
}

// Printers and web servers, which are accepted by their network, should use our
// domains.
func ExampleOurs() {
	ours := sender.Ours("example.org")
	for _, from := range []string{"printer@example.org", "printer@example.net"} {
		f := ours(context.Background(), nil, &envelope.Envelope{MailFrom: from})
		fmt.Println(from, f.Outcome)
	}
	// Output:
	// printer@example.org pass
	// printer@example.net fail
}

// A sender in our own domain must have a mailbox.
func ExampleListed() {
	mailboxes, err := directory.List("ann@example.org")
	if err != nil {
		fmt.Println(err)
		return
	}
	listed := sender.Listed([]string{"example.org"}, mailboxes)
	for _, from := range []string{"ann@example.org", "payroll@example.org", "anybody@example.net"} {
		f := listed(context.Background(), nil, &envelope.Envelope{MailFrom: from})
		fmt.Println(from, f.Outcome)
	}
	// Output:
	// ann@example.org pass
	// payroll@example.org fail
	// anybody@example.net none
}

// A login may only use its own addresses.
func ExampleOwnedByLogin() {
	owners, err := directory.OwnersFrom(map[string][]string{
		"ann": {"ann@example.org", "info@example.org"},
		"bob": {"bob@example.org", "info@example.org", "@bob.example"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	owned := sender.OwnedByLogin(owners)
	for _, from := range []string{"ann@example.org", "info@example.org", "bob@example.org", "shop@bob.example"} {
		f := owned(context.Background(), nil, &envelope.Envelope{Login: "ann", MailFrom: from})
		fmt.Printf("%s: %s %q\n", from, f.Outcome, f.Text)
	}
	// Output:
	// ann@example.org: pass ""
	// info@example.org: pass ""
	// bob@example.org: fail "the login ann does not own the sender address bob@example.org"
	// shop@bob.example: fail "the login ann does not own the sender address shop@bob.example"
}

// A failure report goes to one recipient.
func ExampleBounceToOne() {
	for accepted := range 2 {
		f := sender.BounceToOne(context.Background(), nil, &envelope.Envelope{RcptTo: "ann@example.org", Recipients: accepted})
		fmt.Printf("%s %q\n", f.Outcome, f.Text)
	}
	// Output:
	// pass ""
	// fail "mail from the null sender has one recipient, and ann@example.org would be another"
}

// A list of senders for a rule of the site.
func ExampleIn() {
	partner := sender.In("orders@example.net", ".partner.example")
	for _, from := range []string{"Orders@example.net", "ann@example.net", "ann@eu.partner.example"} {
		f := partner(context.Background(), nil, &envelope.Envelope{MailFrom: from})
		fmt.Println(from, f.Outcome)
	}
	// Output:
	// Orders@example.net pass
	// ann@example.net fail
	// ann@eu.partner.example pass
}
