package client_test

import (
	"context"
	"fmt"
	"net/netip"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
)

// The clients that may relay through this server: its own networks, and users that
// have logged in.
func Example() {
	ours := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")}
	trusted := envelope.Any(client.Authenticated, client.In(ours))

	for _, e := range []envelope.Envelope{
		{ClientIP: netip.MustParseAddr("192.0.2.25")},
		{ClientIP: netip.MustParseAddr("203.0.113.9"), Login: "ann"},
		{ClientIP: netip.MustParseAddr("203.0.113.9")},
		{ClientIP: netip.MustParseAddr("203.0.113.9"), Stage: envelope.Connect},
	} {
		fmt.Println(trusted(context.Background(), nil, &e).Outcome)
	}
	// Output:
	// pass
	// pass
	// fail
	// pending
}

// A set that changes while the server runs: addresses from which a user has just read
// mail, kept by another part of the program.
func ExampleInSet() {
	seen := map[netip.Addr]bool{netip.MustParseAddr("203.0.113.9"): true}
	known := client.InSet(func(_ context.Context, addr netip.Addr) (bool, error) { return seen[addr], nil })

	f := known(context.Background(), nil, &envelope.Envelope{ClientIP: netip.MustParseAddr("203.0.113.10")})
	fmt.Println(f.Outcome, f.Status, f.Text)
	// Output: fail 550 5.7.1 the client address 203.0.113.10 is not in the list of networks
}

// A gateway relays mail of a stranger. The first Received field names the stranger,
// whom the checks are then about.
func ExampleGateways() {
	gateways, err := client.ParseGateways([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/29")}, "gw.example.org")
	if err != nil {
		fmt.Println(err)
		return
	}
	e := envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "gw.example.org",
		Message: envelope.NewMessage([]byte("Received: from mail.example.net (mail.example.net [198.51.100.9])\r\n" +
			"\tby gw.example.org (Postfix) with ESMTPS id 4XyZ; Thu, 1 Jan 2026 00:00:00 +0000\r\n" +
			"From: ann@example.net\r\n\r\nhello\r\n")),
	}
	e, err = gateways.Behind(e)
	fmt.Println(e.ClientIP, e.Helo, err)
	// Output: 198.51.100.9 mail.example.net <nil>
}
