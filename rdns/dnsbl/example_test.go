package dnsbl_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/zone"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/verdict"
)

// Reject clients on either of two lists. Lists that do not answer are ignored.
func Example() {
	lists := []dnsbl.List{
		{Zone: "bad.lists.example", Codes: []string{"127.0.0.2-127.0.0.9"}},
		{Zone: "dynamic.lists.example", Codes: []string{"127.0.0.10", "127.0.0.11"}},
	}
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.AcceptIf(client.Authenticated),
		verdict.RejectUnless(dnsbl.NotListed(lists...)).Ignoring(envelope.TempError),
	}}
	dns := zone.MustParse(`
		1.2.0.192.bad.lists.example.     A   127.0.0.2
		                                 TXT "see https://lists.example/q/192.0.2.1"
		2.2.0.192.dynamic.lists.example. A   127.0.0.10
	`).Failing("4.2.0.192.bad.lists.example.", zone.Timeout)

	for _, ip := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"} {
		v := policy.Judge(context.Background(), dns, &envelope.Envelope{ClientIP: netip.MustParseAddr(ip)})
		fmt.Println(ip, v.Action)
		if v.Action == verdict.Reject {
			fmt.Println("  ", v.Finding.Status, v.Text)
		}
	}
	// Output:
	// 192.0.2.1 reject
	//    554 5.7.1 the client 192.0.2.1 is on the DNS list bad.lists.example, which says "see https://lists.example/q/192.0.2.1"; users with an account here should log in (port 465 or 587)
	// 192.0.2.2 reject
	//    554 5.7.1 the client 192.0.2.2 is on the DNS list dynamic.lists.example; users with an account here should log in (port 465 or 587)
	// 192.0.2.3 accept
	// 192.0.2.4 accept
}

// Try a new list: accept mail of listed clients, and mark it.
func ExampleNotListed() {
	list := dnsbl.List{Zone: "lists.example", Codes: []string{"127.0.0.2"}}
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.MarkUnless(dnsbl.NotListed(list), "listed").Ignoring(envelope.TempError),
	}}
	dns := zone.MustParse(`1.2.0.192.lists.example. A 127.0.0.2`)
	for _, ip := range []string{"192.0.2.1", "192.0.2.2"} {
		v := policy.Judge(context.Background(), dns, &envelope.Envelope{ClientIP: netip.MustParseAddr(ip)})
		fmt.Println(ip, v.Action, v.Marks)
	}
	// Output:
	// 192.0.2.1 accept [listed]
	// 192.0.2.2 accept []
}

// Exempt clients on a list of good senders. The last octet of its codes is a level of
// trust, of which the pattern in brackets accepts 1 to 3.
func ExampleListed() {
	good := dnsbl.List{Zone: "good.example", Codes: []string{"127.0.[0..255].[1..3]"}}
	bad := dnsbl.List{Zone: "bad.example", Codes: []string{"127.0.0.2"}}
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(dnsbl.NotListed(bad)).Unless(dnsbl.Listed(good)).Ignoring(envelope.TempError),
	}}
	dns := zone.MustParse(`
		1.2.0.192.bad.example.  A 127.0.0.2
		1.2.0.192.good.example. A 127.0.9.2
		2.2.0.192.bad.example.  A 127.0.0.2
		2.2.0.192.good.example. A 127.0.9.0
	`)
	for _, ip := range []string{"192.0.2.1", "192.0.2.2"} {
		fmt.Println(ip, policy.Judge(context.Background(), dns, &envelope.Envelope{ClientIP: netip.MustParseAddr(ip)}).Action)
	}
	// Output:
	// 192.0.2.1 accept
	// 192.0.2.2 reject
}

// Weigh lists: a careful one decides alone, hasty ones only together, and a list of
// good senders counts for the client.
func ExampleScoreBelow() {
	lists := []dnsbl.List{
		{Zone: "careful.example", Weight: 3},
		{Zone: "hasty.example", Weight: 2},
		{Zone: "crowd.example", Weight: 1},
		{Zone: "good.example", Weight: -3},
	}
	dns := zone.MustParse(`
		1.2.0.192.careful.example. A 127.0.0.2
		2.2.0.192.hasty.example.   A 127.0.0.2
		3.2.0.192.hasty.example.   A 127.0.0.2
		3.2.0.192.crowd.example.   A 127.0.0.2
		4.2.0.192.careful.example. A 127.0.0.2
		4.2.0.192.good.example.    A 127.0.0.2
	`)
	check := dnsbl.ScoreBelow(3, lists...)
	for _, ip := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"} {
		f := check(context.Background(), dns, &envelope.Envelope{ClientIP: netip.MustParseAddr(ip)})
		fmt.Println(ip, f.Outcome)
	}
	// Output:
	// 192.0.2.1 fail
	// 192.0.2.2 pass
	// 192.0.2.3 fail
	// 192.0.2.4 pass
}

