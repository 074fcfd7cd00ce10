package helo_test

import (
	"context"
	"net/netip"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/zone"
	"mxrules.example/helo"
)

func world() *zone.Zone {
	return zone.MustParse(`
		mail.example.org.     A      192.0.2.1
		both.example.org.     A      192.0.2.1
		both.example.org.     AAAA   2001:db8::1
		six.example.org.      AAAA   2001:db8::1
		mapped.example.org.   AAAA   ::ffff:192.0.2.1
		many.example.org.     A      203.0.113.1
		many.example.org.     A      203.0.113.2
		many.example.org.     A      192.0.2.1
		mx.example.org.       MX     10 nowhere.example.org.
		nomail.example.org.   MX     0 .
		half.example.org.     MX     0 .
		half.example.org.     MX     10 mail.example.org.
		text.example.org.     TXT    "neither an address nor a mail host"
		alias.example.org.    CNAME  mail.example.org.
		broken.example.org.   CNAME  mail.example.org.
		a_b.example.org.      A      192.0.2.1
		loop.example.org.     A      127.0.0.1
		xn--bcher-kva.example. A     192.0.2.1
		patient.example.org.  MX     10 mail.example.org.
		stubborn.example.org. AAAA   2001:db8::1
		localhost.            A      127.0.0.1
	`).
		Failing("broken.example.org.", zone.SERVFAIL).Failing("refused.example.org.", zone.REFUSED).
		Failing("silent.example.org.", zone.Timeout).Failing("stubborn.example.org. A", zone.SERVFAIL).
		Failing("patient.example.org. A", zone.Timeout).Failing("patient.example.org. AAAA", zone.REFUSED).
		Failing("first.example.org. A", zone.SERVFAIL).Failing("last.example.org. MX", zone.SERVFAIL)
}

func TestResolves(t *testing.T) {
	dns := world()
	for _, tc := range []struct {
		helo  string
		want  envelope.Outcome
		asked string
	}{
		{"mail.example.org", envelope.Pass, "A"},
		{"MAIL.Example.ORG.", envelope.Pass, "A"},
		{"both.example.org", envelope.Pass, "A"},
		{"alias.example.org", envelope.Pass, "A"},
		{"a_b.example.org", envelope.Pass, "A"},
		{"loop.example.org", envelope.Pass, "A"},
		{"localhost", envelope.Pass, "A"},
		{"bücher.example", envelope.Pass, "A"},
		{"xn--BCHER-kva.example", envelope.Pass, "A"},
		{"six.example.org", envelope.Pass, "A AAAA"},
		{"mx.example.org", envelope.Pass, "A AAAA MX"},
		{"half.example.org", envelope.Pass, "A AAAA MX"},
		{"nomail.example.org", envelope.Fail, "A AAAA MX"},
		{"text.example.org", envelope.Fail, "A AAAA MX"},
		{"nowhere.example.org", envelope.Fail, "A AAAA MX"},
		// A record counts even after a failure.
		{"stubborn.example.org", envelope.Pass, "A AAAA"},
		{"patient.example.org", envelope.Pass, "A AAAA MX"},
		// Without a record, one failure is a TempError.
		{"broken.example.org", envelope.TempError, "A AAAA MX"},
		{"refused.example.org", envelope.TempError, "A AAAA MX"},
		{"silent.example.org", envelope.TempError, "A AAAA MX"},
		{"first.example.org", envelope.TempError, "A AAAA MX"},
		{"last.example.org", envelope.TempError, "A AAAA MX"},
		// Only names are looked up.
		{"[192.0.2.1]", envelope.None, ""},
		{"[IPv6:2001:db8::1]", envelope.None, ""},
		{"[tag:content]", envelope.None, ""},
		{"[192.0.2.999]", envelope.None, ""},
		{"192.0.2.1", envelope.None, ""},
		{"2001:db8::1", envelope.None, ""},
		{"mail..example.org", envelope.None, ""},
		{"-a.example.org", envelope.None, ""},
		{"*.example.org", envelope.None, ""},
		{"not a name", envelope.None, ""},
		{"", envelope.None, ""},
	} {
		try(t, helo.Resolves, dns, envelope.Envelope{Stage: envelope.Helo, Helo: tc.helo}, tc.want, refused, tc.asked)
	}
}

