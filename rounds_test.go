package mxrules_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
	"mxrules.example/envelope/zone"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/verdict"
)

// Rules together take as many rounds as the longest of them alone.
func TestRulesTakeTwoRounds(t *testing.T) {
	text := "mail.example.org. A 192.175.48.1\n"
	var lists []dnsbl.List
	for i := range 10 {
		text += fmt.Sprintf("1.48.175.192.in-addr.arpa. PTR host%d.example.org.\n", i)
		text += fmt.Sprintf("example.org. MX %d host%d.example.org.\n", 10-i, i)
		lists = append(lists, dnsbl.List{Zone: fmt.Sprintf("list%d.example", i)})
	}
	text += "host9.example.org. A 192.175.48.1"
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(rdns.Confirmed),
		verdict.RejectUnless(helo.Resolves),
		verdict.RejectUnless(sender.Resolves),
		verdict.RejectUnless(sender.MXUsable),
		verdict.RejectUnless(dnsbl.NotListed(lists...)),
		verdict.RejectUnless(dnsbl.SenderNotListed(lists...)),
	}}
	e := &envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.175.48.1"), Helo: "mail.example.org",
		MailFrom: "ann@example.org", RcptTo: "bob@example.net",
	}
	if got := envelopetest.Rounds(t, accepted(t, policy), zone.MustParse(text), e); got != 2 {
		t.Errorf("%d rounds", got)
	}
}

// accepted returns a check that judges by policy.
func accepted(t *testing.T, policy verdict.Policy) envelope.Check {
	return func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if v := policy.Judge(ctx, r, e); v.Action != verdict.Accept {
			t.Errorf("got %v by %s: %s", v.Action, v.Rule, v.Reply())
		}
		return envelope.Finding{}
	}
}

// soon takes a second, as long as a question to DNS in Rounds, or until ctx ends.
func soon[T any](answer T) func(ctx context.Context) (T, error) {
	return func(ctx context.Context) (T, error) {
		select {
		case <-time.After(time.Second):
			return answer, nil
		case <-ctx.Done():
			return answer, ctx.Err()
		}
	}
}

// Sets and directories wait together, and with DNS.
func TestFunctionsOfTheSiteWaitTogether(t *testing.T) {
	yes, no := soon(true), soon(false)
	known, owned := soon(directory.Known), soon([]string{"ann"})
	mailboxes := func(ctx context.Context, _ envelope.Mailbox) (directory.Answer, error) { return known(ctx) }
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(client.InSet(func(ctx context.Context, _ netip.Addr) (bool, error) { return yes(ctx) })),
		verdict.RejectUnless(helo.InSet(func(ctx context.Context, _ envelope.Host) (bool, error) { return yes(ctx) })),
		verdict.RejectUnless(helo.Resolves),
		verdict.RejectIf(rdns.InSet(func(ctx context.Context, _ envelope.Host) (bool, error) { return no(ctx) })),
		verdict.RejectUnless(sender.InSet(func(ctx context.Context, _ envelope.Mailbox) (bool, error) { return yes(ctx) })),
		verdict.RejectUnless(sender.Listed([]string{"example.org"}, mailboxes)),
		verdict.RejectUnless(sender.OwnedByLogin(func(ctx context.Context, _ envelope.Mailbox) ([]string, error) { return owned(ctx) })),
		verdict.RejectUnless(recipient.InSet(func(ctx context.Context, _ envelope.Mailbox) (bool, error) { return yes(ctx) })),
		verdict.RejectUnless(recipient.Listed(mailboxes)),
	}}
	dns := zone.MustParse(`
		1.2.0.192.in-addr.arpa. PTR one.example.org.
		                        PTR two.example.org.
		mail.example.org.       A   192.0.2.1
	`)
	e := &envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "mail.example.org", Login: "ann",
		MailFrom: "ann@example.org", RcptTo: "bob@example.org",
	}
	if got := envelopetest.Rounds(t, accepted(t, policy), dns, e); got != 2 { // the set of rdns waits for PTR
		t.Errorf("%d rounds", got)
	}
}

// A set or a directory in memory starts no lookups of the rules after it.
func TestWhatIsInMemoryAsksNothingElse(t *testing.T) {
	known, err := directory.List("ann@example.org")
	if err != nil {
		t.Fatal(err)
	}
	mailboxes := func(ctx context.Context, m envelope.Mailbox) (directory.Answer, error) {
		synctest.Wait() // what has started goes on until it waits
		return known(ctx, m)
	}
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(sender.In("example.net")),
		verdict.RejectUnless(recipient.Listed(mailboxes)),
		verdict.RejectUnless(helo.Resolves),
		verdict.RejectUnless(rdns.Confirmed),
	}}
	dns := zone.MustParse("").Delaying("*.", time.Second)
	e := &envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "mail.example.org",
		MailFrom: "ann@example.net", RcptTo: "bob@example.org",
	}
	synctest.Test(t, func(t *testing.T) {
		if v := policy.Judge(t.Context(), dns, e); v.Rule != "recipient.listed" || len(dns.Asked()) > 0 {
			t.Errorf("%v by %s, asked %v", v.Action, v.Rule, dns.Asked())
		}
	})
}
