package addressspace_test

import (
	"fmt"
	"net/netip"

	"mxrules.example/envelope/internal/addressspace"
)

// Of these addresses, only the first can be that of a mail server on the Internet.
func ExampleOf() {
	for _, text := range []string{"193.0.6.139", "10.1.2.3", "fe80::1", "64:ff9b::10.1.2.3"} {
		block := addressspace.Of(netip.MustParseAddr(text))
		fmt.Println(text, block.GloballyReachable, block.Name, block.Source)
	}
	// Output:
	// 193.0.6.139 true Global Unicast RFC 791
	// 10.1.2.3 false Private-Use RFC 1918
	// fe80::1 false Link-Local Unicast RFC 4291
	// 64:ff9b::10.1.2.3 false Private-Use RFC 1918
}
