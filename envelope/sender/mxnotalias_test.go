package sender_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/sender"
	"mxrules.example/envelope/zone"
)

func TestMXNotAlias(t *testing.T) {
	const only = "the MX records of the domain domain.example of the sender name only aliases: "
	const alias, alias2 = "alias.good.example is an alias of four.good.example", "alias2.good.example is an alias of four.good.example"
	for _, tc := range []struct {
		name  string
		hosts string
		want  envelope.Outcome
		asked string
		text  string
	}{
		{"a host", "four.good.example.", pass, "MX CNAME", ""},
		{"a host in upper case", "FOUR.Good.EXAMPLE.", pass, "MX CNAME", ""},
		{"a host that is not public", "private.bad.example.", pass, "MX CNAME", ""}, // MXUsable fails
		{"an alias", "alias.good.example.", fail, "MX CNAME", only + alias},
		{"an alias in upper case", "ALIAS.good.example.", fail, "MX CNAME", only + "ALIAS.good.example is an alias of four.good.example"},
		{"an alias of an alias", "alias2.good.example.", fail, "MX CNAME", only + alias2},
		{"two aliases", "alias.good.example. alias2.good.example.", fail, "MX CNAME CNAME", only + alias + "; " + alias2},
		{"the same alias twice", "alias.good.example. Alias.good.example.", fail, "MX CNAME", only + alias},
		{"an alias before a host", "alias.good.example. four.good.example.", pass, "MX CNAME CNAME", ""},
		{"a host before an alias", "four.good.example. alias.good.example.", pass, "MX CNAME", ""},

		// A name that DNS has no address for is not known as an alias.
		{"NXDOMAIN", "nowhere.bad.example.", pass, "MX CNAME", ""},
		{"NODATA", "text.bad.example.", pass, "MX CNAME", ""},
		{"an alias that leads nowhere", "lost.bad.example.", pass, "MX CNAME", ""},

		// A record without a name is ignored, and never looked up.
		{"an IP address", "192.175.48.1.", none, "MX", ""},
		{"an invalid name", "*.good.example.", none, "MX", ""},
		{"an IP address and an alias", "192.175.48.1. alias.good.example.", fail, "MX CNAME", only + alias},
		{"a null MX and an alias", ". alias.good.example.", fail, "MX CNAME", only + alias},
		{"a null MX", ".", none, "MX", ""},
		{"no MX", "", none, "MX", ""},

		// A failure counts only if no host is found that is not an alias.
		{"SERVFAIL", "fails.example.", temp, "MX CNAME", ""},
		{"REFUSED", "refused.example.", temp, "MX CNAME", ""},
		{"timeout", "timeout.example.", temp, "MX CNAME", ""},
		{"a failure before a host", "fails.example. four.good.example.", pass, "MX CNAME CNAME", ""},
		{"a failure before an alias", "fails.example. alias.good.example.", temp, "MX CNAME CNAME", ""},
		{"a failure after an alias", "alias.good.example. timeout.example.", temp, "MX CNAME CNAME", ""},
	} {
		status := noDomain
		if tc.want == temp {
			status = dnsFails
		}
		envelopetest.Case{
			Name: tc.name, Envelope: from("ann@domain.example"), Outcome: tc.want, Status: status, Says: tc.text, Asks: tc.asked,
		}.Run(t, sender.MXNotAlias, domainOf(strings.Fields(tc.hosts)...))
	}
}

// A domain without an MX record may be an alias. The lookup of its MX records may fail.
func TestMXNotAliasWithoutAnMX(t *testing.T) {
	for domain, want := range map[string]envelope.Outcome{
		"four.good.example": none, "alias.good.example": none, "nowhere.example": none,
		"fails.example": temp, "refused.example": temp, "timeout.example": temp,
	} {
		envelopetest.Case{
			Name: domain, Envelope: from("ann@" + domain), Outcome: want, Status: dnsFails, Asks: "MX",
		}.Run(t, sender.MXNotAlias, domainOf())
	}
}

// With twenty aliases MXNotAlias asks 11 questions, as its documentation says.
func TestMXNotAliasStopsAtTenHosts(t *testing.T) {
	var text strings.Builder
	for i := range 20 {
		fmt.Fprintf(&text, "domain.example. MX %d mx%d.example.\nmx%d.example. CNAME six.example.\n", i, i, i)
	}
	dns := zone.MustParse(text.String() + "six.example. AAAA 2620:4f:8000::1\n")
	got := sender.MXNotAlias(t.Context(), dns, from("ann@domain.example"))
	envelopetest.Expect(t, got, fail, noDomain, "; and 7 more (only the first 10 were checked)")
	if asked := dns.Asked(); len(asked) != 11 {
		t.Errorf("asked %d questions: %v", len(asked), asked)
	}
}

// Some resolvers return no name for a name that is not an alias.
func TestMXNotAliasOfAResolverWithoutAnEnd(t *testing.T) {
	dns := &stranger{t: t, hosts: []*net.MX{{Host: "mx.example."}}}
	envelopetest.Expect(t, sender.MXNotAlias(t.Context(), dns, from("ann@domain.example")), pass, nothing)
}

// An attacker controls the target of an alias.
func TestMXNotAliasCleansTheEndOfAnAlias(t *testing.T) {
	for _, end := range []string{"a\r\n250 ok.", strings.Repeat("a.", 5000), "\u202e."} {
		dns := &stranger{t: t, hosts: []*net.MX{{Host: "mx.example."}}, end: end}
		got := sender.MXNotAlias(t.Context(), dns, from("ann@domain.example"))
		envelopetest.Expect(t, got, fail, noDomain, "mx.example is an alias of an invalid host name")
	}
}
