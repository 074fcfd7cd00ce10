package specimen

import (
	"net/netip"
	"strings"
)

// records is the DNS of the specimens. The addresses are of a network that is public and
// nobody's (RFC 7534), because checks know the networks for documentation.
const records = `
mail.example.net.         A     192.175.48.1
1.48.175.192.in-addr.arpa. PTR  mail.example.net.
dyn-192-175-48-2.pool.example.net. A 192.175.48.2
2.48.175.192.in-addr.arpa. PTR  dyn-192-175-48-2.pool.example.net.
3.48.175.192.in-addr.arpa. PTR  mail.other.example.
4.48.175.192.in-addr.arpa. PTR  mail.broken.example.
mail.other.example.       A     192.175.48.100
h3.example.net.           A     192.175.48.3
h5.example.net.           A     192.175.48.5
h6.example.net.           A     192.175.48.6
h7.example.net.           A     192.175.48.7
7.48.175.192.in-addr.arpa. PTR  h7.example.net.
h8.example.net.           A     192.175.48.8
8.48.175.192.in-addr.arpa. PTR  dyn-192-175-48-8.pool.example.net.
dyn-192-175-48-8.pool.example.net. A 192.175.48.8
example.net.              MX    10 mail.example.net.
example.net.              TXT   "v=spf1 ip4:192.175.48.0/28 -all"
_dmarc.example.net.       TXT   "v=DMARC1; p=reject"
fail.example.             MX    10 mail.example.net.
fail.example.             TXT   "v=spf1 -all"
_dmarc.fail.example.      TXT   "v=DMARC1; p=reject"
softfail.example.         MX    10 mail.example.net.
softfail.example.         TXT   "v=spf1 ~all"
_dmarc.softfail.example.  TXT   "v=DMARC1; p=quarantine"
neutral.example.          MX    10 mail.example.net.
neutral.example.          TXT   "v=spf1 ?all"
_dmarc.neutral.example.   TXT   "v=DMARC1; p=none"
plain.example.            MX    10 mail.example.net.
invalid.example.          MX    10 mail.example.net.
invalid.example.          TXT   "v=spf1 bogus"
spf-broken.example.       MX    10 mail.example.net.
nomail.example.           MX    0 .
unusable.example.         MX    10 nowhere.example.
alias.example.            MX    10 cname.example.
cname.example.            CNAME mail.example.net.
`

// failing has the questions that fail.
var failing = []string{
	"5.48.175.192.in-addr.arpa.", "mail.broken.example.", "broken.example.", "spf-broken.example. TXT", "_dmarc.broken.example.",
}

var clients = addresses("192.175.48.1 192.175.48.2 192.175.48.3 192.175.48.4 192.175.48.5 192.175.48.6 192.175.48.7 192.175.48.8 2001:4:112::1")

func addresses(text string) (list []netip.Addr) {
	for word := range strings.FieldsSeq(text) {
		list = append(list, netip.MustParseAddr(word))
	}
	return list
}

// helos returns HELO names for a client.
func helos(client netip.Addr) []string {
	literal := "[" + client.String() + "]"
	if client.Is6() {
		literal = "[IPv6:" + client.String() + "]"
	}
	return []string{
		"mail.example.net", "h3.example.net", "h5.example.net", "h6.example.net", "h7.example.net", "h8.example.net", "mail.other.example", "dyn-192-175-48-2.pool.example.net", "nowhere.example", "mail.broken.example",
		literal, "[192.0.2.1]", "localhost", "not_a name", client.String(), "",
	}
}

var senders = []string{
	"ann@example.net", "ann@fail.example", "ann@softfail.example", "ann@neutral.example", "ann@plain.example", "ann@invalid.example",
	"ann@spf-broken.example", "ann@nomail.example", "ann@nowhere.example", "ann@unusable.example", "ann@alias.example", "ann@broken.example",
	"", "ann", "ann@localhost", "ann@[192.0.2.1]", "not an address",
}

var recipients = []string{
	"postmaster", "bob@fail.example", "bob@nomail.example", "bob@broken.example", "bob@localhost", "bob@[192.0.2.1]", "not an address",
}