// Look up the sender domain in a list of names.
func ExampleSenderNotListed() {
	check := dnsbl.SenderNotListed(dnsbl.List{Zone: "names.example", Codes: []string{"127.0.1.2-127.0.1.99"}})
	dns := zone.MustParse(`
		spam.example.names.example. A   127.0.1.2
		                            TXT "listed in May"
	`)
	for _, sender := range []string{"someone@Spam.Example", "someone@example.org", ""} {
		f := check(context.Background(), dns, &envelope.Envelope{MailFrom: sender})
		fmt.Printf("%s: %v\n", sender, f.Outcome)
		if f.Outcome == envelope.Fail {
			fmt.Println("  ", f.Text)
		}
	}
	// Output:
	// someone@Spam.Example: fail
	//    the sender domain spam.example is on the DNS list names.example, which says "listed in May"
	// someone@example.org: pass
	// : none
}

// Recognize the clients of two providers, for a condition.
func ExampleASN() {
	check := dnsbl.ASN("origin.example", "origin6.example", 64500, 64501)
	dns := zone.MustParse(`
		1.2.0.192.origin.example. TXT "64500 | 192.0.2.0/24 | ZZ | registry | 2026-01-02"
		2.2.0.192.origin.example. TXT "64511 | 192.0.2.0/24 | ZZ | registry | 2026-01-02"
	`)
	for _, ip := range []string{"192.0.2.1", "192.0.2.2"} {
		f := check(context.Background(), dns, &envelope.Envelope{ClientIP: netip.MustParseAddr(ip)})
		fmt.Println(ip, f.Outcome)
	}
	// Output:
	// 192.0.2.1 pass
	// 192.0.2.2 fail
}

func ExampleParseList() {
	list, err := dnsbl.ParseList("lists.example=127.0.0.2-127.0.0.9,127.0.0.11")
	fmt.Println(list.Zone, list.Codes, err)
	_, err = dnsbl.ParseList("lists.example=127.0.0.2,128.0.0.1")
	fmt.Println(err)
	// Output:
	// lists.example [127.0.0.2-127.0.0.9 127.0.0.11] <nil>
	// DNS list code "128.0.0.1" is not an address, range, network or pattern within 127.0.0.0/8
}

// Probe lists when the program starts, and do not use those that do not serve.
func ExampleProbe() {
	dns := zone.MustParse(`
		2.0.0.127.lists.example. A 127.0.0.2
		*.everybody.example.     A 127.0.0.2
		*.closed.example.        A 127.255.255.254
		*.parked.example.        A 203.0.113.9
	`)
	var lists []dnsbl.List
	for _, name := range []string{"lists.example", "gone.example", "everybody.example", "closed.example", "parked.example"} {
		lists = append(lists, dnsbl.List{Zone: name})
	}
	reports, err := dnsbl.Probe(context.Background(), dns, lists...)
	for _, report := range reports {
		fmt.Printf("%s: %v %v\n", report.Zone, report.ForAddresses(), report.Codes)
	}
	fmt.Println(err)
	// Output:
	// lists.example: serving [127.0.0.2]
	// gone.example: absent []
	// everybody.example: lists all [127.0.0.2]
	// closed.example: refusing [127.255.255.254]
	// parked.example: no list [203.0.113.9]
	// <nil>
}

// The Detail of a finding has the listings, also as JSON.
func ExampleResult() {
	dns := zone.MustParse(`
		1.2.0.192.lists.example. A   127.0.0.2
		                         A   127.0.0.4
		                         TXT "two reasons"
	`)
	check := dnsbl.NotListed(dnsbl.List{Zone: "lists.example"})
	f := check(context.Background(), dns, &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")})
	text, err := json.Marshal(f.Detail)
	fmt.Println(string(text), err)
	// Output:
	// {"listed":[{"zone":"lists.example","codes":["127.0.0.2","127.0.0.4"],"reason":"two reasons"}]} <nil>
}
