package helo_test

import (
	"fmt"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/helo"
)

// TestEveryCheckOnEveryKindOfGreeting tests HELO names that clients send, and those that
// grammars disagree about, with the checks that postmasters know as invalid, non-FQDN
// and unknown hostname, and with Literal. The client is 192.0.2.1. No name has a record,
// so Resolves fails if it asks.
func TestEveryCheckOnEveryKindOfGreeting(t *testing.T) {
	const (
		pass = envelope.Pass
		fail = envelope.Fail
		none = envelope.None
	)
	type row struct{ syntax, fqdn, resolves, literal envelope.Outcome }
	name := row{pass, pass, fail, none}
	single := row{pass, fail, fail, none}
	unusable := row{fail, none, none, none}
	ourselves := row{pass, pass, none, pass}
	stranger := row{pass, pass, none, fail}

	for greeting, want := range map[string]row{
		"mail.example.com":        name,
		"mail.example.com.":       name,
		"MAIL.EXAMPLE.COM":        name,
		"localhost.localdomain":   name,
		"foo.123":                 name, // a top-level domain of digits is not a number
		"0x7f.1":                  name,
		"1.2.3.4.example":         name,
		"a_b.example.com":         name,
		"_x.example.com":          name,
		"ab--cd.example.com":      name,
		"xn--bcher-kva.example":   name,
		"xn--zzzzzzz.example":     name, // A-labels are not decoded
		"dmarc._x.example.com":    name,
		"a.b":                     name,
		"localhost":               single,
		"localhost.":              single,
		"DESKTOP-1A2B3C":          single,
		"example":                 single,
		"com":                     single,
		"foo.":                    single,
		"bücher.example":          {fail, pass, fail, none}, // a name, but not a Domain of RFC 5321
		"bücher":                  {fail, fail, fail, none},
		"":                        unusable,
		" ":                       unusable,
		".":                       unusable,
		"..":                      unusable,
		"1.2.3.4":                 unusable,
		"192.0.2.1":               unusable,
		"192.0.2.1.":              unusable,
		"192.000.002.001":         unusable,
		"0.1.2.3":                 unusable,
		"256.1.1.1":               unusable,
		"1.2.3.4.5":               unusable,
		"1.2":                     unusable,
		"123":                     unusable,
		"::1":                     unusable,
		"2001:db8::1":             unusable,
		"IPv6:2001:db8::1":        unusable,
		"#123":                    unusable,
		"user@host":               unusable,
		"user@mail.example.com":   unusable,
		"<mail.example.com>":      unusable,
		"mail example.com":        unusable,
		"mail.example.com ":       unusable,
		" mail.example.com":       unusable,
		"mail.example.com\t":      unusable,
		"mail.example.com:25":     unusable,
		"*.example.com":           unusable,
		"mail.example.com..":      unusable,
		"mail..example.com":       unusable,
		".example.com":            unusable,
		"-a.example.com":          unusable,
		"a-.example.com":          unusable,
		"a.-.example.com":         unusable,
		"mail\x00.example.com":    unusable,
		"\xff.example.com":        unusable,
		"[192.0.2.1]":             ourselves,
		"[192.0.2.01]":            ourselves,
		"[IPv6:::ffff:192.0.2.1]": ourselves,
		"[1.2.3.4]":               stranger,
		"[0.0.0.0]":               stranger,
		"[IPv6:2001:db8::1]":      stranger,
		"[ipv6:2001:db8::1]":      stranger,
		"[tag:content]":           stranger,
		"[1.2.3.999]":             unusable,
		"[2001:db8::1]":           unusable,
		"[IPv6:192.0.2.1]":        unusable,
		"[IPv6:fe80::1%eth0]":     unusable,
		"[192.0.2.1":              unusable,
		"192.0.2.1]":              unusable,
		"[192.0.2.1].":            unusable,
		"[ 192.0.2.1 ]":           unusable,
		"[192.0.2.1] ":            unusable,
		"[mail.example.com]":      unusable,
		"[]":                      unusable,
		"[":                       unusable,
	} {
		t.Run(fmt.Sprintf("%q", greeting), func(t *testing.T) {
			dns := zone.MustParse("")
			e := envelope.Envelope{Stage: envelope.Helo, Helo: greeting, ClientIP: four}
			for _, tc := range []struct {
				check  envelope.Check
				want   envelope.Outcome
				status envelope.Status
			}{
				{helo.Syntax, want.syntax, badArgument},
				{helo.FQDN, want.fqdn, notFull},
				{helo.Resolves, want.resolves, refused},
				{helo.Literal, want.literal, refused},
			} {
				got := tc.check(t.Context(), dns, &e)
				t.Log(got.Check, got.Outcome, got.Text)
				expect(t, got, tc.want, tc.status)
			}
			asked := ""
			if want.resolves == fail {
				asked = "A AAAA MX"
			}
			if got := dns.Asked().Types(); got != asked {
				t.Errorf("asked %q, want %q", got, asked)
			}
		})
	}
}
