package mxrules_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"mxrules.example/dmarc"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
	"mxrules.example/envelope/zone"
	"mxrules.example/examples/policies"
	"mxrules.example/greylist"
	"mxrules.example/greylist/quota"
	"mxrules.example/greylist/reputation"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/spf"
	"mxrules.example/verdict"
)

// The README has a table of what postmasters often want. Each row has an example here.

// Spammers register new domains every day, but new companies do so too. Some services
// publish domains that were registered a few days ago as a DNS list of names. Mail of
// such a domain waits an hour, in which other lists may learn about it, and is marked.
func Example_freshDomains() {
	fresh := dnsbl.List{Zone: "fresh.example", Codes: []string{"127.0.0.2-127.0.0.4"}}
	known := greylist.Known(new(greylist.Memory), greylist.Options{Delay: time.Hour})
	rules := verdict.Rules{
		verdict.RejectUnless(recipient.Ours("example.org")),
		verdict.TempFailUnless(known).
			Unless(envelope.All(dnsbl.HeloNotListed(fresh), dnsbl.SenderNotListed(fresh))).Ignoring(envelope.TempError),
		verdict.MarkUnless(dnsbl.SenderNotListed(fresh), "fresh"),
	}
	dns := zone.MustParse(`
		startup.example.fresh.example.  A  127.0.0.3
	`)
	noon := time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC)
	for _, mail := range []struct {
		from string
		now  time.Time
	}{
		{"ann@example.net", noon},
		{"sales@startup.example", noon},
		{"sales@startup.example", noon.Add(time.Hour)},
	} {
		fmt.Println(reply(rules, dns, envelope.Envelope{
			ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "mail.example.net",
			MailFrom: mail.from, RcptTo: "bob@example.org", Now: mail.now,
		}))
	}
	// Output:
	// accept
	// 451 4.7.1 greylisted: mail from sales@startup.example to bob@example.org is not known yet, please try again later
	// accept, marked fresh
}

// Names of large providers are often forged. Providers whose servers have names of their
// own, and whose mail is authenticated, can be held to that: in HELO, in MAIL FROM and
// in From.
func Example_bigNamesOnlyFromTheirHosts() {
	big := []string{"bigmail.example"}
	rules := verdict.Rules{
		verdict.RejectUnless(rdns.BacksHelo(big...)),
		verdict.RejectUnless(envelope.Any(spf.Pass, dkim.PassFor(big...))).When(sender.In(big...)).Named("bigname.sender"),
		verdict.RejectUnless(dmarc.AlignedFor(big...)),
	}
	dns := zone.MustParse(`
		bigmail.example.        TXT  "v=spf1 ip4:192.0.2.1 ~all"
		1.2.0.192.in-addr.arpa. PTR  out1.bigmail.example.
		out1.bigmail.example.   A    192.0.2.1
	`)
	for _, mail := range []struct{ ip, helo, from, author string }{
		{"192.0.2.1", "out1.bigmail.example", "ann@bigmail.example", "ann@bigmail.example"},
		{"192.0.2.66", "out1.bigmail.example", "ann@example.net", "ann@example.net"},
		{"192.0.2.66", "mail.example.net", "ann@bigmail.example", "ann@bigmail.example"},
		{"192.0.2.66", "mail.example.net", "ann@example.net", "ann@bigmail.example"},
	} {
		fmt.Println(reply(rules, dns, envelope.Envelope{
			ClientIP: netip.MustParseAddr(mail.ip), Helo: mail.helo, MailFrom: mail.from,
			Message: envelope.NewMessage([]byte("From: " + mail.author + "\r\n\r\n")),
		}))
	}
	// Output:
	// accept
	// 550 5.7.1 the HELO name out1.bigmail.example does not match reverse DNS: the client 192.0.2.66 has no PTR record; users with an account here should log in (port 465 or 587)
	// 550 5.7.23 the SPF record of the domain bigmail.example probably does not allow the client 192.0.2.66 to use it
	// 550 5.7.26 mail from bigmail.example is not authenticated: SPF proves nothing and there is no DKIM signature; if it is genuine, please tell the administrator of bigmail.example
}

