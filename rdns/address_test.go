package rdns_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/rdns"
)

// pointers has PTR records that no zone can hold.
type pointers struct {
	envelope.Resolver
	texts []string
}

func (p pointers) LookupAddr(context.Context, string) ([]string, error) { return p.texts, nil }

func TestAddressesAreNotNames(t *testing.T) {
	for _, text := range []string{
		"192.0.2.1", "192.0.2.1.", "0.0.0.0.", "2001:db8::1.", "2001:db8::a.", "2001:db8::", "::.", "::ffff:192.0.2.1.", "fe80::1%eth.",
		"192.0.2.", "192.0.2.256.", "192.0.2.1.5.", "1.", "a:b.", "host1.", "mail.example.1.", "192.0.2.01.", ".", "", "..", "1:", "x%1.",
	} {
		f := rdns.Exists(t.Context(), pointers{texts: []string{text}}, &envelope.Envelope{ClientIP: address("1")})
		_, err := netip.ParseAddr(strings.TrimSuffix(text, "."))
		if strings.HasSuffix(f.Text, "is an address, not a host name") != (err == nil) {
			t.Errorf("%q: %s", text, f.Text)
		}
	}
}
