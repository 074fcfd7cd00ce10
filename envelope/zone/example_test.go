package zone_test

import (
	"context"
	"fmt"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

// A zone with a name whose servers fail, and the log of its questions.
func Example() {
	ctx := context.Background()
	dns := zone.MustParse(`
		example.org.       MX    20 backup.example.org.
		                   MX    10 mail.example.org.
		mail.example.org.  A     192.0.2.1
		*.dyn.example.org. A     192.0.2.99
	`).Failing("example.net. MX", zone.SERVFAIL)

	hosts, _ := envelope.LookupMX(ctx, dns, "Example.ORG")
	fmt.Println(hosts[0].Host, hosts[1].Host)

	addrs, _ := envelope.LookupIP(ctx, dns, "ip4", "pool-7.dyn.example.org")
	fmt.Println(addrs)

	_, err := envelope.LookupIP(ctx, dns, "ip6", "mail.example.org")
	fmt.Println(envelope.NotFound(err), err)

	_, err = envelope.LookupMX(ctx, dns, "example.net")
	fmt.Println(envelope.NotFound(err), err)

	fmt.Println(dns.Asked())
	// Output:
	// mail.example.org. backup.example.org.
	// [192.0.2.99]
	// true lookup mail.example.org.: no such record (NODATA)
	// false lookup example.net.: SERVFAIL
	// example.org. MX, pool-7.dyn.example.org. A, mail.example.org. AAAA, example.net. MX
}

// One name fails once, the other changes its address and then disappears.
func ExampleZone_Answering() {
	ctx := context.Background()
	dns := zone.MustParse(`example.org. TXT "v=spf1 -all"`).
		Answering("example.org. TXT", zone.SERVFAIL, zone.AsWritten).
		Answering("moving.example.org. A", "192.0.2.1", "192.0.2.2", zone.NXDOMAIN)

	for range 2 {
		fmt.Println(dns.LookupTXT(ctx, "example.org."))
	}
	for range 3 {
		fmt.Println(dns.LookupNetIP(ctx, "ip4", "moving.example.org."))
	}
	// Output:
	// [] lookup example.org.: SERVFAIL
	// [v=spf1 -all] <nil>
	// [192.0.2.1] <nil>
	// [192.0.2.2] <nil>
	// [] lookup moving.example.org.: no such name (NXDOMAIN)
}

// A recording has the answers that a judgement saw.
func ExampleRecord() {
	ctx := context.Background()
	seen := zone.Record(zone.MustParse(`
		example.org.       MX    10 mail.example.org.
		mail.example.org.  A     192.0.2.1
		example.org.       TXT   "v=spf1 mx -all"
	`).Failing("mail.example.org. AAAA", zone.SERVFAIL))
	_, _ = envelope.LookupMX(ctx, seen, "example.org")
	_, _ = envelope.LookupIP(ctx, seen, "ip4", "mail.example.org")
	_, _ = envelope.LookupIP(ctx, seen, "ip6", "mail.example.org")

	recording, _ := seen.Recording()
	fmt.Print(recording.Zone)
	fmt.Println(recording.Faults)
	// Output:
	// example.org.  MX  10 mail.example.org.
	// mail.example.org.  A  192.0.2.1
	// map[mail.example.org. AAAA:servfail]
}
