package policies_test

import (
	"context"
	"fmt"
	"net/netip"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/examples/policies"
)

func ExampleStandard() {
	policy, err := policies.Standard(policies.Site{
		Domains:  []string{"example.org"},
		Names:    []string{"mx.example.org"},
		Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	dns := zone.MustParse(`
		mail.example.net.        A    192.0.2.9
		9.2.0.192.in-addr.arpa.  PTR  mail.example.net.
	`)
	for _, to := range []string{"bob@example.org", "bob@example.com"} {
		v := policy.Judge(context.Background(), dns, &envelope.Envelope{
			ClientIP: netip.MustParseAddr("192.0.2.9"),
			Helo:     "mail.example.net",
			MailFrom: "ann@example.net",
			RcptTo:   to,
		})
		fmt.Println(v.Reply().Status, "for", to)
	}
	// Output:
	// 250 2.0.0 for bob@example.org
	// 554 5.7.1 for bob@example.com
}
