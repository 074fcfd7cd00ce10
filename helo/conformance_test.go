package helo_test

import (
	"net/netip"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/helo"
)

func TestChecksKeepTheContract(t *testing.T) {
	var envelopes []*envelope.Envelope
	for _, greeting := range []string{
		"mail.example.org", "nowhere.example.org", "broken.example.org", "patient.example.org", "localhost",
		"192-0-2-1.dyn.isp.example", "[192.0.2.1]", "[192.0.2.9]", "192.0.2.1", "not a name", "bücher.example", "",
	} {
		for _, client := range []netip.Addr{four, six, {}} {
			envelopes = append(envelopes, &envelope.Envelope{Helo: greeting, ClientIP: client})
		}
	}
	ours := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/28")}
	for name, check := range map[string]envelope.Check{
		"Present":        helo.Present,
		"Syntax":         helo.Syntax,
		"FQDN":           helo.FQDN,
		"Literal":        helo.Literal,
		"Resolves":       helo.Resolves,
		"Matches":        helo.Matches,
		"NotGeneric":     helo.NotGeneric,
		"NotOurs":        helo.NotOurs([]string{"mx.example.org"}, ours),
		"NotOursOfWrong": helo.NotOurs([]string{"not a name"}, ours),
		"In":             helo.In("mail.example.org", ".example.net"),
		"InOfWrong":      helo.In("not a name"),
		"InSet":          helo.InSet(envelope.SetOf(func(name envelope.Host) bool { return name.Labels() > 2 })),
	} {
		t.Run(name, func(t *testing.T) { envelopetest.TestCheck(t, check, world(), envelopes...) })
	}
}
