package sender_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/sender"
)

const (
	hasNone     = "has no address"
	isAddress   = "is an address, not a host name"
	isPrivate   = "has the address 10.0.0.1, which is not public (Private-Use, RFC 1918)"
	badAlphabet = "is not a host name: it has an invalid character"
)

func TestMXUsable(t *testing.T) {
	for _, tc := range []struct {
		name  string
		hosts string
		want  envelope.Outcome
		asked string
		bad   string // the reasons, one for each bad host
	}{
		{"a host", "four.good.example.", pass, "MX A", ""},
		{"a host in upper case", "FOUR.Good.EXAMPLE.", pass, "MX A", ""},
		{"a host with an underscore", "under_score.good.example.", pass, "MX A", ""},
		{"a host of both families", "both.good.example.", pass, "MX A", ""},
		{"a host with a good address among others", "mixed.good.example.", pass, "MX A", ""},
		{"a host of IPv6 only", "six.good.example.", pass, "MX A AAAA", ""},
		{"a host whose IPv6 address only is good", "dual.good.example.", pass, "MX A AAAA", ""},
		{"an alias", "alias.good.example.", pass, "MX A", ""},
		{"an alias of an alias", "alias2.good.example.", pass, "MX A", ""},
		{"a host behind NAT64", "nat64.good.example.", pass, "MX A AAAA", ""},

		{"an alias that leads nowhere", "lost.bad.example.", fail, "MX A AAAA", hasNone},
		{"NXDOMAIN", "nowhere.bad.example.", fail, "MX A AAAA", hasNone},
		{"NODATA", "text.bad.example.", fail, "MX A AAAA", hasNone},
		{"a private network", "private.bad.example.", fail, "MX A AAAA", isPrivate},
		{"loopback", "loop.bad.example.", fail, "MX A AAAA", "has the address 127.0.0.1, which is not public (Loopback, RFC 1122, section 3.2.1.3)"},
		{"a private network of IPv6", "ula.bad.example.", fail, "MX A AAAA", "has the address fc00::1, which is not public (Unique-Local, RFC 4193)"},
		{"an IPv4-mapped address", "mapped.bad.example.", fail, "MX A AAAA", "has the address ::ffff:192.168.0.1, which is not public (Private-Use, RFC 1918)"},
		{"a private network behind NAT64", "nat64.bad.example.", fail, "MX A AAAA", "has the address 64:ff9b::a00:1, which is not public (Private-Use, RFC 1918)"},
		{"NAT64 for local use", "local64.bad.example.", fail, "MX A AAAA", "has the address 64:ff9b:1::c0af:3001, which is not public (IPv4-IPv6 Translation, RFC 8215)"},
		{"multicast", "group.bad.example.", fail, "MX A AAAA", "has the address 224.0.0.1, which is not public (Multicast, RFC 5771)"},
		{"no host of either family", "two.bad.example.", fail, "MX A AAAA", "has the address 0.0.0.0, which is not public (This host on this network, RFC 1122, section 3.2.1.3)"},

		// Only names are looked up.
		{"an IP address", "192.175.48.1.", fail, "MX", isAddress},
		{"an IP address in brackets", "[192.175.48.1].", fail, "MX", isAddress},
		{"an IPv6 address", "2620:4f:8000::1.", fail, "MX", isAddress},
		{"a number", "12345.", fail, "MX", "is not a host name: it is a number or an address, not a name"},
		{"a number of five parts", "1.2.3.4.5.", fail, "MX", "is not a host name: it is a number or an address, not a name"},
		{"a wildcard", "*.good.example.", fail, "MX", badAlphabet},
		{"a leading hyphen", "-four.good.example.", fail, "MX", "is not a host name: it has a label that begins or ends with a hyphen"},
		{"a name that is not ASCII", `b\195\188cher.example.`, fail, "MX", "is not a host name: it is not ASCII"},
		{"a control character", `a\013\010b.example.`, fail, "MX", badAlphabet},

		// One usable host is enough, at any place.
		{"bad before good", "private.bad.example. four.good.example.", pass, "MX A AAAA A", isPrivate},
		{"good before bad", "four.good.example. private.bad.example.", pass, "MX A", ""},
		{"an address before good", "192.175.48.1. four.good.example.", pass, "MX A", isAddress},
		{"a null MX before good", ". four.good.example.", pass, "MX A", "is a null MX beside others (RFC 7505, section 3)"},
		{"a null MX beside bad", ". private.bad.example.", fail, "MX A AAAA", "is a null MX beside others (RFC 7505, section 3)|" + isPrivate},
		{"two bad", "private.bad.example. text.bad.example.", fail, "MX A AAAA A AAAA", isPrivate + "|" + hasNone},
		{"the same twice", "text.bad.example. TEXT.bad.example. 1.2.3.4. 1.2.3.4.", fail, "MX A AAAA", hasNone + "|" + isAddress},
		{"several null", ". .", none, "MX", ""},

		// A failure counts only if no host is usable.
		{"SERVFAIL", "fails.example.", temp, "MX A AAAA", ""},
		{"REFUSED", "refused.example.", temp, "MX A AAAA", ""},
		{"timeout", "timeout.example.", temp, "MX A AAAA", ""},
		{"AAAA is good where A fails", "stubborn.example.", pass, "MX A AAAA", ""},
		{"AAAA fails where A is bad", "half.example.", temp, "MX A AAAA", ""},
		{"A fails where there is no AAAA", "known.example.", temp, "MX A AAAA", ""},
		{"a failure before good", "fails.example. four.good.example.", pass, "MX A AAAA A", ""},
		{"a failure before bad", "fails.example. private.bad.example.", temp, "MX A AAAA A AAAA", isPrivate},
		{"a failure after bad", "1.2.3.4. timeout.example.", temp, "MX A AAAA", isAddress},
	} {
		mxCase(tc.name, "ann@domain.example", tc.want, tc.asked, func(t *testing.T, result *sender.Result) {
			var reasons []string
			for _, bad := range result.Bad {
				reasons = append(reasons, bad.Reason)
			}
			if bad := strings.Join(reasons, "|"); bad != tc.bad {
				t.Errorf("bad for the reasons %q, want %q", bad, tc.bad)
			}
			if result.Domain != "domain.example" || result.Implicit || result.Cut || (result.Usable != "") != (tc.want == pass) {
				t.Errorf("result %+v", result)
			}
		}).Run(t, sender.MXUsable, domainOf(strings.Fields(tc.hosts)...))
	}
}

