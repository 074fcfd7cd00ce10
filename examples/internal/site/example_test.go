package site_test

import (
	"context"
	"flag"
	"fmt"
	"net/netip"

	"mxrules.example/envelope"
	"mxrules.example/examples/internal/site"
)

// A server adds the flags to its own, and opens the site that they describe.
func Example() {
	var options site.Options
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	options.Add(flags)
	if err := flags.Parse([]string{"-our-domains", "example.org", "-our-nets", "192.0.2.0/24", "-zone", "/dev/null"}); err != nil {
		fmt.Println(err)
		return
	}
	here, err := options.Open(func(err error) { fmt.Println(err) })
	if err != nil {
		fmt.Println(err)
		return
	}
	defer here.Close()
	for _, ip := range []string{"192.0.2.1", "198.51.100.1"} {
		v := here.Policy.Judge(context.Background(), here.Resolver, &envelope.Envelope{
			ClientIP: netip.MustParseAddr(ip), Helo: "mail.example.net", MailFrom: "ann@example.net", RcptTo: "bob@example.com",
		})
		fmt.Println(ip, v.Action, v.Status)
	}
	// Output:
	// 192.0.2.1 accept 250 2.0.0
	// 198.51.100.1 reject 554 5.7.1
}
