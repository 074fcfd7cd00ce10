package dnsbl_test

import (
	"fmt"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/rdns/dnsbl"
)

// names is a zone with lists of names. The name of a domain says how the lists answer.
func names() *zone.Zone {
	return zone.MustParse(`
		bad.example.first.example.          A   127.0.0.2
		                                    TXT "bad since 2026"
		worse.example.second.example.       A   127.0.0.2
		xn--bcher-kva.example.first.example. A  127.0.0.2
		nodata.example.first.example.       TXT "no address"
		other.example.first.example.        A   127.0.1.2
		refused.example.first.example.      A   127.255.255.252
		*.wild.example.first.example.       A   127.0.0.2
		; reverse DNS of clients
		1.2.0.192.in-addr.arpa.  PTR good.example.
		2.2.0.192.in-addr.arpa.  PTR Bad.Example.
		3.2.0.192.in-addr.arpa.  PTR good.example.
		                         PTR worse.example.
		4.2.0.192.in-addr.arpa.  PTR localhost.
		                         PTR 192.0.2.4.
		                         PTR 4.2.0.192.in-addr.arpa.
		                         PTR b\195\188cher.example.
		                         PTR a\032b.example.
		6.2.0.192.in-addr.arpa.  PTR silent.example.
		                         PTR bad.example.
		7.2.0.192.in-addr.arpa.  PTR silent.example.
		                         PTR good.example.
		8.2.0.192.in-addr.arpa.  PTR bad.example.
		                         PTR BAD.example.
		2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR bad.example.
		; names of local networks are not disclosed
		1.0.0.10.in-addr.arpa.   PTR bad.example.
	`).
		Failing("broken.example.first.example. A", zone.SERVFAIL).Failing("unwilling.example.first.example. A", zone.REFUSED).
		Failing("silent.example.first.example. A", zone.Timeout).Failing("30.2.0.192.in-addr.arpa. PTR", zone.SERVFAIL).
		Failing("31.2.0.192.in-addr.arpa. PTR", zone.REFUSED).Failing("32.2.0.192.in-addr.arpa. PTR", zone.Timeout)
}

const (
	badListing   = `{"zone":"first.example","codes":["127.0.0.2"],"reason":"bad since 2026"}`
	worseListing = `{"zone":"second.example","codes":["127.0.0.2"],"reason":""}`
	plainListing = `{"zone":"first.example","codes":["127.0.0.2"],"reason":""}`
)

// long is a valid domain that is too long before a zone.
var long = strings.Repeat(strings.Repeat("a", 60)+".", 4) + "example"

// runDomains is run for rows with the field of an envelope in place of the client.
// In questions =1 is first.example and =2 is second.example.
func runDomains(t *testing.T, check envelope.Check, fill func(e *envelope.Envelope, says string), rows []row) {
	t.Helper()
	dns := names()
	for _, tc := range rows {
		says := tc.client
		tc.client = ""
		c := tc.of(blocked, `{"listed":[`+tc.detail+`]}`)
		c.Name, c.Envelope = fmt.Sprintf("%.40s", says), new(envelope.Envelope)
		fill(c.Envelope, says)
		c.Asks = strings.NewReplacer("=1", ".first.example.", "=2", ".second.example.").Replace(tc.asked)
		c.Run(t, check, dns)
	}
}