// The five situations of relaying: from inside or outside, to inside or outside, and a
// user who travels. Only a stranger's mail to others is refused.
func Example_relaySituations() {
	rules := verdict.Rules{
		verdict.AcceptIf(client.In([]netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")})),
		verdict.AcceptIf(client.Authenticated),
		verdict.RejectUnless(recipient.Ours("example.org")),
	}
	inside, outside := netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("192.0.2.1")
	for _, mail := range []struct {
		situation string
		client    netip.Addr
		login, to string
	}{
		{"inside to inside", inside, "", "bob@example.org"},
		{"inside to outside", inside, "", "ann@example.com"},
		{"outside to inside", outside, "", "bob@example.org"},
		{"a user outside to outside", outside, "bob", "ann@example.com"},
		{"outside to outside", outside, "", "ann@example.com"},
		{"outside to outside, by a route", outside, "", "@example.org:ann@example.com"},
		{"outside to outside, by a percent sign", outside, "", "ann%example.com@example.org"},
	} {
		v := verdict.Policy{Rules: rules}.Judge(context.Background(), nil, &envelope.Envelope{
			ClientIP: mail.client, Login: mail.login, RcptTo: mail.to,
		})
		fmt.Printf("%s: %s %s\n", mail.situation, v.Action, v.Status)
	}
	// Output:
	// inside to inside: accept 250 2.0.0
	// inside to outside: accept 250 2.0.0
	// outside to inside: accept 250 2.0.0
	// a user outside to outside: accept 250 2.0.0
	// outside to outside: reject 554 5.7.1
	// outside to outside, by a route: reject 554 5.7.1
	// outside to outside, by a percent sign: reject 554 5.7.1
}

// Strangers who write in the name of this site: in HELO, in MAIL FROM, and in From. Users
// log in. Services that send for the site are in its SPF record. A mailing list returns
// the posts of users.
func Example_ownDomainForgery() {
	d, err := dmarc.New(dmarc.Options{MailingLists: []string{"lists.example"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	rules := verdict.Rules{
		verdict.AcceptIf(client.Authenticated),
		verdict.RejectUnless(helo.NotOurs([]string{"mx.example.org"}, nil)),
		verdict.RejectUnless(envelope.Any(sender.NotOurs("example.org"), spf.Pass)).Unless(sender.Null).Named("sender.notours"),
		verdict.RejectUnless(d.AlignedFor("example.org")),
	}
	dns := zone.MustParse(`
		example.org.    TXT  "v=spf1 ip4:192.0.2.20 -all"
		lists.example.  TXT  "v=spf1 ip4:192.0.2.30 -all"
	`)
	for _, mail := range []struct{ ip, helo, from string }{
		{"192.0.2.66", "mx.example.org", "eve@example.net"},
		{"192.0.2.66", "mail.example.net", "bob@example.org"},
		{"192.0.2.66", "mail.example.net", "eve@example.net"},
		{"192.0.2.20", "news.example.com", "bob@example.org"},
		{"192.0.2.30", "lists.example", "talk-bounces@lists.example"},
	} {
		fmt.Println(reply(rules, dns, envelope.Envelope{
			ClientIP: netip.MustParseAddr(mail.ip), Helo: mail.helo, MailFrom: mail.from, RcptTo: "bob@example.org",
			Message: envelope.NewMessage([]byte("From: Bob <bob@example.org>\r\n\r\n")),
		}))
	}
	// Output:
	// 550 5.7.1 the HELO name mx.example.org is a name of this site; users with an account here should log in (port 465 or 587)
	// 550 5.7.1 the sender bob@example.org is in a domain of this site; users with an account here should log in (port 465 or 587)
	// 550 5.7.26 mail from example.org is not authenticated: SPF proves nothing and there is no DKIM signature; if it is genuine, please tell the administrator of example.org
	// accept
	// accept
}

// What Gmail, Yahoo and Microsoft require of senders of bulk mail: SPF, DKIM, DMARC and
// one-click unsubscribe. The policy bulk has these rules.
func Example_gmailYahooMicrosoft() {
	policy, err := policies.Bulk(policies.Site{Domains: []string{"example.org"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	dns := zone.MustParse(fmt.Sprintf(`
		1.2.0.192.in-addr.arpa.      PTR  mail.news.example.
		mail.news.example.           A    192.0.2.1
		news.example.                MX   10 mail.news.example.
		news.example.                TXT  "v=spf1 ip4:192.0.2.1 -all"
		_dmarc.news.example.         TXT  "v=DMARC1; p=none"
		s._domainkey.news.example.   TXT  "v=DKIM1; k=ed25519; p=%s"
		new.example.                 MX   10 mail.news.example.
	`, publicKey))
	const unsubscribe = "List-Unsubscribe: <https://news.example/u/17>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
	for _, mail := range []struct{ domain, message string }{
		{"news.example", signedBy(newsletter("news.example", unsubscribe), "news.example")},
		{"news.example", signedBy(newsletter("news.example", ""), "news.example")},
		{"news.example", newsletter("news.example", unsubscribe)},
		{"new.example", newsletter("new.example", unsubscribe)},
	} {
		fmt.Println(reply(policy.Rules, dns, envelope.Envelope{
			ClientIP: netip.MustParseAddr("192.0.2.1"), TLS: &tls.ConnectionState{}, Helo: "mail.news.example",
			MailFrom: "bounces@" + mail.domain, RcptTo: "bob@example.org", Message: envelope.NewMessage([]byte(mail.message)),
		}))
	}
	// Output:
	// accept
	// 550 5.7.1 one-click unsubscribe (RFC 8058) is required, and the message has no List-Unsubscribe field
	// 550 5.7.20 the message has no DKIM signature
	// 550 5.7.23 the domain new.example has no SPF record that could allow the client 192.0.2.1 to use it
}

// newsletter returns a message to many, with more fields in its header.
func newsletter(domain, fields string) string {
	return "From: news@" + domain + "\r\nDate: Thu, 01 Jan 2026 12:00:00 +0000\r\nSubject: News\r\n" +
		"Precedence: bulk\r\n" + fields + "\r\nSpring is here.\r\n"
}

// A stolen password sends no more than its owner may: 500 messages in 24 hours, here 2.
func Example_limitForEachLogin() {
	perLogin := quota.Key{Of: quota.Login, Secret: greylist.Secret("of this example")}
	rules := verdict.Rules{
		verdict.RejectUnless(client.Authenticated),
		verdict.TempFailUnless(quota.Within(new(greylist.Memory), perLogin, 2, 24*time.Hour)),
	}
	for _, login := range []string{"bob", "bob", "Bob", "ann"} {
		fmt.Println(reply(rules, nil, envelope.Envelope{Login: login, MailFrom: login + "@example.org", RcptTo: "eve@example.com"}))
	}
	// Output:
	// accept
	// accept
	// 450 4.7.28 the limit of 2 messages in 24h for login bob is reached, please try again later
	// accept
}

// A client that guesses addresses is refused after a few wrong ones, and so does not
// learn which exist. A server records each reply, as the package example of
// greylist/reputation shows.
func Example_directoryHarvesting() {
	mailboxes, err := directory.List("bob@example.org", "carl@example.org")
	if err != nil {
		fmt.Println(err)
		return
	}
	store := new(greylist.Memory)
	harvest := reputation.Options{Name: "harvesting", Memory: 24 * time.Hour, Enough: 3}
	record := reputation.Recorder(store, harvest)
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(reputation.Good(store, harvest)),
		verdict.RejectUnless(recipient.Listed(mailboxes)),
	}}
	for _, name := range []string{"adam", "alex", "anna", "bob"} {
		e := envelope.Envelope{
			Stage: envelope.Rcpt, ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "mail.example.net",
			MailFrom: "ann@example.net", RcptTo: name + "@example.org", Now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC),
		}
		v := policy.Judge(context.Background(), nil, &e)
		fmt.Println(v.Err())
		if err := record(context.Background(), nil, reputation.Reply{Envelope: &e, Status: v.Status, Check: v.Finding.Check}); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// 550 5.1.1 there is no mailbox adam@example.org here
	// 550 5.1.1 there is no mailbox alex@example.org here
	// 550 5.1.1 there is no mailbox anna@example.org here
	// 550 5.7.1 3 of 3 recent recipients of mail from 192.0.2.0/24 were refused
}

// Ann wants no greylisting, and Bob only authenticated mail. Patterns are settings here;
// recipient.InSet asks a database instead.
func Example_choiceOfAMailbox() {
	rules := verdict.Rules{
		verdict.RejectUnless(recipient.Ours("example.org")),
		verdict.TempFailUnless(greylist.Known(new(greylist.Memory), greylist.Options{})).Unless(recipient.In("ann@example.org")),
		verdict.RejectUnless(dmarc.Pass).When(recipient.In("bob@example.org")),
	}
	noon := time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC)
	for _, mail := range []struct {
		to  string
		now time.Time
	}{
		{"ann@example.org", noon},
		{"bob@example.org", noon},
		{"bob@example.org", noon.Add(10 * time.Minute)},
	} {
		fmt.Println(reply(rules, zone.MustParse(``), envelope.Envelope{
			ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "eve@example.net", RcptTo: mail.to, Now: mail.now,
			Message: envelope.NewMessage([]byte("From: eve@example.net\r\n\r\n")),
		}))
	}
	// Output:
	// accept
	// 451 4.7.1 greylisted: mail from eve@example.net to bob@example.org is not known yet, please try again later
	// 550 5.7.26 the domain example.net in From is not protected by DMARC: no DMARC record is published for the author domain
}

// RFC 9989, section 7.4: do not reject for p=reject alone, because mailing lists change
// what their members write. Reject what SPF does not pass for either, take what a known
// list sends, and mark the rest.
func Example_rejectPolicyAndMailingLists() {
	d, err := dmarc.New(dmarc.Options{MailingLists: []string{"known.example"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	rules := verdict.Rules{
		verdict.RejectUnless(dmarc.SingleAuthor),
		verdict.RejectUnless(d.NotReject).Unless(spf.Pass),
		verdict.MarkUnless(envelope.All(d.NotReject, d.NotQuarantine), "quarantine").Named("dmarc"),
	}
	dns := zone.MustParse(fmt.Sprintf(`
		bank.example.                TXT  "v=spf1 ip4:192.0.2.1 -all"
		_dmarc.bank.example.         TXT  "v=DMARC1; p=reject"
		s._domainkey.bank.example.   TXT  "v=DKIM1; k=ed25519; p=%[1]s"
		s._domainkey.known.example.  TXT  "v=DKIM1; k=ed25519; p=%[1]s"
		other.example.               TXT  "v=spf1 ip4:192.0.2.30 -all"
	`, publicKey))
	post := signedBy("From: Clerk <clerk@bank.example>\r\nSubject: Rates\r\n\r\nUp.\r\n", "bank.example")
	changed := strings.Replace(post, "Subject: ", "Subject: [talk] ", 1)
	for _, mail := range []struct{ what, ip, from, message string }{
		{"forwarded", "192.0.2.99", "clerk@bank.example", post},
		{"forged", "192.0.2.99", "clerk@bank.example", changed},
		{"from a known list", "192.0.2.99", "bounces@known.example", signedBy(changed, "known.example")},
		{"from another list", "192.0.2.30", "bounces@other.example", changed},
	} {
		v := verdict.Policy{Rules: rules}.Judge(context.Background(), dns, &envelope.Envelope{
			ClientIP: netip.MustParseAddr(mail.ip), MailFrom: mail.from, Message: envelope.NewMessage([]byte(mail.message)),
		})
		fmt.Println(mail.what+":", v.Action, v.Status, v.Marks)
	}
	// Output:
	// forwarded: accept 250 2.0.0 []
	// forged: reject 550 5.7.26 []
	// from a known list: accept 250 2.0.0 []
	// from another list: accept 250 2.0.0 [quarantine]
}
