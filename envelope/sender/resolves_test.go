package sender_test

import (
	"context"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/sender"
	"mxrules.example/envelope/zone"
)

// lookupRow is one line of a table for Resolves and TakesMail.
type lookupRow struct {
	name, sender string
	want         envelope.Outcome
	status       envelope.Status
	asked        string
}

func runLookups(t *testing.T, check envelope.Check, rows []lookupRow) {
	t.Helper()
	dns := world()
	for _, tc := range rows {
		envelopetest.Case{Name: tc.name, Envelope: from(tc.sender), Outcome: tc.want, Status: tc.status, Asks: tc.asked}.Run(t, check, dns)
	}
}

func TestResolves(t *testing.T) {
	dns := world()
	runLookups(t, sender.Resolves, []lookupRow{
		{"an MX", "ann@org.example", pass, nothing, "MX"},
		{"upper case and a final dot", "ann@ORG.Example.", pass, nothing, "MX"},
		{"an MX that leads nowhere", "ann@deaf.example", pass, nothing, "MX"},
		{"an MX behind an alias", "ann@alias.example", pass, nothing, "MX"},
		{"an MX of a U-label", "änn@bücher.example", pass, nothing, "MX"},
		{"a null MX", "ann@null.example", pass, nothing, "MX"},
		{"a null MX beside another", "ann@half.example", pass, nothing, "MX"},
		{"an A record", "ann@four.example", pass, nothing, "MX A"},
		{"an AAAA record", "ann@six.example", pass, nothing, "MX A AAAA"},
		{"one label", "root@localhost", pass, nothing, "MX A"},
		{"a source route", "@nowhere.example:ann@org.example", pass, nothing, "MX"},
		{"a domain in the local part", `"ann@nowhere.example"@org.example`, pass, nothing, "MX"},
		{"NXDOMAIN", "ann@nowhere.example", fail, noDomain, "MX A AAAA"},
		{"NODATA", "ann@text.example", fail, noDomain, "MX A AAAA"},
		{"only names below", "ann@empty.example", fail, noDomain, "MX A AAAA"},
		{"only a domain above", "ann@sub.four.example", fail, noDomain, "MX A AAAA"},
		{"an alias that leads nowhere", "ann@lost.example", fail, noDomain, "MX A AAAA"},
		// A record counts even after a failure.
		{"MX fails before A", "ann@stubborn.example", pass, nothing, "MX A"},
		{"MX and A fail before AAAA", "ann@patient.example", pass, nothing, "MX A AAAA"},
		// Without a record, one failure is a TempError.
		{"only MX fails", "ann@first.example", temp, dnsFails, "MX A AAAA"},
		{"only A fails", "ann@second.example", temp, dnsFails, "MX A AAAA"},
		{"only AAAA fails", "ann@last.example", temp, dnsFails, "MX A AAAA"},
		{"SERVFAIL", "ann@servfail.example", temp, dnsFails, "MX A AAAA"},
		{"REFUSED", "ann@refused.example", temp, dnsFails, "MX A AAAA"},
		{"timeout", "ann@timeout.example", temp, dnsFails, "MX A AAAA"},
		{"an alias in a circle", "ann@round.example", temp, dnsFails, "MX A AAAA"},
		{"the null sender", "", none, nothing, ""},
		{"a literal", "ann@[192.0.2.1]", none, nothing, ""},
		{"no domain", "ann", none, nothing, ""},
		{"an address without brackets", "ann@192.0.2.1", none, nothing, ""},
		{"an invalid name", "ann@-org.example", none, nothing, ""},
	})
	envelopetest.Says(t, sender.Resolves(t.Context(), dns, from("ann@Nowhere.example.")),
		"the domain nowhere.example of the sender has no MX, A or AAAA record in DNS")
}

func TestTakesMail(t *testing.T) {
	dns := world()
	runLookups(t, sender.TakesMail, []lookupRow{
		{"an MX", "ann@org.example", pass, nothing, "org.example. MX"},
		{"an MX that leads nowhere", "ann@deaf.example", pass, nothing, "deaf.example. MX"},
		{"a null MX", "ann@null.example", fail, nullMX, "null.example. MX"},
		{"a null MX with a preference", "ann@late.example", fail, nullMX, "late.example. MX"},
		{"a null MX beside another", "ann@half.example", pass, nothing, "half.example. MX"},
		{"the null MX of a domain above", "ann@sub.null.example", pass, nothing, "sub.null.example. MX"},
		{"a route through a domain with a null MX", "@null.example:ann@org.example", pass, nothing, "org.example. MX"},
		{"upper case and a final dot", "ann@NULL.Example.", fail, nullMX, "null.example. MX"},
		{"a U-label", "ann@bücher.example", pass, nothing, "xn--bcher-kva.example. MX"},
		{"an address only", "ann@four.example", pass, nothing, "four.example. MX"},
		{"NXDOMAIN", "ann@nowhere.example", pass, nothing, "nowhere.example. MX"},
		{"NODATA", "ann@text.example", pass, nothing, "text.example. MX"},
		{"SERVFAIL", "ann@servfail.example", temp, dnsFails, "servfail.example. MX"},
		{"REFUSED", "ann@refused.example", temp, dnsFails, "refused.example. MX"},
		{"timeout", "ann@timeout.example", temp, dnsFails, "timeout.example. MX"},
		{"the null sender", "", none, nothing, ""},
		{"a literal", "ann@[IPv6:2001:db8::1]", none, nothing, ""},
		{"no domain", "ann", none, nothing, ""},
		{"an address without brackets", "ann@192.0.2.1", none, nothing, ""},
	})
	envelopetest.Says(t, sender.TakesMail(t.Context(), dns, from("ann@NULL.example.")),
		"the domain null.example of the sender takes no mail (its MX record is null)")
}

// The first failure is the cause that a trace shows.
func TestResolvesNamesTheFirstFailure(t *testing.T) {
	dns := zone.MustParse("").Failing("org.example. A", zone.Timeout).Failing("org.example. AAAA", zone.SERVFAIL)
	got := sender.Resolves(t.Context(), dns, from("ann@org.example"))
	if got.Err == nil || got.Err.Error() != "lookup org.example.: timeout" {
		t.Errorf("the cause is %v", got.Err)
	}
}

func TestWithoutDNSChecksAreTempErrors(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, check := range []envelope.Check{sender.Resolves, sender.TakesMail, sender.MXUsable, sender.MXNotAlias} {
		envelopetest.Expect(t, check(t.Context(), nil, from("ann@null.example")), temp, dnsFails)
		dns := world()
		envelopetest.Expect(t, check(ended, dns, from("ann@null.example")), temp, dnsFails)
		if asked := dns.Asked(); len(asked) > 0 {
			t.Errorf("asked %v after the context had ended", asked)
		}
	}
}