// mxCase is a case for MXUsable with a look at the Result of every finding but None.
func mxCase(name, address string, want envelope.Outcome, asked string, look func(*testing.T, *sender.Result)) envelopetest.Case {
	status := noDomain
	if want == temp {
		status = dnsFails
	}
	return envelopetest.Case{
		Name: name, Envelope: from(address), Outcome: want, Status: status, Asks: asked,
		Also: func(t *testing.T, f envelope.Finding) {
			if want != none {
				look(t, f.Detail.(*sender.Result))
			}
		},
	}
}

// A domain without an MX record is its own mail server.
func TestMXUsableWithoutAnMX(t *testing.T) {
	for _, tc := range []struct {
		domain string
		want   envelope.Outcome
		asked  string
		reason string
	}{
		{"four.good.example", pass, "MX A", ""},
		{"FOUR.good.example.", pass, "MX A", ""},
		{"six.good.example", pass, "MX A AAAA", ""},
		{"alias.good.example", pass, "MX A", ""}, // RFC 5321, section 5.1
		{"private.bad.example", fail, "MX A AAAA", isPrivate},
		{"text.bad.example", fail, "MX A AAAA", hasNone},
		{"nowhere.example", fail, "MX A AAAA", hasNone},
		{"lost.bad.example", fail, "MX A AAAA", hasNone},
		{"half.example", temp, "MX A AAAA", ""},
		{"stubborn.example", pass, "MX A AAAA", ""},
		{"fails.example", temp, "MX", ""}, // there may be an MX
		{"refused.example", temp, "MX", ""},
		{"timeout.example", temp, "MX", ""},
	} {
		mxCase(tc.domain, "ann@"+tc.domain, tc.want, tc.asked, func(t *testing.T, result *sender.Result) {
			if result.Implicit != (tc.asked != "MX") {
				t.Errorf("result %+v", result)
			}
			if tc.reason != "" && (len(result.Bad) != 1 || result.Bad[0].Reason != tc.reason) {
				t.Errorf("bad %+v, want %q", result.Bad, tc.reason)
			}
		}).Run(t, sender.MXUsable, domainOf())
	}
}

func TestMXUsableOfASenderWithoutADomain(t *testing.T) {
	dns := world()
	for _, address := range []string{"", "ann", "ann@[192.0.2.1]", "ann@[IPv6:2001:db8::1]", "ann@192.0.2.1", "not a mailbox"} {
		envelopetest.Expect(t, sender.MXUsable(t.Context(), dns, from(address)), none, nothing)
	}
	if asked := dns.Asked(); len(asked) > 0 {
		t.Errorf("asked %v", asked)
	}
	envelopetest.Expect(t, sender.MXUsable(t.Context(), dns, from("ann@null.example")), none, nothing)
	envelopetest.Expect(t, sender.MXUsable(t.Context(), dns, from("ann@late.example")), none, nothing)
}

