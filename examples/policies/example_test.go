package policies_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/zone"
	"mxrules.example/examples/policies"
	"mxrules.example/greylist"
	"mxrules.example/greylist/identity"
	"mxrules.example/rdns"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/verdict"
)

// A site accepts mail of any client for its own mailboxes, and relays mail of its
// users.
func ExampleStandard() {
	mailboxes, err := directory.List("bob@example.org", "postmaster@example.org")
	if err != nil {
		fmt.Println(err)
		return
	}
	policy, err := policies.Standard(policies.Site{
		Domains:   []string{"example.org"},
		Names:     []string{"mx.example.org"},
		Networks:  []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")},
		Mailboxes: mailboxes,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	dns := zone.MustParse(`
		example.net.             MX   10 mail.example.net.
		example.org.             MX   10 mx.example.org.
		mail.example.net.        A    192.0.2.9
		9.2.0.192.in-addr.arpa.  PTR  mail.example.net.
	`)
	for _, mail := range []struct{ ip, login, from, to string }{
		{"192.0.2.9", "", "ann@example.net", "bob@example.org"},
		{"192.0.2.9", "", "ann@example.net", "eve@example.org"},
		{"192.0.2.9", "", "ann@example.net", "bob@example.com"},
		{"192.0.2.9", "", "bob@example.org", "bob@example.org"},
		{"192.0.2.9", "bob", "bob@example.org", "ann@example.com"},
		{"192.0.2.77", "", "ann@example.net", "bob@example.org"},
		{"192.0.2.77", "", "ann@example.net", "postmaster@example.org"},
	} {
		v := policy.Judge(context.Background(), dns, &envelope.Envelope{
			ClientIP: netip.MustParseAddr(mail.ip),
			Login:    mail.login,
			Helo:     "mail.example.net",
			MailFrom: mail.from,
			RcptTo:   mail.to,
		})
		fmt.Printf("%s by %q\n", v.Action, v.Rule)
	}
	// Output:
	// accept by ""
	// reject by "recipient.listed"
	// reject by "recipient.ours"
	// reject by "sender.notours"
	// accept by "client.authenticated"
	// reject by "rdns.exists"
	// accept by "recipient.role"
}

// Only mail from a client with a generic name is greylisted.
func ExampleStandard_greylisting() {
	store := new(greylist.Memory) // or greylist/bolt, greylist/redis
	policy, err := policies.Standard(policies.Site{
		Domains: []string{"example.org"},
		Greylist: greylist.Known(store, greylist.Options{
			Identity: identity.Of,
			Secret:   greylist.Secret("16 octets or more, at random"),
		}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	env := newcomer()
	for _, wait := range []time.Duration{0, time.Minute, 5 * time.Minute, 24 * time.Hour} {
		env.Now = env.Now.Add(wait)
		v := policy.Judge(context.Background(), pool, &env)
		fmt.Printf("%s %s by %q\n", env.Now.Format(time.DateTime), v.Action, v.Rule)
	}
	// Output:
	// 2026-01-01 12:00:00 tempfail by "greylist.known"
	// 2026-01-01 12:01:00 tempfail by "greylist.known"
	// 2026-01-01 12:06:00 accept by ""
	// 2026-01-02 12:06:00 accept by ""
}

// A rule that marks shows what greylisting would delay, and delays nothing. It fills
// the store, so that known senders are not delayed later.
func ExampleStandard_greylistingOnTrial() {
	known := greylist.Known(new(greylist.Memory), greylist.Options{Identity: identity.Of})
	policy, err := policies.Standard(policies.Site{Domains: []string{"example.org"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	policy.Rules = append(policy.Rules, verdict.MarkUnless(known, "grey").Unless(rdns.NotGeneric))
	env := newcomer()
	for _, wait := range []time.Duration{0, time.Hour} {
		env.Now = env.Now.Add(wait)
		v := policy.Judge(context.Background(), pool, &env)
		fmt.Println(env.Now.Format(time.DateTime), v.Action, v.Marks)
	}
	// Output:
	// 2026-01-01 12:00:00 accept [generic grey]
	// 2026-01-01 13:00:00 accept [generic]
}

// The owners of mailboxes choose: Ann wants no greylisting, and Bob no mail that is not
// authenticated. The sets may ask a database; examples/mx has them in a file.
func ExampleStandard_choicesOfMailboxes() {
	chosenBy := func(local string) envelope.Set[envelope.Mailbox] {
		return envelope.SetOf(func(m envelope.Mailbox) bool { return m.Local == local })
	}
	policy, err := policies.Standard(policies.Site{
		Domains:           []string{"example.org"},
		Greylist:          greylist.Known(new(greylist.Memory), greylist.Options{Identity: identity.Of}),
		NoGreylisting:     chosenBy("ann"),
		OnlyAuthenticated: chosenBy("bob"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	env := newcomer()
	env.Message = envelope.NewMessage([]byte("From: ann@example.net\r\nDate: Thu, 01 Jan 2026 12:00:00 +0000\r\n\r\n"))
	for _, env.RcptTo = range []string{"ann@example.org", "bob@example.org", "carol@example.org"} {
		for _, wait := range []time.Duration{0, time.Hour} {
			env.Now = env.Now.Add(wait)
			v := policy.Judge(context.Background(), pool, &env)
			fmt.Printf("%s: %s by %q\n", env.RcptTo, v.Action, v.Rule)
		}
	}
	// Output:
	// ann@example.org: accept by ""
	// ann@example.org: accept by ""
	// bob@example.org: tempfail by "greylist.known"
	// bob@example.org: reject by "mailbox.onlyauthenticated"
	// carol@example.org: tempfail by "greylist.known"
	// carol@example.org: accept by ""
}

// pool has the DNS records of a client with a generic name.
var pool = zone.MustParse(`
	example.net.                          MX   10 dyn-192-0-2-77.pool.example.net.
	dyn-192-0-2-77.pool.example.net.      A    192.0.2.77
	77.2.0.192.in-addr.arpa.              PTR  dyn-192-0-2-77.pool.example.net.
`)

// newcomer returns mail from that client.
func newcomer() envelope.Envelope {
	return envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.77"),
		Helo:     "dyn-192-0-2-77.pool.example.net",
		MailFrom: "ann@example.net",
		RcptTo:   "bob@example.org",
		Now:      time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC),
	}
}

// The HELO name of a client must resolve to its address.
func ExampleStrict() {
	policy, err := policies.Strict(policies.Site{
		Domains: []string{"example.org"},
		Names:   []string{"mx.example.org"},
		Lists:   []dnsbl.List{{Zone: "list.example", Codes: []string{"127.0.0.2"}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	dns := zone.MustParse(`
		mail.example.net.        A    192.0.2.9
		mail.example.net.        A    192.0.2.10
		host.example.net.        A    192.0.2.11
		9.2.0.192.in-addr.arpa.  PTR  mail.example.net.
		10.2.0.192.in-addr.arpa. PTR  mail.example.net.
		10.2.0.192.list.example. A    127.0.0.2
	`)
	for _, client := range []struct{ ip, helo string }{
		{"192.0.2.9", "mail.example.net"},
		{"192.0.2.9", "[192.0.2.9]"},
		{"192.0.2.9", "host.example.net"},
		{"192.0.2.10", "mail.example.net"},
	} {
		v := policy.Judge(context.Background(), dns, &envelope.Envelope{
			ClientIP: netip.MustParseAddr(client.ip),
			Helo:     client.helo,
			RcptTo:   "bob@example.org",
		})
		fmt.Printf("%s %s: %s by %q\n", client.ip, client.helo, v.Action, v.Rule)
	}
	// Output:
	// 192.0.2.9 mail.example.net: accept by ""
	// 192.0.2.9 [192.0.2.9]: reject by "helo.isname"
	// 192.0.2.9 host.example.net: reject by "helo.matches"
	// 192.0.2.10 mail.example.net: reject by "dnsbl.notlisted"
}

// A user must log in over TLS, and own the sender and the author of the mail.
func ExampleSubmission() {
	owners, err := directory.OwnersFrom(map[string][]string{"bob": {"bob@example.org", "info@example.org"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	policy, err := policies.Submission(policies.Site{Domains: []string{"example.org"}, Owners: owners})
	if err != nil {
		fmt.Println(err)
		return
	}
	dns := zone.MustParse("example.com. A 192.0.2.1")
	encrypted := &tls.ConnectionState{}
	for _, mail := range []struct {
		tls                 *tls.ConnectionState
		login, from, author string
	}{
		{encrypted, "bob", "bob@example.org", "bob@example.org"},
		{encrypted, "bob", "info@example.org", "Info <info@example.org>"},
		{encrypted, "bob", "alice@example.org", "bob@example.org"},
		{encrypted, "bob", "bob@example.org", "Alice <alice@example.org>"},
		{encrypted, "bob", "", "alice@example.org"},
		{encrypted, "", "bob@example.org", "bob@example.org"},
		{nil, "bob", "bob@example.org", "bob@example.org"},
	} {
		v := policy.Judge(context.Background(), dns, &envelope.Envelope{
			TLS: mail.tls, Login: mail.login, MailFrom: mail.from, RcptTo: "ann@example.com",
			Message: envelope.NewMessage([]byte("From: " + mail.author + "\r\n\r\n")),
		})
		fmt.Printf("%s by %q\n", v.Action, v.Rule)
	}
	// Output:
	// accept by ""
	// accept by ""
	// reject by "sender.ownedbylogin"
	// reject by "dmarc.authorowned"
	// reject by "dmarc.authorowned"
	// reject by "client.authenticated"
	// reject by "client.tls"
}