// A null MX does not undo an earlier failure.
func TestResolvesNullMXAfterAFailure(t *testing.T) {
	dns := zone.MustParse("nomail.example.org. MX 0 .").Failing("nomail.example.org. AAAA", zone.SERVFAIL)
	got := helo.Resolves(t.Context(), dns, &envelope.Envelope{Helo: "nomail.example.org"})
	expect(t, got, envelope.TempError, envelope.Status{})
}

func TestResolvesSaysWhatIsMissing(t *testing.T) {
	got := helo.Resolves(t.Context(), world(), &envelope.Envelope{Helo: "Nowhere.example.org"})
	envelopetest.Says(t, got, "the HELO name Nowhere.example.org has no A, AAAA or MX record in DNS")
}

func TestMatches(t *testing.T) {
	dns := world()
	mapped := netip.MustParseAddr("::ffff:192.0.2.1")
	unknown := netip.Addr{}
	for _, tc := range []struct {
		helo   string
		client netip.Addr
		want   envelope.Outcome
		asked  string
	}{
		{"mail.example.org", four, envelope.Pass, "A"},
		{"Mail.example.org.", mapped, envelope.Pass, "A"},
		{"alias.example.org", four, envelope.Pass, "A"},
		{"many.example.org", four, envelope.Pass, "A"},
		{"bücher.example", four, envelope.Pass, "A"},
		{"six.example.org", six, envelope.Pass, "AAAA"},
		{"both.example.org", six, envelope.Pass, "AAAA"},
		{"both.example.org", six.WithZone("eth0"), envelope.Pass, "AAAA"},
		{"stubborn.example.org", six, envelope.Pass, "AAAA"}, // its A lookup would fail, and is not made
		{"mail.example.org", six, envelope.Fail, "AAAA"},
		{"six.example.org", four, envelope.Fail, "A"},
		{"mapped.example.org", four, envelope.Fail, "A"},
		{"mx.example.org", four, envelope.Fail, "A"},
		{"loop.example.org", four, envelope.Fail, "A"},
		{"nowhere.example.org", four, envelope.Fail, "A"},
		{"broken.example.org", four, envelope.TempError, "A"},
		{"refused.example.org", six, envelope.TempError, "AAAA"},
		{"[192.0.2.1]", four, envelope.Pass, ""},
		{"[192.0.2.1]", mapped, envelope.Pass, ""},
		{"[IPv6:2001:db8::1]", six, envelope.Pass, ""},
		{"[192.0.2.2]", four, envelope.Fail, ""},
		{"[tag:content]", four, envelope.Fail, ""},
		{"mail.example.org", unknown, envelope.None, ""},
		{"[192.0.2.1]", unknown, envelope.None, ""},
		{"[tag:content]", unknown, envelope.None, ""},
		{"192.0.2.1", four, envelope.None, ""},
		{"not a name", four, envelope.None, ""},
		{"", four, envelope.None, ""},
	} {
		e := envelope.Envelope{Stage: envelope.Helo, Helo: tc.helo, ClientIP: tc.client}
		try(t, helo.Matches, dns, e, tc.want, refused, tc.asked)
	}
	got := helo.Matches(t.Context(), dns, &envelope.Envelope{Helo: "six.example.org", ClientIP: mapped})
	envelopetest.Says(t, got, "none of the addresses of the HELO name six.example.org is that of the client, 192.0.2.1")
}

func TestWithoutDNSChecksAreTempErrors(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	e := envelope.Envelope{Helo: "nowhere.example.org", ClientIP: four}
	for name, check := range map[string]envelope.Check{"Resolves": helo.Resolves, "Matches": helo.Matches} {
		expect(t, check(t.Context(), nil, &e), envelope.TempError, envelope.Status{})
		dns := world()
		expect(t, check(ended, dns, &e), envelope.TempError, envelope.Status{})
		if asked := dns.Asked(); len(asked) > 0 {
			t.Errorf("%s asked %v after its context had ended", name, asked)
		}
	}
}
