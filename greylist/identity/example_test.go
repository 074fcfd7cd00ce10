package identity_test

import (
	"context"
	"fmt"
	"net/netip"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/greylist"
	"mxrules.example/greylist/identity"
)

// Machines for which SPF passes have one identity. A client that uses the same
// domain without permission has another one.
func Example() {
	dns := zone.MustParse(`
		big.example.  TXT "v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/24 -all"
	`)
	for _, client := range []string{"192.0.2.1", "198.51.100.1", "203.0.113.1"} {
		e := envelope.Envelope{ClientIP: netip.MustParseAddr(client), MailFrom: "ann@big.example"}
		fmt.Println(identity.Of(context.Background(), dns, &e))
	}
	// Output:
	// spf:big.example <nil>
	// spf:big.example <nil>
	// 203.0.113.0/24 <nil>
}

// Use Of in the options of greylisting.
func Example_options() {
	known := greylist.Known(new(greylist.Memory), greylist.Options{Identity: identity.Of})
	fmt.Println(known.Describe())
	// Output: greylist.known rcpt
}
