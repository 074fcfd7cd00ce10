package dnsbl_test

import (
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/rdns/dnsbl"
)

// everyCheck returns every check over lists of every weight.
func everyCheck() map[string]envelope.Check {
	heavy, good := first, third
	heavy.Weight, good.Weight = 2, -1
	return map[string]envelope.Check{
		"NotListed":  dnsbl.NotListed(first, second),
		"Listed":     dnsbl.Listed(first, second),
		"ScoreBelow": dnsbl.ScoreBelow(2, heavy, second, good),
		"Helo":       dnsbl.HeloNotListed(first, second),
		"Sender":     dnsbl.SenderNotListed(first, second),
		"PTR":        dnsbl.PTRNotListed(first, second),
		"ASN":        dnsbl.ASN(origin4, origin6, 64500, 64501),
	}
}

func TestChecksAreNamedAndWaitForTheirStage(t *testing.T) {
	wrong := dnsbl.List{Zone: "a..b"}
	for _, tc := range []struct {
		check envelope.Check
		name  string
		from  envelope.Stage
	}{
		{dnsbl.NotListed(first), "dnsbl.notlisted", envelope.Connect},
		{dnsbl.Listed(first), "dnsbl.listed", envelope.Connect},
		{dnsbl.ScoreBelow(1, first), "dnsbl.scorebelow", envelope.Connect},
		{dnsbl.PTRNotListed(first), "dnsbl.ptrnotlisted", envelope.Connect},
		{dnsbl.HeloNotListed(first), "dnsbl.helonotlisted", envelope.Helo},
		{dnsbl.SenderNotListed(first), "dnsbl.sendernotlisted", envelope.Mail},
		{dnsbl.ASN(origin4, origin6), "dnsbl.asn", envelope.Connect},
		{dnsbl.NotListed(wrong), "dnsbl.notlisted", envelope.Connect},
		{dnsbl.Listed(wrong), "dnsbl.listed", envelope.Connect},
		{dnsbl.ScoreBelow(0), "dnsbl.scorebelow", envelope.Connect},
		{dnsbl.SenderNotListed(wrong), "dnsbl.sendernotlisted", envelope.Mail},
		{dnsbl.ASN("", ""), "dnsbl.asn", envelope.Connect},
	} {
		envelopetest.Answers(t, tc.check, tc.name, tc.from, envelope.Envelope{ClientIP: address("1")})
	}
}

func TestChecksKeepTheContract(t *testing.T) {
	var addresses, domains []*envelope.Envelope
	for _, client := range []string{
		"", "1", "2", "4", "5", "7", "9", "10", "13", "14", "15", "30", "33", "34", "35", "36",
		"2001:db8::1", "2001:db8::2", "::ffff:192.0.2.1", "10.0.0.1",
	} {
		addresses = append(addresses, &envelope.Envelope{ClientIP: address(client)})
	}
	for _, domain := range []string{
		"bad.example", "worse.example", "good.example", "refused.example", "broken.example", "silent.example",
		"bücher.example", "[192.0.2.1]", "not a name", "",
	} {
		domains = append(domains, &envelope.Envelope{Helo: domain, MailFrom: "a@" + domain, SMTPUTF8: true})
	}
	for _, client := range []string{"1", "2", "3", "4", "6", "7", "30", "2001:db8::2"} {
		domains = append(domains, &envelope.Envelope{ClientIP: address(client)})
	}
	for name, check := range everyCheck() {
		dns, envelopes := world(), addresses
		switch name {
		case "ASN":
			dns = routes()
		case "Helo", "Sender", "PTR":
			dns, envelopes = names(), domains
		}
		t.Run(name, func(t *testing.T) { envelopetest.TestCheck(t, check, dns, envelopes...) })
	}
	for name, check := range map[string]envelope.Check{
		"NoList":      dnsbl.NotListed(),
		"WrongList":   dnsbl.NotListed(dnsbl.List{Zone: "a..b"}),
		"WrongDomain": dnsbl.SenderNotListed(dnsbl.List{Zone: "a..b"}),
		"WrongASN":    dnsbl.ASN("", ""),
	} {
		t.Run(name, func(t *testing.T) { envelopetest.TestCheck(t, check, world(), addresses...) })
	}
}
