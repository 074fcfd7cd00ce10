package helo_test

import (
	"context"
	"fmt"
	"net/netip"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/helo"
)

// Five HELO names, tested by four checks.
func Example() {
	dns := zone.MustParse("mail.example.org. A 192.0.2.1")
	good := envelope.All(helo.Syntax, helo.FQDN, helo.Literal, helo.Resolves)

	for _, greeting := range []string{
		"mail.example.org",
		"[192.0.2.1]",
		"192.0.2.1",
		"DESKTOP-1A2B3C",
		"mail.example.net",
	} {
		e := envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: greeting}
		f := good(context.Background(), dns, &e)
		fmt.Println(greeting, f.Outcome)
		if f.Outcome == envelope.Fail {
			fmt.Println("  ", f.Status)
			fmt.Println("  ", f.Text)
		}
	}
	// Output:
	// mail.example.org pass
	// [192.0.2.1] pass
	// 192.0.2.1 fail
	//    501 5.5.4
	//    the HELO name 192.0.2.1 is an address, which needs brackets, as in [192.0.2.1]
	// DESKTOP-1A2B3C fail
	//    504 5.5.4
	//    the HELO name DESKTOP-1A2B3C is not fully qualified
	// mail.example.net fail
	//    550 5.7.1
	//    the HELO name mail.example.net has no A, AAAA or MX record in DNS
}

// A client from outside that uses our own name or address pretends to be us.
func ExampleNotOurs() {
	ourNames := []string{"mx.example.org", ".mail.example.org"}
	ourNetworks := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/28")}
	notOurs := helo.NotOurs(ourNames, ourNetworks)

	for _, greeting := range []string{"mx.example.org", "[192.0.2.5]", "relay.example.net"} {
		f := notOurs(context.Background(), nil, &envelope.Envelope{Helo: greeting})
		fmt.Println(greeting, f.Outcome)
	}
	// Output:
	// mx.example.org fail
	// [192.0.2.5] fail
	// relay.example.net pass
}

// A program that reads patterns from its configuration parses them first, to report
// mistakes.
func ExampleInSet() {
	if _, err := envelope.ParseHostSet("*.example.net"); err != nil {
		fmt.Println(err)
	}
	partners, err := envelope.ParseHostSet("mail.example.org", ".example.net")
	if err != nil {
		fmt.Println(err)
		return
	}
	known := helo.InSet(envelope.SetOf(partners.Contains))
	fmt.Println(known(context.Background(), nil, &envelope.Envelope{Helo: "out7.example.net"}).Outcome)
	// Output:
	// host pattern "*.example.net" has an invalid character
	// pass
}
