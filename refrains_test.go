package mxrules_test

import (
	"fmt"
	"net/netip"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
	"mxrules.example/envelope/zone"
	"mxrules.example/examples/policies"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/spf"
	"mxrules.example/verdict"
)

// The README has a table of what the library will not do. Each row has an example here
// of what to do instead.

// A challenge goes to the sender, which may be forged. A tempfail goes to the client.
func Example_insteadOfChallengeResponse() {
	rules := verdict.Rules{
		verdict.RejectUnless(recipient.Ours("example.org")),
		verdict.TempFailUnless(rdns.Exists),
	}
	dns := zone.MustParse(``)
	fmt.Println(reply(rules, dns, envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "ann@example.net", RcptTo: "bob@example.org",
	}))
	// Output:
	// 450 4.7.25 the client 192.0.2.1 has no PTR record
}

// Instead of a callout to the server of the sender (reject_unverified_sender), ask the
// directory about our own domains, and DNS about others.
func Example_insteadOfSenderCallouts() {
	mailboxes, err := directory.List("bob@example.org")
	if err != nil {
		fmt.Println(err)
		return
	}
	rules := verdict.Rules{
		verdict.RejectUnless(sender.Listed([]string{"example.org"}, mailboxes)),
		verdict.RejectUnless(sender.TakesMail),
		verdict.RejectUnless(spf.NotFail),
	}
	dns := zone.MustParse(`
		deaf.example.   MX   0 .
		firm.example.   TXT  "v=spf1 ip4:192.0.2.7 -all"
	`)
	for _, from := range []string{"eve@example.org", "ann@deaf.example", "ann@firm.example", "ann@example.net"} {
		fmt.Println(reply(rules, dns, envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: from}))
	}
	fmt.Println(dns.Asked())
	// Output:
	// 550 5.1.0 the sender eve@example.org is in a domain of this site, and there is no such mailbox here
	// 550 5.7.27 the domain deaf.example of the sender takes no mail (its MX record is null)
	// 550 5.7.23 the SPF record of the domain firm.example does not allow the client 192.0.2.1 to use it
	// accept
	// deaf.example. MX, firm.example. MX, firm.example. TXT, example.net. MX, example.net. TXT
}

// Instead of a bounce to a sender that may be forged, the client gets the reply in the
// SMTP transaction.
func Example_insteadOfBackscatter() {
	mailboxes, err := directory.List(
		"bob@example.org",
		"gone@example.org disabled",
		"full@example.org full",
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	rules := verdict.Rules{verdict.RejectUnless(recipient.Listed(mailboxes))}
	for _, to := range []string{"bob@example.org", "eve@example.org", "gone@example.org", "full@example.org"} {
		fmt.Println(reply(rules, nil, envelope.Envelope{Stage: envelope.Rcpt, RcptTo: to}))
	}
	// Output:
	// accept
	// 550 5.1.1 there is no mailbox eve@example.org here
	// 550 5.2.1 the mailbox gone@example.org is disabled
	// 452 4.2.2 the mailbox full@example.org is full, please try again later
}

// The standard policy has no block list. To introduce one, first mark what is listed,
// then defer it if the client is suspicious for another reason, then reject it.
func Example_insteadOfABlockListByDefault() {
	list := dnsbl.List{Zone: "list.example", Codes: []string{"127.0.0.2"}}
	dns := zone.MustParse(`
		1.2.0.192.in-addr.arpa.   PTR  mail.example.net.
		mail.example.net.         A    192.0.2.1
		example.net.              MX   10 mail.example.net.
		1.2.0.192.list.example.   A    127.0.0.2
	`)
	e := envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "mail.example.net",
		MailFrom: "ann@example.net", RcptTo: "bob@example.org",
	}
	standard, err := policies.Standard(policies.Site{Domains: []string{"example.org"}, Lists: []dnsbl.List{list}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(reply(standard.Rules, dns, e), dns.Count("1.2.0.192.list.example. A"))

	for _, rule := range []verdict.Rule{
		verdict.MarkUnless(dnsbl.NotListed(list), "listed"),
		verdict.TempFailUnless(dnsbl.NotListed(list)).Unless(helo.Matches),
		verdict.RejectUnless(dnsbl.NotListed(list)),
	} {
		fmt.Println(reply(verdict.Rules{rule.Ignoring(envelope.TempError)}, dns, e))
	}
	// Output:
	// accept 0
	// accept, marked listed
	// accept
	// 554 5.7.1 the client 192.0.2.1 is on the DNS list list.example; users with an account here should log in (port 465 or 587)
}