func TestHeloNotListed(t *testing.T) {
	runDomains(t, dnsbl.HeloNotListed(first, second), func(e *envelope.Envelope, says string) { e.Helo = says }, []row{
		{"bad.example", fail, "bad.example=1 A, bad.example=1 TXT",
			`the HELO name bad.example is on the DNS list first.example, which says "bad since 2026"` + loginHint, badListing},
		{"BAD.Example.", fail, "bad.example=1 A, bad.example=1 TXT",
			`the HELO name bad.example is on the DNS list first.example, which says "bad since 2026"` + loginHint, badListing},
		{"worse.example", fail, "worse.example=1 A, worse.example=2 A, worse.example=2 TXT",
			"the HELO name worse.example is on the DNS list second.example" + loginHint, worseListing},
		{"bücher.example", fail, "xn--bcher-kva.example=1 A, xn--bcher-kva.example=1 TXT",
			"the HELO name xn--bcher-kva.example is on the DNS list first.example" + loginHint, plainListing},
		{"good.example", pass, "good.example=1 A, good.example=2 A", "", ""},
		// Domains above the name are not looked up. A list may have wildcards.
		{"mail.bad.example", pass, "mail.bad.example=1 A, mail.bad.example=2 A", "", ""},
		{"mail.wild.example", fail, "mail.wild.example=1 A, mail.wild.example=1 TXT",
			"the HELO name mail.wild.example is on the DNS list first.example" + loginHint, plainListing},
		{"nodata.example", pass, "nodata.example=1 A, nodata.example=2 A", "", ""},
		{"other.example", pass, "other.example=1 A, other.example=2 A",
			"the DNS list first.example returned 127.0.1.2 for the HELO name other.example, which is not an accepted code",
			`],"ignored":[{"zone":"first.example","codes":["127.0.1.2"],"reason":""}`},
		{"refused.example", perm, "refused.example=1 A, refused.example=2 A",
			"the DNS list first.example returned an invalid answer for the HELO name refused.example", ""},
		{"broken.example", temp, "broken.example=1 A, broken.example=2 A",
			"the lookup in the DNS list first.example failed", ""},
		{"unwilling.example", temp, "unwilling.example=1 A, unwilling.example=2 A",
			"the lookup in the DNS list first.example failed", ""},
		{"silent.example", temp, "silent.example=1 A, silent.example=2 A",
			"the lookup in the DNS list first.example failed", ""},
		{long, pass, "", "", ""},
		{strings.Repeat("long.", 10_000), none, "", "", ""},
		{"[192.0.2.1]", none, "", "", ""},
		{"[IPv6:2001:db8::1]", none, "", "", ""},
		{"192.0.2.1", none, "", "", ""},
		{"not a name", none, "", "", ""},
		{"", none, "", "", ""},
	})
}

func TestSenderNotListed(t *testing.T) {
	runDomains(t, dnsbl.SenderNotListed(first, second), func(e *envelope.Envelope, says string) { e.MailFrom = says }, []row{
		{"a@bad.example", fail, "bad.example=1 A, bad.example=1 TXT",
			`the sender domain bad.example is on the DNS list first.example, which says "bad since 2026"`, badListing},
		{`"a@good.example"@BAD.Example.`, fail, "bad.example=1 A, bad.example=1 TXT",
			`the sender domain bad.example is on the DNS list first.example, which says "bad since 2026"`, badListing},
		{"@relay.example:a@bad.example", fail, "bad.example=1 A, bad.example=1 TXT",
			`the sender domain bad.example is on the DNS list first.example, which says "bad since 2026"`, badListing},
		{"a@worse.example", fail, "worse.example=1 A, worse.example=2 A, worse.example=2 TXT",
			"the sender domain worse.example is on the DNS list second.example", worseListing},
		{"a@xn--bcher-kva.example", fail, "xn--bcher-kva.example=1 A, xn--bcher-kva.example=1 TXT",
			"the sender domain xn--bcher-kva.example is on the DNS list first.example", plainListing},
		{"a@good.example", pass, "good.example=1 A, good.example=2 A", "", ""},
		{"a@nodata.example", pass, "nodata.example=1 A, nodata.example=2 A", "", ""},
		{"a@refused.example", perm, "refused.example=1 A, refused.example=2 A",
			"the DNS list first.example returned an invalid answer for the sender domain refused.example", ""},
		{"a@broken.example", temp, "broken.example=1 A, broken.example=2 A",
			"the lookup in the DNS list first.example failed", ""},
		{"a@unwilling.example", temp, "unwilling.example=1 A, unwilling.example=2 A",
			"the lookup in the DNS list first.example failed", ""},
		{"a@silent.example", temp, "silent.example=1 A, silent.example=2 A",
			"the lookup in the DNS list first.example failed", ""},
		{"a@" + long, pass, "", "", ""},
		{"a@" + strings.Repeat("long.", 10_000), none, "", "", ""},
		{"a@[192.0.2.1]", none, "", "", ""},
		{"a@192.0.2.1", none, "", "", ""},
		{"a@[192.0.2.1", none, "", "", ""},
		{"postmaster", none, "", "", ""},
		// The domain of an invalid mailbox counts.
		{"a..b@bad.example", fail, "bad.example=1 A, bad.example=1 TXT",
			`the sender domain bad.example is on the DNS list first.example, which says "bad since 2026"`, badListing},
		{"a@good.example@bad.example", fail, "bad.example=1 A, bad.example=1 TXT",
			`the sender domain bad.example is on the DNS list first.example, which says "bad since 2026"`, badListing},
		{"a@bücher.example", fail, "xn--bcher-kva.example=1 A, xn--bcher-kva.example=1 TXT", // without SMTPUTF8
			"the sender domain xn--bcher-kva.example is on the DNS list first.example", plainListing},
		{"a@bad.example@good.example", pass, "good.example=1 A, good.example=2 A", "", ""},
		{"a@bad.example@", none, "", "", ""},
		{"", none, "", "", ""},
	})
	e := envelope.Envelope{MailFrom: "ä@bücher.example", SMTPUTF8: true}
	got := dnsbl.SenderNotListed(first)(t.Context(), names(), &e)
	if want := "the sender domain xn--bcher-kva.example is on the DNS list first.example"; got.Outcome != fail || got.Text != want {
		t.Errorf("got %v %q, want %q", got.Outcome, got.Text, want)
	}
}

