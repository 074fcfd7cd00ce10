package dmarc_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"mxrules.example/dmarc"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/sender"
	"mxrules.example/envelope/zone"
	"mxrules.example/rdns"
	"mxrules.example/spf"
	"mxrules.example/verdict"
)

// A message with a forged From field is rejected.
func Example() {
	resolver := zone.MustParse(`
		_dmarc.bank.example.  TXT  "v=DMARC1; p=reject; rua=mailto:dmarc@bank.example"
		evil.example.         TXT  "v=spf1 ip4:192.0.2.66 -all"
	`) // or net.DefaultResolver
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(dmarc.SingleAuthor),
		verdict.RejectUnless(dmarc.NotReject),
		verdict.MarkUnless(dmarc.NotQuarantine, "junk"),
	}}
	env := envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.66"),
		Helo:     "mail.evil.example",
		MailFrom: "someone@evil.example",
		RcptTo:   "you@example.org",
		Message:  envelope.NewMessage([]byte("From: Your Bank <service@bank.example>\r\n\r\nPlease log in here.\r\n")),
	}
	v := policy.Judge(context.Background(), resolver, &env)
	fmt.Println(v.Action, "by", v.Rule)
	fmt.Print(wrap(v.Reply().String()))
	// Output:
	// reject by dmarc.notreject
	// 550 5.7.26 mail from bank.example is not authenticated, and the DMARC policy of
	// bank.example asks to reject it: SPF passes for evil.example and there is no DKIM
	// signature; if it is genuine, please tell the administrator of bank.example
}

// A Result has the reasons for the outcome: the results of SPF and DKIM, the published
// policy and what it requests.
func ExampleEvaluate() {
	resolver := zone.MustParse(`
		_dmarc.example.org.  TXT  "v=DMARC1; p=reject; sp=quarantine; np=reject"
		news.example.org.    A    192.0.2.1
		mail.example.org.    TXT  "v=spf1 ip4:192.0.2.1 -all"
		example.net.         TXT  "v=spf1 ip4:192.0.2.1 -all"
	`)
	for _, from := range []string{"ann@example.org", "ann@news.example.org", "ann@nowhere.example.org"} {
		for _, sender := range []string{"bounce@mail.example.org", "bounce@example.net"} {
			result := dmarc.Evaluate(context.Background(), resolver, &envelope.Envelope{
				ClientIP: netip.MustParseAddr("192.0.2.1"),
				MailFrom: sender,
				Message:  envelope.NewMessage([]byte("From: " + from + "\r\n\r\n")),
			})
			fmt.Println(result.Domain, result.Outcome, "by SPF of", result.SPF.Domain, "asks for", result.Disposition)
		}
	}
	// Output:
	// example.org pass by SPF of mail.example.org asks for none
	// example.org fail by SPF of example.net asks for reject
	// news.example.org pass by SPF of mail.example.org asks for none
	// news.example.org fail by SPF of example.net asks for quarantine
	// nowhere.example.org pass by SPF of mail.example.org asks for none
	// nowhere.example.org fail by SPF of example.net asks for reject
}

// Rules like those of large mailbox providers: every sender needs SPF or DKIM; bulk
// senders need both, and aligned DMARC; and a client with IPv6 needs a confirmed
// reverse name. The policy Bulk of examples/policies is complete.
func Example_bulkSenders() {
	bulk := sender.In("news.example", ".news.example") // or what the site counts
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(rdns.Confirmed).When(client.In([]netip.Prefix{netip.MustParsePrefix("::/0")})),
		verdict.RejectUnless(envelope.Any(spf.Pass, dkim.Pass)).
			Reply(envelope.Status{Code: 550, Subject: 7, Detail: 26}, "mail needs SPF or DKIM"),
		verdict.RejectUnless(envelope.All(spf.Pass, dkim.Pass, dmarc.Pass)).When(bulk).
			Reply(envelope.Status{Code: 550, Subject: 7, Detail: 26}, "bulk mail needs SPF, DKIM and DMARC"),
	}}
	resolver := zone.MustParse(`
		example.net.          TXT  "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all"
		news.example.         TXT  "v=spf1 ip4:192.0.2.1 -all"
		_dmarc.news.example.  TXT  "v=DMARC1; p=none"
	`)
	for _, mail := range []struct{ client, from string }{
		{"192.0.2.1", "someone@example.net"},
		{"2001:db8::1", "someone@example.net"},
		{"192.0.2.2", "someone@example.com"},
		{"192.0.2.1", "offers@news.example"},
	} {
		v := policy.Judge(context.Background(), resolver, &envelope.Envelope{
			ClientIP: netip.MustParseAddr(mail.client),
			Helo:     "mail.example.net",
			MailFrom: mail.from,
			RcptTo:   "you@example.org",
			Message:  envelope.NewMessage([]byte("From: " + mail.from + "\r\n\r\nHello.\r\n")),
		})
		fmt.Println(mail.client, mail.from, v.Action)
		if err := v.Err(); err != nil {
			fmt.Println(" ", err)
		}
	}
	// Output:
	// 192.0.2.1 someone@example.net accept
	// 2001:db8::1 someone@example.net reject
	//   550 5.7.25 the client 2001:db8::1 has no PTR record
	// 192.0.2.2 someone@example.com reject
	//   550 5.7.26 mail needs SPF or DKIM
	// 192.0.2.1 offers@news.example reject
	//   550 5.7.26 bulk mail needs SPF, DKIM and DMARC
}

