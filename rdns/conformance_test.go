package rdns_test

import (
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
)

func TestChecksKeepTheContract(t *testing.T) {
	var envelopes []*envelope.Envelope
	for _, e := range []struct{ client, helo string }{
		{"", "mail.example.org"},
		{"1", "mail.example.org"},
		{"1", "[192.0.2.1]"},
		{"::ffff:192.0.2.1", "mail.example.org"},
		{"2001:db8::1", "mail.example.org"},
		{"2", "mail.example.org"},
		{"3", "mail.example.org"},
		{"6", "big.example"},
		{"11", "big.example"},
		{"30", "mail.example.org"},
		{"32", "mail.example.org"},
		{"34", "good34.example.org"},
		{"40", "192-0-2-40.isp.example"},
	} {
		envelopes = append(envelopes, &envelope.Envelope{ClientIP: address(e.client), Helo: e.helo})
	}
	for name, check := range everyCheck() {
		t.Run(name, func(t *testing.T) {
			envelopetest.TestCheck(t, check, world(), envelopes...)
		})
	}
}
