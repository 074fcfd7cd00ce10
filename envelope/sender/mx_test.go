package sender_test

import (
	"fmt"
	"strings"

	"mxrules.example/envelope/zone"
)

// servers has hosts that are usable (192.175.48.0/24 and 2620:4f:8000::/48 are public),
// hosts that are not, for each reason, aliases, and hosts for which lookups fail.
const servers = `
	$ORIGIN good.example.
	four     A      192.175.48.1
	six      AAAA   2620:4f:8000::1
	both     A      192.175.48.1
	         AAAA   2620:4f:8000::1
	mixed    A      10.0.0.1
	         A      192.175.48.1
	dual     A      10.0.0.1
	         AAAA   2620:4f:8000::1
	nat64    AAAA   64:ff9b::192.175.48.1
	under_score A   192.175.48.1
	alias    CNAME  four
	alias2   CNAME  alias
	$ORIGIN bad.example.
	text     TXT    "no address"
	private  A      10.0.0.1
	loop     A      127.0.0.1
	ula      AAAA   fc00::1
	mapped   AAAA   ::ffff:192.168.0.1
	nat64    AAAA   64:ff9b::10.0.0.1
	local64  AAAA   64:ff9b:1::192.175.48.1
	group    A      224.0.0.1
	two      A      0.0.0.0
	         AAAA   ::
	lost     CNAME  nowhere.example.
	$ORIGIN example.
	fails    A      192.175.48.1
	stubborn AAAA   2620:4f:8000::1
	half     A      10.0.0.1
	known    A      10.0.0.1
	$ORIGIN .
`

// domainOf returns a zone in which domain.example has these MX records, in this
// order.
func domainOf(hosts ...string) *zone.Zone {
	var b strings.Builder
	b.WriteString(servers)
	for i, host := range hosts {
		fmt.Fprintf(&b, "\tdomain.example. MX %d %s\n", i, host)
	}
	return zone.MustParse(b.String()).
		Failing("fails.example.", zone.SERVFAIL).Failing("refused.example.", zone.REFUSED).
		Failing("timeout.example.", zone.Timeout).Failing("stubborn.example. A", zone.SERVFAIL).
		Failing("half.example. AAAA", zone.Timeout).Failing("known.example. A", zone.REFUSED)
}