func TestPTRNotListed(t *testing.T) {
	runDomains(t, dnsbl.PTRNotListed(first, second), func(e *envelope.Envelope, says string) { e.ClientIP = address(says) }, []row{
		{"1", pass, "1.2.0.192.in-addr.arpa. PTR, good.example=1 A, good.example=2 A", "", ""},
		{"2", fail, "2.2.0.192.in-addr.arpa. PTR, bad.example=1 A, bad.example=1 TXT",
			`the name bad.example of the client 192.0.2.2 is on the DNS list first.example, which says "bad since 2026"` + loginHint, badListing},
		{"::ffff:192.0.2.2", fail, "2.2.0.192.in-addr.arpa. PTR, bad.example=1 A, bad.example=1 TXT",
			`the name bad.example of the client 192.0.2.2 is on the DNS list first.example, which says "bad since 2026"` + loginHint, badListing},
		{"3", fail, "3.2.0.192.in-addr.arpa. PTR, good.example=1 A, good.example=2 A, worse.example=1 A, worse.example=2 A, worse.example=2 TXT",
			"the name worse.example of the client 192.0.2.3 is on the DNS list second.example" + loginHint, worseListing},
		{"4", none, "4.2.0.192.in-addr.arpa. PTR", "", ""},
		{"5", none, "5.2.0.192.in-addr.arpa. PTR", "", ""},
		{"6", fail, "6.2.0.192.in-addr.arpa. PTR, silent.example=1 A, silent.example=2 A, bad.example=1 A, bad.example=1 TXT",
			`the name bad.example of the client 192.0.2.6 is on the DNS list first.example, which says "bad since 2026"` + loginHint, badListing},
		{"7", temp, "7.2.0.192.in-addr.arpa. PTR, silent.example=1 A, silent.example=2 A, good.example=1 A, good.example=2 A",
			"the lookup in the DNS list first.example failed", ""},
		{"8", fail, "8.2.0.192.in-addr.arpa. PTR, bad.example=1 A, bad.example=1 TXT",
			`the name bad.example of the client 192.0.2.8 is on the DNS list first.example, which says "bad since 2026"` + loginHint, badListing},
		{"30", temp, "30.2.0.192.in-addr.arpa. PTR", "the DNS lookup of 30.2.0.192.in-addr.arpa failed", ""},
		{"31", temp, "31.2.0.192.in-addr.arpa. PTR", "the DNS lookup of 31.2.0.192.in-addr.arpa failed", ""},
		{"32", temp, "32.2.0.192.in-addr.arpa. PTR", "the DNS lookup of 32.2.0.192.in-addr.arpa failed", ""},
		{"2001:db8::2", fail, "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR, bad.example=1 A, bad.example=1 TXT",
			`the name bad.example of the client 2001:db8::2 is on the DNS list first.example, which says "bad since 2026"` + loginHint, badListing},
		{"10.0.0.1", none, "", "", ""},
		{"", none, "", "", ""},
	})
}

func TestAtMostTenReverseNamesAreUsed(t *testing.T) {
	var records []string
	for i := range 30 {
		records = append(records, fmt.Sprintf("n%02d.example.", i))
	}
	dns := names().Answering("9.2.0.192.in-addr.arpa. PTR", strings.Join(records, "\n"))
	got := dnsbl.PTRNotListed(first, second)(t.Context(), dns, &envelope.Envelope{ClientIP: address("9")})
	if got.Outcome != pass || dns.Count("*.first.example. A") != 10 || dns.Count("*.second.example. A") != 10 {
		t.Errorf("got %v, asked %d questions", got.Outcome, len(dns.Asked()))
	}
}
