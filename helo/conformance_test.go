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
	for _, tc := range []struct {
		name  string
		from  envelope.Stage
		check envelope.Check
	}{
		{"helo.present", envelope.Mail, helo.Present},
		{"helo.syntax", envelope.Helo, helo.Syntax},
		{"helo.fqdn", envelope.Helo, helo.FQDN},
		{"helo.literal", envelope.Helo, helo.Literal},
		{"helo.resolves", envelope.Helo, helo.Resolves},
		{"helo.matches", envelope.Helo, helo.Matches},
		{"helo.notgeneric", envelope.Helo, helo.NotGeneric},
		{"helo.notours", envelope.Helo, helo.NotOurs(nil, nil)},
		{"helo.notours", envelope.Helo, helo.NotOurs([]string{"mx.example.org"}, ours)},
		{"helo.notours", envelope.Helo, helo.NotOurs([]string{"not a name"}, ours)},
		{"helo.in", envelope.Helo, helo.In()},
		{"helo.in", envelope.Helo, helo.In("mail.example.org", ".example.net")},
		{"helo.in", envelope.Helo, helo.In("not a name")},
		{"helo.in", envelope.Helo, helo.InSet(envelope.SetOf(func(name envelope.Host) bool { return name.Labels() > 2 }))},
	} {
		t.Run(tc.name, func(t *testing.T) {
			envelopetest.Answers(t, tc.check, tc.name, tc.from, envelope.Envelope{Helo: "not a name", ClientIP: four})
			envelopetest.TestCheck(t, tc.check, world(), envelopes...)
		})
	}
}