func TestMXUsableStopsAtTenHosts(t *testing.T) {
	bad := func(n int) (hosts []string) {
		for i := range n {
			hosts = append(hosts, fmt.Sprintf("mx%d.bad.example.", i))
		}
		return hosts
	}
	for _, tc := range []struct {
		name  string
		hosts []string
		want  envelope.Outcome
		count int
		cut   bool
	}{
		{"ten hosts are checked", append(bad(9), "four.good.example."), pass, 1 + 9*2 + 1, false},
		{"the eleventh is not", append(bad(10), "four.good.example."), fail, 1 + 10*2, true},
		{"a repeated host counts once", append(bad(9), "mx0.bad.example.", "MX1.bad.example.", "four.good.example."), pass, 1 + 9*2 + 1, false},
		{"an invalid name counts too", append(append(bad(9), "1.2.3.4."), "four.good.example."), fail, 1 + 9*2, true},
		{"many", bad(200), fail, 1 + 10*2, true},
		{"many good", append([]string{"four.good.example."}, bad(200)...), pass, 2, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dns := domainOf(tc.hosts...)
			got := sender.MXUsable(t.Context(), dns, from("ann@domain.example"))
			if got.Outcome != tc.want {
				t.Errorf("got %v %s", got.Outcome, got.Text)
			}
			if asked := dns.Asked(); len(asked) != tc.count {
				t.Errorf("asked %d questions, want %d: %v", len(asked), tc.count, asked)
			}
			if result := got.Detail.(*sender.Result); result.Cut != tc.cut || len(result.Bad) > 10 {
				t.Errorf("result %+v", result)
			}
		})
	}
}

func TestMXUsableSaysWhatIsWrong(t *testing.T) {
	const begin = "the domain domain.example of the sender has no usable mail server: "
	for _, tc := range []struct {
		hosts, text string
	}{
		{"1.2.3.4.", begin + "1.2.3.4 is an address, not a host name"},
		{"text.bad.example. Private.bad.example.", begin + "text.bad.example has no address; Private.bad.example " + isPrivate},
		{"a.bad.example. b.bad.example. c.bad.example. d.bad.example. e.bad.example.", begin +
			"a.bad.example has no address; b.bad.example has no address; c.bad.example has no address; and 2 more"},
		{". 1.2.3.4.", begin + ". is a null MX beside others (RFC 7505, section 3); 1.2.3.4 is an address, not a host name"},
		{`a\013\010250\032ok.example.`, begin + "a 250 ok.example " + badAlphabet},
		{"", begin + "it has no MX record, and domain.example has no address"},
		{strings.Repeat("1.2.3.4. ", 3) + "a. b. c. d. e. f. g. h. i. j.", begin +
			"1.2.3.4 is an address, not a host name; a has no address; b has no address; and 7 more (only the first 10 were checked)"},
	} {
		got := sender.MXUsable(t.Context(), domainOf(strings.Fields(tc.hosts)...), from("ann@Domain.example."))
		envelopetest.Expect(t, got, fail, noDomain)
		envelopetest.Says(t, got, tc.text)
	}
}

func TestMXUsableInJSON(t *testing.T) {
	for _, tc := range []struct{ hosts, want string }{
		{"four.good.example.", `{"domain":"domain.example","implicit":false,"usable":"four.good.example","bad":[],"unknown":[],"cut":false}`},
		{"1.2.3.4. fails.example.", `{"domain":"domain.example","implicit":false,"usable":"",` +
			`"bad":[{"host":"1.2.3.4","reason":"is an address, not a host name"}],"unknown":["fails.example"],"cut":false}`},
		{"", `{"domain":"domain.example","implicit":true,"usable":"","bad":[{"host":"domain.example","reason":"has no address"}],"unknown":[],"cut":false}`},
	} {
		got := sender.MXUsable(t.Context(), domainOf(strings.Fields(tc.hosts)...), from("ann@domain.example"))
		if text, err := json.Marshal(got.Detail); err != nil || string(text) != tc.want {
			t.Errorf("got %s, %v; want %s", text, err, tc.want)
		}
	}
}

// Every finding has a Result of its own, which the caller may change.
func TestMXUsableSharesNoResult(t *testing.T) {
	dns := domainOf("1.2.3.4.", "four.good.example.")
	ctx := envelope.WithJudgement(t.Context())
	one := sender.MXUsable(ctx, dns, from("ann@domain.example")).Detail.(*sender.Result)
	two := sender.MXUsable(ctx, dns, from("ann@domain.example")).Detail.(*sender.Result)
	one.Bad[0].Reason, one.Usable = "changed", "changed"
	if two.Usable != "four.good.example" || !slices.Equal(two.Bad, []sender.BadMX{{Host: "1.2.3.4", Reason: isAddress}}) {
		t.Errorf("result %+v", two)
	}
}
