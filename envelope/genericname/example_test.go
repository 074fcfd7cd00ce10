package genericname_test

import (
	"fmt"
	"net/netip"

	"mxrules.example/envelope"
	"mxrules.example/envelope/genericname"
)

func ExampleJudge() {
	client := netip.MustParseAddr("192.0.2.1")
	for _, name := range []envelope.Host{
		"192-0-2-1.isp.example",
		"a7.dhcp.isp.example",
		"static-192-0-2-1.isp.example",
		"mail.dsl.isp.example",
		"mail.example.org",
	} {
		if sign, generic := genericname.Judge(name, client); generic {
			fmt.Printf("%s: %s\n", name, sign)
		} else {
			fmt.Printf("%s: not generic\n", name)
		}
	}
	// Output:
	// 192-0-2-1.isp.example: it contains the client's address 192-0-2-1
	// a7.dhcp.isp.example: it contains the word "dhcp"
	// static-192-0-2-1.isp.example: not generic
	// mail.dsl.isp.example: not generic
	// mail.example.org: not generic
}
