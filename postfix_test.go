package mxrules_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
	"mxrules.example/envelope/zone"
	"mxrules.example/greylist"
	"mxrules.example/greylist/quota"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/spf"
	"mxrules.example/verdict"
)

// The README has a table of Postfix restrictions. Each row has an example here.

// reply returns the reply to a refused envelope, or the rule and the marks of an
// accepted one.
func reply(rules verdict.Rules, dns envelope.Resolver, e envelope.Envelope) string {
	v := verdict.Policy{Rules: rules}.Judge(context.Background(), dns, &e)
	switch {
	case v.Action != verdict.Accept:
		return v.Err().Error()
	case v.Rule != "":
		return "accept by " + v.Rule
	case len(v.Marks) > 0:
		return "accept, marked " + strings.Join(v.Marks, " ")
	}
	return "accept"
}

// permit_mynetworks, permit_sasl_authenticated
func Example_permitMynetworks() {
	rules := verdict.Rules{
		verdict.AcceptIf(client.In([]netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")})),
		verdict.AcceptIf(client.Authenticated),
		verdict.RejectUnless(recipient.Ours("example.org")),
	}
	inside, outside := netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("192.0.2.1")
	fmt.Println(reply(rules, nil, envelope.Envelope{ClientIP: inside, RcptTo: "ann@example.com"}))
	fmt.Println(reply(rules, nil, envelope.Envelope{ClientIP: outside, Login: "bob", RcptTo: "ann@example.com"}))
	fmt.Println(reply(rules, nil, envelope.Envelope{ClientIP: outside, RcptTo: "ann@example.com"}))
	// Output:
	// accept by client.in
	// accept by client.authenticated
	// 554 5.7.1 the recipient ann@example.com is in no domain of this site; relay access denied; users with an account here should log in (port 465 or 587)
}

// check_client_access, check_helo_access, check_sender_access,
// check_recipient_access
func Example_checkAccess() {
	rules := verdict.Rules{
		verdict.RejectUnless(recipient.Ours("example.org")),
		verdict.AcceptIf(rdns.In(".partner.example")),
		verdict.RejectIf(helo.In(".bulk.example")).Named("site.nobulk"),
		verdict.RejectIf(sender.In("news@loud.example")).Named("site.nonews"),
		verdict.RejectUnless(recipient.In("ann@example.org")).When(sender.In("fan.example")),
	}
	dns := zone.MustParse(`
		1.2.0.192.in-addr.arpa.  PTR  mail.partner.example.
		mail.partner.example.    A    192.0.2.1
	`)
	try := func(ip, greeting, from, to string) {
		fmt.Println(reply(rules, dns, envelope.Envelope{
			ClientIP: netip.MustParseAddr(ip), Helo: greeting, MailFrom: from, RcptTo: to,
		}))
	}
	try("192.0.2.1", "mail.bulk.example", "ann@partner.example", "bob@example.org")
	try("192.0.2.2", "mail.bulk.example", "ann@bulk.example", "bob@example.org")
	try("192.0.2.2", "mail.loud.example", "news@loud.example", "bob@example.org")
	try("192.0.2.2", "mail.fan.example", "eve@fan.example", "bob@example.org")
	try("192.0.2.2", "mail.fan.example", "eve@fan.example", "ann@example.org")
	// Output:
	// accept by rdns.in
	// 550 5.7.1 the HELO name mail.bulk.example is in the list of names
	// 550 5.7.1 the sender news@loud.example is in the list of senders
	// 550 5.7.1 the recipient bob@example.org is not in the list of recipients
	// accept
}

// reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname,
// reject_unknown_helo_hostname
func Example_rejectHeloHostname() {
	rules := verdict.Rules{
		verdict.RejectUnless(helo.Syntax),
		verdict.RejectUnless(helo.FQDN),
		verdict.RejectUnless(helo.Resolves),
	}
	dns := zone.MustParse("mail.example.net. A 192.0.2.1")
	for _, greeting := range []string{"mail.example.net", "mail example net", "mail", "gone.example.net"} {
		fmt.Println(reply(rules, dns, envelope.Envelope{Helo: greeting}))
	}
	// Output:
	// accept
	// 501 5.5.4 the HELO name mail example net has an invalid character; users with an account here should log in (port 465 or 587)
	// 504 5.5.4 the HELO name mail is not fully qualified; users with an account here should log in (port 465 or 587)
	// 550 5.7.1 the HELO name gone.example.net has no A, AAAA or MX record in DNS; users with an account here should log in (port 465 or 587)
}

// reject_unknown_reverse_client_hostname, reject_unknown_client_hostname
func Example_rejectUnknownClientHostname() {
	dns := zone.MustParse(`
		1.2.0.192.in-addr.arpa.  PTR  mail.example.net.
		2.2.0.192.in-addr.arpa.  PTR  mail.example.net.
		mail.example.net.        A    192.0.2.1
	`)
	for _, rule := range []verdict.Rule{verdict.RejectUnless(rdns.Exists), verdict.RejectUnless(rdns.Confirmed)} {
		for _, ip := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"} {
			fmt.Println(reply(verdict.Rules{rule}, dns, envelope.Envelope{ClientIP: netip.MustParseAddr(ip)}))
		}
	}
	// Output:
	// accept
	// accept
	// 550 5.7.25 the client 192.0.2.3 has no PTR record
	// accept
	// 550 5.7.25 the PTR record of the client 192.0.2.2 is mail.example.net, which has no A record with that address
	// 550 5.7.25 the client 192.0.2.3 has no PTR record
}

// reject_non_fqdn_sender, reject_unknown_sender_domain
func Example_rejectUnknownSenderDomain() {
	rules := verdict.Rules{
		verdict.RejectUnless(sender.FQDN),
		verdict.RejectUnless(sender.Resolves),
		verdict.RejectUnless(sender.TakesMail),
	}
	dns := zone.MustParse(`
		example.net.    MX  10 mail.example.net.
		deaf.example.   MX  0 .
	`)
	for _, from := range []string{"ann@example.net", "", "ann@mailserver", "ann@typo.example", "ann@deaf.example"} {
		fmt.Println(reply(rules, dns, envelope.Envelope{MailFrom: from}))
	}
	// Output:
	// accept
	// accept
	// 504 5.1.8 the domain of the sender ann@mailserver is not fully qualified
	// 550 5.1.8 the domain typo.example of the sender has no MX, A or AAAA record in DNS
	// 550 5.7.27 the domain deaf.example of the sender takes no mail (its MX record is null)
}

// reject_unlisted_sender, reject_sender_login_mismatch
func Example_rejectSenderLoginMismatch() {
	mailboxes, err := directory.List("bob@example.org", "ann@example.org")
	if err != nil {
		fmt.Println(err)
		return
	}
	owners, err := directory.OwnersFrom(map[string][]string{"bob": {"bob@example.org"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	rules := verdict.Rules{
		verdict.RejectUnless(sender.Listed([]string{"example.org"}, mailboxes)),
		verdict.RejectUnless(sender.OwnedByLogin(owners)),
		verdict.RejectUnless(envelope.Any(client.Authenticated, sender.NotOurs("example.org"))).Named("sender.needslogin"),
	}
	fmt.Println(reply(rules, nil, envelope.Envelope{Login: "bob", MailFrom: "bob@example.org"}))
	fmt.Println(reply(rules, nil, envelope.Envelope{Login: "bob", MailFrom: "ann@example.org"}))
	fmt.Println(reply(rules, nil, envelope.Envelope{Login: "bob", MailFrom: "eve@example.org"}))
	fmt.Println(reply(rules, nil, envelope.Envelope{MailFrom: "bob@example.org"}))
	fmt.Println(reply(rules, nil, envelope.Envelope{MailFrom: "bob@example.com"}))
	// Output:
	// accept
	// 553 5.7.1 the login bob does not own the sender address ann@example.org
	// 550 5.1.0 the sender eve@example.org is in a domain of this site, and there is no such mailbox here
	// 530 5.7.0 the client has not logged in; authentication required
	// accept
}

// reject_non_fqdn_recipient, reject_unauth_destination,
// reject_unlisted_recipient, reject_unknown_recipient_domain
func Example_rejectUnauthDestination() {
	mailboxes, err := directory.List("bob@example.org")
	if err != nil {
		fmt.Println(err)
		return
	}
	rules := verdict.Rules{
		verdict.RejectUnless(recipient.FQDN),
		verdict.RejectUnless(recipient.Listed(mailboxes)),
		verdict.RejectUnless(recipient.TakesMail).When(client.Authenticated),
		verdict.AcceptIf(client.Authenticated),
		verdict.RejectUnless(recipient.Ours("example.org")),
	}
	dns := zone.MustParse("deaf.example. MX 0 .")
	for _, to := range []string{"bob@example.org", "bob", "eve@example.org", "eve@example.com"} {
		fmt.Println(reply(rules, dns, envelope.Envelope{RcptTo: to}))
	}
	fmt.Println(reply(rules, dns, envelope.Envelope{Login: "bob", RcptTo: "eve@deaf.example"}))
	// Output:
	// accept
	// 504 5.1.2 the recipient bob has no domain
	// 550 5.1.1 there is no mailbox eve@example.org here
	// 554 5.7.1 the recipient eve@example.com is in no domain of this site; relay access denied; users with an account here should log in (port 465 or 587)
	// 556 5.1.10 the domain deaf.example of the recipient takes no mail (its MX record is null)
}

// reject_multi_recipient_bounce
func Example_rejectMultiRecipientBounce() {
	rules := verdict.Rules{verdict.RejectUnless(sender.BounceToOne)}
	fmt.Println(reply(rules, nil, envelope.Envelope{RcptTo: "bob@example.org"}))
	fmt.Println(reply(rules, nil, envelope.Envelope{RcptTo: "ann@example.org", Recipients: 1}))
	// Output:
	// accept
	// 550 5.5.3 mail from the null sender has one recipient, and ann@example.org would be another
}

// reject_rbl_client, reject_rhsbl_sender, permit_dnswl_client
func Example_rejectRBLClient() {
	rules := verdict.Rules{
		verdict.AcceptIf(dnsbl.Listed(dnsbl.List{Zone: "good.example"})),
		verdict.RejectUnless(dnsbl.NotListed(dnsbl.List{Zone: "bad.example", Codes: []string{"127.0.0.2"}})).
			Ignoring(envelope.TempError),
		verdict.RejectUnless(dnsbl.SenderNotListed(dnsbl.List{Zone: "names.example"})),
	}
	dns := zone.MustParse(`
		1.2.0.192.good.example.     A    127.0.0.2
		2.2.0.192.bad.example.      A    127.0.0.2
		2.2.0.192.bad.example.      TXT  "see bad.example/192.0.2.2"
		spam.example.names.example. A    127.0.0.2
	`)
	for _, ip := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"} {
		fmt.Println(reply(rules, dns, envelope.Envelope{ClientIP: netip.MustParseAddr(ip), MailFrom: "ann@spam.example"}))
	}
	// Output:
	// accept by dnsbl.listed
	// 554 5.7.1 the client 192.0.2.2 is on the DNS list bad.example, which says "see bad.example/192.0.2.2"; users with an account here should log in (port 465 or 587)
	// 554 5.7.1 the sender domain spam.example is on the DNS list names.example
}

// reject_plaintext_session, reject_unauth_pipelining
func Example_rejectPlaintextSession() {
	submission := verdict.Rules{verdict.RejectUnless(client.TLS)}
	fmt.Println(reply(submission, nil, envelope.Envelope{}))
	fmt.Println(reply(submission, nil, envelope.Envelope{TLS: &tls.ConnectionState{}}))
	border := verdict.Rules{verdict.RejectUnless(client.Waited)}
	fmt.Println(reply(border, nil, envelope.Envelope{SpokeEarly: true}))
	// Output:
	// 530 5.7.0 the connection is not encrypted; encryption required (STARTTLS)
	// accept
	// 554 5.5.0 the client spoke before the greeting of the server
}

// check_policy_service, with programs for SPF and for greylisting
func Example_checkPolicyService() {
	rules := verdict.Rules{
		verdict.RejectUnless(spf.NotFail),
		verdict.TempFailUnless(greylist.Known(new(greylist.Memory), greylist.Options{})),
	}
	dns := zone.MustParse(`example.net. TXT "v=spf1 ip4:192.0.2.1 -all"`)
	noon := time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC)
	try := func(ip string, now time.Time) {
		fmt.Println(reply(rules, dns, envelope.Envelope{
			ClientIP: netip.MustParseAddr(ip), MailFrom: "ann@example.net", RcptTo: "bob@example.org", Now: now,
		}))
	}
	try("192.0.2.1", noon)
	try("192.0.2.1", noon.Add(5*time.Minute))
	try("192.0.2.2", noon.Add(5*time.Minute))
	// Output:
	// 451 4.7.1 greylisted: mail from ann@example.net to bob@example.org is not known yet, please try again later
	// accept
	// 550 5.7.23 the SPF record of the domain example.net does not allow the client 192.0.2.2 to use it
}

// smtpd_client_message_rate_limit, smtpd_client_recipient_rate_limit
func Example_clientRateLimit() {
	store := new(greylist.Memory)
	rules := verdict.Rules{
		verdict.AcceptIf(client.In([]netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")})),
		verdict.TempFailUnless(quota.Within(store, quota.Key{Of: quota.Client}, 2, time.Minute)),
		verdict.TempFailUnless(quota.Within(store, quota.Key{Of: quota.Client, Recipients: true}, 100, time.Minute)),
	}
	for _, ip := range []string{"192.0.2.1", "192.0.2.1", "192.0.2.1", "198.51.100.7"} {
		fmt.Println(reply(rules, nil, envelope.Envelope{ClientIP: netip.MustParseAddr(ip), RcptTo: "bob@example.org"}))
	}
	// Output:
	// accept
	// accept
	// 450 4.7.28 the limit of 2 messages in 1m for client 192.0.2.1 is reached, please try again later
	// accept by client.in
}

// smtpd_upstream_proxy_protocol, smtpd_authorized_xclient_hosts
func Example_clientBehindAProxy() {
	rules := verdict.Rules{verdict.RejectIf(client.In([]netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}))}
	proxy := netip.MustParseAddr("198.51.100.7")

	// The server learns the client from the proxy, and writes it into the envelope.
	e := envelope.Envelope{ClientIP: proxy}
	e.ClientIP, e.Helo = netip.MustParseAddr("203.0.113.9"), "mail.example.net" // XCLIENT ADDR=203.0.113.9 HELO=mail.example.net
	fmt.Println(reply(rules, nil, e))

	// A server that only relays mail names its client in the Received field.
	gateways, _ := client.ParseGateways([]netip.Prefix{netip.MustParsePrefix("198.51.100.7/32")}, "gw.example.org")
	e, err := gateways.Behind(envelope.Envelope{ClientIP: proxy, Message: envelope.NewMessage([]byte(
		"Received: from mail.example.net (unknown [203.0.113.9]) by gw.example.org with ESMTP; Thu, 1 Jan 2026 00:00:00 +0000\r\n\r\n"))})
	fmt.Println(reply(rules, nil, e), err)
	// Output:
	// 550 5.7.1 the client address 203.0.113.9 is in the list of networks
	// 550 5.7.1 the client address 203.0.113.9 is in the list of networks <nil>
}

// warn_if_reject, soft_bounce, smtpd_delay_reject
func Example_warnIfReject() {
	trial := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(helo.FQDN).Shadow()}}
	v := trial.Judge(context.Background(), nil, &envelope.Envelope{Helo: "laptop"})
	fmt.Println(v.Action, "and the trial would", v.Trace[0].Action)

	soft := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(helo.FQDN)}, Soft: true}
	v = soft.Judge(context.Background(), nil, &envelope.Envelope{Helo: "laptop"})
	fmt.Println(v.Action, v.Status)

	// A rejection waits only for what could still change it: a login, which comes
	// before MAIL.
	delayed := verdict.Policy{Rules: verdict.Rules{
		verdict.AcceptIf(client.Authenticated),
		verdict.RejectUnless(helo.FQDN),
	}}
	v = delayed.Judge(context.Background(), nil, &envelope.Envelope{Helo: "laptop", Stage: envelope.Helo})
	fmt.Println(v.Action)
	v = delayed.Judge(context.Background(), nil, &envelope.Envelope{Helo: "laptop", Stage: envelope.Mail})
	fmt.Println(v.Action)
	// Output:
	// accept and the trial would reject
	// tempfail 451 4.5.4
	// continue
	// reject
}

// defer_if_permit, defer_if_reject
func Example_deferIfPermit() {
	dns := zone.MustParse(``).Failing("*.", zone.SERVFAIL)
	e := envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "laptop"}

	// The failed rule could only reject: a later rejection is given, and an accept
	// becomes a tempfail.
	fmt.Println(reply(verdict.Rules{verdict.RejectUnless(rdns.Exists), verdict.RejectUnless(helo.FQDN)}, dns, e))
	fmt.Println(reply(verdict.Rules{verdict.RejectUnless(rdns.Exists)}, dns, e))
	// The failed rule could accept: a later rejection becomes a tempfail.
	fmt.Println(reply(verdict.Rules{verdict.AcceptIf(rdns.In("example.net")), verdict.RejectUnless(helo.FQDN)}, dns, e))
	// Output:
	// 504 5.5.4 the HELO name laptop is not fully qualified; users with an account here should log in (port 465 or 587)
	// 451 4.7.25 the DNS lookup of 1.2.0.192.in-addr.arpa failed, please try again later
	// 451 4.7.25 the DNS lookup of 1.2.0.192.in-addr.arpa failed, please try again later
}
