package spf_test

import (
	"net/netip"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/zone"
	"mxrules.example/spf"
)

var everyCheck = map[string]envelope.Check{
	"NotFail": spf.NotFail, "NotSoftFail": spf.NotSoftFail, "Pass": spf.Pass, "HeloNotFail": spf.HeloNotFail, "Valid": spf.Valid,
}

func TestChecksKeepTheContract(t *testing.T) {
	dns := zone.MustParse(`
		strict.example.org.   TXT "v=spf1 ip4:192.0.2.0/28 -all"
		soft.example.org.     TXT "v=spf1 mx ~all"
		soft.example.org.     MX 10 mail.example.org.
		mail.example.org.     A 192.0.2.9
		mail.example.org.     TXT "v=spf1 a -all"
		other.example.org.    TXT "v=spf1 -all"
		broken.example.org.   TXT "v=spf1 ip4:192.0.2 -all"
		ptr.example.org.      TXT "v=spf1 ptr -all"
		1.2.0.192.in-addr.arpa. PTR a.ptr.example.org.
		a.ptr.example.org.    A 192.0.2.1
	`)
	var envelopes []*envelope.Envelope
	for _, from := range []string{"", "a@strict.example.org", "a@soft.example.org", "a@broken.example.org", "a@ptr.example.org", "a@[192.0.2.1]", "a@none.example.org"} {
		for _, client := range []string{"192.0.2.1", "192.0.2.200"} {
			for _, helo := range []string{"mail.example.org", "other.example.org"} {
				envelopes = append(envelopes, &envelope.Envelope{ClientIP: netip.MustParseAddr(client), Helo: helo, MailFrom: from})
			}
		}
	}
	for name, check := range everyCheck {
		t.Run(name, func(t *testing.T) { envelopetest.TestCheck(t, check, dns, envelopes...) })
	}
}
