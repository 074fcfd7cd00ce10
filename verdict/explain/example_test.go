package explain_test

import (
	"context"
	"fmt"
	"net/netip"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/rdns"
	"mxrules.example/verdict"
	"mxrules.example/verdict/explain"
)

func Example() {
	policy := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(rdns.Exists)}}
	e := envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.77"), Helo: "mail.example.net"}
	v := policy.Judge(context.Background(), zone.MustParse(``), &e)
	fmt.Print(explain.English().Explain(v, &e).Text())
	// Output:
	// The reply
	//   550 5.7.25 the client 192.0.2.77 has no PTR record
	// What was seen
	//   the client 192.0.2.77 has no PTR record
	// What is required
	//   The address of the client must have a PTR record in DNS.
	// Why
	//   Hosts on the Internet should have names (RFC 1912, section 2.1). A server without one is often a computer that sends without the knowledge of its owner.
	// How a postmaster can fix it
	//   Create a PTR record for the address, with the name of the server, and an address record of that name.
	//   Your network provider creates PTR records, or gives you a form for it. Cloud providers have a setting at the address.
	// DNS records
	//   77.2.0.192.in-addr.arpa. PTR mail.example.net.
	//   mail.example.net. A 192.0.2.77
	// If you only wanted to send a message
	//   This is about the server of your provider, not about your message. Send the reply to your provider, who can fix it.
}

// A translation that is not complete: the other checks are explained in English.
func ExampleBook() {
	english := explain.English()
	german := explain.Book{
		Language: "de",
		Titles:   explain.Titles{Asks: "Was verlangt wird", Fix: "Was zu tun ist"},
		Entries: map[string]explain.Entry{"rdns.exists": {
			Asks: "Die Adresse des Clients braucht einen PTR-Eintrag im DNS.",
			Fix:  []string{"Legen Sie einen PTR-Eintrag mit dem Namen des Servers an."},
		}},
		Else: &english,
	}
	e := envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.77")}
	for _, check := range []envelope.Check{rdns.Exists, rdns.Confirmed} {
		x := german.Finding(check(context.Background(), zone.MustParse(``), &e), &e)
		fmt.Printf("%s: %s: %s\n", x.Language, x.Titles.Asks, x.Asks)
	}
	// Output:
	// de: Was verlangt wird: Die Adresse des Clients braucht einen PTR-Eintrag im DNS.
	// en: What is required: A name in the PTR record of the client must lead back to its address.
}
