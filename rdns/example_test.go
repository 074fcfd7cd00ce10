package rdns_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/rdns"
)

// Four clients: a server with a confirmed name, one that claims the name of another
// host, one without a name, and one with a dynamic address.
func Example() {
	dns := zone.MustParse(`
		mail.example.org.        A   192.0.2.1
		1.2.0.192.in-addr.arpa.  PTR mail.example.org.
		2.2.0.192.in-addr.arpa.  PTR mail.example.org.
		4.2.0.192.in-addr.arpa.  PTR a4.dyn.isp.example.
		a4.dyn.isp.example.      A   192.0.2.4
	`)
	named := envelope.All(rdns.Confirmed, rdns.NotGeneric)

	for _, client := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"} {
		e := envelope.Envelope{ClientIP: netip.MustParseAddr(client)}
		f := named(context.Background(), dns, &e)
		fmt.Println(client, f.Outcome)
		if f.Outcome == envelope.Fail {
			fmt.Println("  ", f.Status)
			fmt.Println("  ", f.Text)
		}
	}
	// Output:
	// 192.0.2.1 pass
	// 192.0.2.2 fail
	//    550 5.7.25
	//    the PTR record of the client 192.0.2.2 is mail.example.org, which has no A record with that address
	// 192.0.2.3 fail
	//    550 5.7.25
	//    the client 192.0.2.3 has no PTR record
	// 192.0.2.4 fail
	//    550 5.7.1
	//    the name a4.dyn.isp.example of the client 192.0.2.4 looks like that of a dynamic or unnamed address: it contains the word "dyn"
}

// In passes only if the name resolves to the client address.
func ExampleIn() {
	dns := zone.MustParse(`
		out7.partner.example.    A   192.0.2.7
		7.2.0.192.in-addr.arpa.  PTR out7.partner.example.
		8.2.0.192.in-addr.arpa.  PTR out7.partner.example.
	`)
	partner := rdns.In(".partner.example")
	for _, client := range []string{"192.0.2.7", "192.0.2.8"} {
		f := partner(context.Background(), dns, &envelope.Envelope{ClientIP: netip.MustParseAddr(client)})
		fmt.Println(client, f.Outcome)
	}
	// Output:
	// 192.0.2.7 pass
	// 192.0.2.8 fail
}

// Any client can give the name of a large provider with HELO, but only the
// provider's servers have a confirmed name in its domain.
func ExampleBacksHelo() {
	dns := zone.MustParse(`
		out7.big.example.        A   192.0.2.7
		7.2.0.192.in-addr.arpa.  PTR out7.big.example.
		8.2.0.192.in-addr.arpa.  PTR host8.isp.example.
	`)
	backed := rdns.BacksHelo("big.example")
	for _, client := range []string{"192.0.2.7", "192.0.2.8"} {
		for _, greeting := range []string{"out9.big.example", "mail.example.org"} {
			e := envelope.Envelope{ClientIP: netip.MustParseAddr(client), Helo: greeting}
			fmt.Println(client, greeting, backed(context.Background(), dns, &e).Outcome)
		}
	}
	// Output:
	// 192.0.2.7 out9.big.example pass
	// 192.0.2.7 mail.example.org none
	// 192.0.2.8 out9.big.example fail
	// 192.0.2.8 mail.example.org none
}

// The Detail of a finding has the names, also as JSON.
func ExampleResult() {
	dns := zone.MustParse(`
		mail.example.org.        A   192.0.2.1
		1.2.0.192.in-addr.arpa.  PTR old.example.org.
		                         PTR mail.example.org.
	`)
	f := rdns.Confirmed(context.Background(), dns, &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")})
	text, err := json.Marshal(f.Detail)
	fmt.Println(string(text), err)
	// Output:
	// {"names":["old.example.org","mail.example.org"],"confirmed":"mail.example.org"} <nil>
}

// Get the names of a client without a check, such as for a log.
func ExampleEvaluate() {
	dns := zone.MustParse(`
		1.2.0.192.in-addr.arpa.  PTR mail.example.org.
		mail.example.org.        A   192.0.2.1
	`)
	ctx := context.Background()
	result := rdns.Evaluate(ctx, dns, &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")})
	fmt.Println("names:", result.Names)
	result.Confirm(ctx, dns, result.Names)
	fmt.Println("confirmed:", result.Confirmed, result.Err)
	// Output:
	// names: [mail.example.org]
	// confirmed: mail.example.org <nil>
}
