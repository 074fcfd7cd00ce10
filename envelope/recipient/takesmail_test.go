package recipient_test

import (
	"context"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/zone"
)

func TestTakesMail(t *testing.T) {
	for _, tc := range []struct {
		name, rcpt string
		want       envelope.Outcome
		status     envelope.Status
		asked      string
	}{
		{"an MX", "ann@example.org", envelope.Pass, nothing, "example.org. MX"},
		{"upper case and a final dot", "ann@EXAMPLE.Org.", envelope.Pass, nothing, "example.org. MX"},
		{"a null MX", "ann@example.com", envelope.Fail, nullMX, "example.com. MX"},
		{"a null MX with a preference", "ann@noservice.example", envelope.Fail, nullMX, "noservice.example. MX"},
		{"a null MX behind an alias", "ann@alias.example", envelope.Fail, nullMX, "alias.example. MX"},
		{"a null MX beside another", "ann@two.example", envelope.Pass, nothing, "two.example. MX"},
		{"a null MX of a U-label", "ann@bücher.example", envelope.Fail, nullMX, "xn--bcher-kva.example. MX"},
		{"the null MX of a domain above", "ann@sub.example.com", envelope.Pass, nothing, "sub.example.com. MX"},
		{"a route through a domain with a null MX", "@example.com:ann@example.org", envelope.Pass, nothing, "example.org. MX"},
		{"NODATA", "ann@bare.example", envelope.Pass, nothing, "bare.example. MX"},
		{"NXDOMAIN", "ann@nowhere.example", envelope.Pass, nothing, "nowhere.example. MX"},
		{"one label", "ann@localhost", envelope.Pass, nothing, "localhost. MX"},
		{"SERVFAIL", "ann@servfail.example", envelope.TempError, dnsFails, "servfail.example. MX"},
		{"REFUSED", "ann@refused.example", envelope.TempError, dnsFails, "refused.example. MX"},
		{"timeout", "ann@timeout.example", envelope.TempError, dnsFails, "timeout.example. MX"},
		{"a literal", "ann@[192.0.2.1]", envelope.None, nothing, ""},
		{"an IPv6 literal", "ann@[IPv6:2001:db8::1]", envelope.None, nothing, ""},
		{"the bare postmaster", "postmaster", envelope.None, nothing, ""},
		{"an invalid address", "ann@example.com@example.com", envelope.None, nothing, ""},
		{"an address without brackets", "ann@192.0.2.1", envelope.None, nothing, ""},
		{"no recipient", "", envelope.None, nothing, ""},
	} {
		dns := zone.MustParse(world).
			Failing("servfail.example.", zone.SERVFAIL).
			Failing("refused.example.", zone.REFUSED).
			Failing("timeout.example.", zone.Timeout)
		envelopetest.Case{Name: tc.name, Envelope: to(tc.rcpt), Outcome: tc.want, Status: tc.status, Asks: tc.asked}.Run(t, recipient.TakesMail, dns)
	}
}

func TestTakesMailNamesTheDomain(t *testing.T) {
	got := recipient.TakesMail(t.Context(), zone.MustParse(world), to("ann@Example.COM."))
	envelopetest.Says(t, got, "the domain example.com of the recipient takes no mail (its MX record is null)")
}

func TestTakesMailWithoutDNSIsATempError(t *testing.T) {
	envelopetest.Expect(t, recipient.TakesMail(t.Context(), nil, to("ann@example.com")), envelope.TempError, dnsFails)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dns := zone.MustParse(world)
	envelopetest.Expect(t, recipient.TakesMail(ctx, dns, to("ann@example.com")), envelope.TempError, dnsFails)
	if asked := dns.Asked(); len(asked) > 0 {
		t.Errorf("asked %v", asked)
	}
}
