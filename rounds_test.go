package mxrules_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
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
		text += fmt.Sprintf("example.org. MX %d host%d.example.org.\n", i, i)
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
	judge := func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		v := policy.Judge(ctx, r, e)
		if v.Action != verdict.Accept {
			t.Errorf("got %v by %s: %s", v.Action, v.Rule, v.Reply())
		}
		return envelope.Finding{}
	}
	e := &envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.175.48.1"), Helo: "mail.example.org",
		MailFrom: "ann@example.org", RcptTo: "bob@example.net",
	}
	if got := envelopetest.Rounds(t, judge, zone.MustParse(text), e); got != 2 {
		t.Errorf("%d rounds", got)
	}
}
