package helo_test

import (
	"net/netip"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/helo"
)

// FuzzGreeting tests what holds for any HELO name: every check returns an outcome and a
// clean text, Syntax passes only what parses, and DNS is asked only for host names.
func FuzzGreeting(f *testing.F) {
	for _, seed := range []string{
		"", "mail.example.org", "localhost", "192.0.2.1", "[192.0.2.1]", "[IPv6:2001:db8::1]", "IPv6:::1",
		"[tag:content]", "[", "bücher.example", "a\r\n250 ok", "\xff", "192-0-2-1.dyn.isp.example", "mail..example",
	} {
		f.Add(seed)
	}
	dns := zone.MustParse("mail.example.org. A 192.0.2.1")
	everything := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	checks := []envelope.Check{
		helo.Present, helo.Syntax, helo.FQDN, helo.Literal, helo.Resolves, helo.Matches, helo.NotGeneric,
		helo.NotOurs([]string{"mx.example.org", ".example.net"}, everything), helo.In("mail.example.org", ".example.net"),
	}
	f.Fuzz(func(t *testing.T, greeting string) {
		dns.Forget()
		e := envelope.Envelope{Helo: greeting, ClientIP: four}
		for _, check := range checks {
			got := check(t.Context(), dns, &e)
			if !got.Outcome.Known() {
				t.Errorf("%s: %v %v", got.Check, got.Outcome, got.Err)
			}
			if clean := envelope.CleanText(got.Text, true); clean != got.Text || len(got.Text) > 700 {
				t.Errorf("%s: the text %q", got.Check, got.Text)
			}
		}
		_, notHost := envelope.ParseHost(greeting)
		_, notLiteral := envelope.ParseLiteral(greeting)
		syntax := helo.Syntax(t.Context(), dns, &e)
		if syntax.Outcome == envelope.Pass && notHost != nil && notLiteral != nil {
			t.Errorf("Syntax passes %q, which is neither a name nor a literal", greeting)
		}
		if asked := dns.Asked(); notHost != nil && len(asked) > 0 {
			t.Errorf("asked %v for %q", asked, greeting)
		}
	})
}
