package resolver_test

import (
	"context"
	"fmt"
	"log"

	"mxrules.example/envelope"
	"mxrules.example/envelope/resolver"
	"mxrules.example/envelope/zone"
)

// A mail server creates one Resolver for all its checks. With an empty Config it
// asks the servers of /etc/resolv.conf; this example asks a server of its own.
func Example() {
	server, err := zone.MustParse(`
		example.org.  MX   10 mail.example.org.
		              TXT  "v=spf1 " "mx -all"
	`).Serve("127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	dns, err := resolver.New(resolver.Config{Servers: []string{server.Addr()}})
	if err != nil {
		log.Fatal(err)
	}
	defer dns.Close()

	ctx := context.Background()
	for range 2 {
		texts, err := envelope.LookupTXT(ctx, dns, "example.org")
		fmt.Println(texts, err)
	}
	exists, err := envelope.Exists(ctx, dns, "nowhere.example.org")
	fmt.Println(exists, err)

	stats := dns.Stats()
	fmt.Println(stats.Questions(), "questions,", stats.Cached, "from the cache,", stats.Exchanges, "exchanges")

	// Output:
	// [v=spf1 mx -all] <nil>
	// [v=spf1 mx -all] <nil>
	// false <nil>
	// 3 questions, 1 from the cache, 2 exchanges
}

// OnExchange reports every message to a server, here for a log. A histogram of
// latencies can be computed from Exchange.Took.
func ExampleConfig_onExchange() {
	server, err := zone.MustParse("example.org. TXT text").
		Failing("broken.example.", zone.SERVFAIL).
		Serve("127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	dns, err := resolver.New(resolver.Config{
		Servers:  []string{server.Addr()},
		Attempts: 1,
		OnExchange: func(x resolver.Exchange) {
			fmt.Println(x.Network, x.Name, x.Type, x.Rcode)
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer dns.Close()

	for _, name := range []string{"example.org", "missing.example", "broken.example"} {
		_, err := envelope.LookupTXT(context.Background(), dns, name)
		fmt.Println(envelope.NotFound(err))
	}

	// Output:
	// udp example.org. TXT NOERROR
	// false
	// udp missing.example. TXT NXDOMAIN
	// true
	// udp broken.example. TXT SERVFAIL
	// false
}