// A reply of several lines, with a link to an explanation.
func Example_replyWithLink() {
	rule := verdict.RejectUnless(dmarc.NotReject).
		See("Please ask the administrator of that domain if this mail was legitimate.").
		See("To learn about DMARC, and what senders can do, visit").
		See("https://mx.example.org/dmarc?ip={ip}")
	resolver := zone.MustParse(`_dmarc.bank.example. TXT "v=DMARC1; p=reject"`)
	v := verdict.Policy{Rules: verdict.Rules{rule}}.Judge(context.Background(), resolver, &envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.66"),
		Helo:     "mail.example.net",
		MailFrom: "someone@example.net",
		Message:  envelope.NewMessage([]byte("From: service@bank.example\r\n\r\n")),
	})
	fmt.Print(wrap(v.Reply().String()))
	// Output:
	// 550-5.7.26 mail from bank.example is not authenticated, and the DMARC policy of
	// bank.example asks to reject it: SPF proves nothing and there is no DKIM
	// signature; if it is genuine, please tell the administrator of bank.example
	// 550-5.7.26 Please ask the administrator of that domain if this mail was
	// legitimate.
	// 550-5.7.26 To learn about DMARC, and what senders can do, visit
	// 550 5.7.26 https://mx.example.org/dmarc?ip=192.0.2.66
}

// A site without other knowledge must not reject mail because of DMARC alone: it marks
// the message for p=reject as for p=quarantine (RFC 9989, section 7.4).
func Example_markOnly() {
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(dmarc.SingleAuthor),
		verdict.MarkUnless(envelope.All(dmarc.NotReject, dmarc.NotQuarantine), "quarantine"),
	}}
	resolver := zone.MustParse(`
		_dmarc.bank.example.  TXT  "v=DMARC1; p=reject"
		_dmarc.shop.example.  TXT  "v=DMARC1; p=quarantine"
		_dmarc.blog.example.  TXT  "v=DMARC1; p=none"
	`)
	for _, from := range []string{"a@bank.example", "a@shop.example", "a@blog.example", "a@bank.example, b@blog.example"} {
		v := policy.Judge(context.Background(), resolver, &envelope.Envelope{
			ClientIP: netip.MustParseAddr("192.0.2.66"),
			MailFrom: "someone@example.net",
			Message:  envelope.NewMessage([]byte("From: " + from + "\r\n\r\n")),
		})
		fmt.Println(from, v.Action, v.Marks)
	}
	// Output:
	// a@bank.example accept [quarantine]
	// a@shop.example accept [quarantine]
	// a@blog.example accept []
	// a@bank.example, b@blog.example reject []
}

// Genuine mail fails DMARC if a forwarder changes it. A site can list its forwarders and
// mailing lists to accept their mail; the result has the reason.
func ExampleNew() {
	site, err := dmarc.New(dmarc.Options{Forwarders: []string{"alumni.example"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	resolver := zone.MustParse(`
		_dmarc.bank.example.  TXT  "v=DMARC1; p=reject"
		alumni.example.       TXT  "v=spf1 ip4:192.0.2.7 -all"
	`)
	policy := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(site.NotReject)}}
	v := policy.Judge(context.Background(), resolver, &envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.7"),
		Helo:     "mail.alumni.example",
		MailFrom: "ann+forwarded@alumni.example",
		Message:  envelope.NewMessage([]byte("From: service@bank.example\r\n\r\n")),
	})
	result := v.Trace[0].Finding.Detail.(*dmarc.Result)
	fmt.Println(v.Action, result.Outcome, result.Policy, result.Disposition, result.Overrides)
	// Output:
	// accept fail reject none [{trusted_forwarder SPF domain alumni.example}]
}

// Mail of your own domain, or of a brand that is often forged, must be authenticated,
// whatever policy its owner publishes.
func ExampleAlignedFor() {
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(dmarc.AlignedFor("example.org", "brand.example")),
	}}
	resolver := zone.MustParse(`evil.example. TXT "v=spf1 ip4:192.0.2.66 -all"`)
	for _, from := range []string{"ceo@example.org", "someone@elsewhere.example"} {
		v := policy.Judge(context.Background(), resolver, &envelope.Envelope{
			ClientIP: netip.MustParseAddr("192.0.2.66"),
			Helo:     "mail.evil.example",
			MailFrom: "someone@evil.example",
			Message:  envelope.NewMessage([]byte("From: " + from + "\r\n\r\n")),
		})
		fmt.Println(from, v.Action)
	}
	// Output:
	// ceo@example.org reject
	// someone@elsewhere.example accept
}

// wrap breaks long lines.
func wrap(reply string) string {
	const width = 80
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimSuffix(reply, "\r\n"), "\r\n") {
		for len(line) > width {
			cut := strings.LastIndexByte(line[:width+1], ' ')
			b.WriteString(line[:cut] + "\n")
			line = line[cut+1:]
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}
