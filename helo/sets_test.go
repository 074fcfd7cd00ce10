package helo_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/helo"
)

func TestNotOurs(t *testing.T) {
	check := helo.NotOurs(
		[]string{"mx.example.org", "Mail.Example.NET.", ".example.com", "bücher.example"},
		[]netip.Prefix{
			netip.MustParsePrefix("192.0.2.0/28"),
			netip.MustParsePrefix("2001:db8::/64"),
			netip.MustParsePrefix("::ffff:198.51.100.25/128"),
			netip.MustParsePrefix("::ffff:0:0/92"), // more than the IPv4-mapped addresses: plain IPv6
		})
	run(t, check, refused, []row{
		{"mx.example.org", four, envelope.Fail},
		{"MX.EXAMPLE.ORG.", four, envelope.Fail},
		{"mail.example.net", four, envelope.Fail},
		{"a.example.com", four, envelope.Fail},
		{"a.b.example.com", four, envelope.Fail},
		{"xn--bcher-kva.example", four, envelope.Fail},
		{"BÜCHER.example", four, envelope.Fail},
		{"[192.0.2.1]", four, envelope.Fail},
		{"192.0.2.1", four, envelope.Fail},
		{"192.0.2.1.", four, envelope.Fail},
		{"[IPv6:2001:db8::1]", four, envelope.Fail},
		{"IPv6:2001:db8::1", four, envelope.Fail},
		{"2001:db8::1", four, envelope.Fail},
		{"[IPv6:::ffff:192.0.2.1]", four, envelope.Fail},
		{"[198.51.100.25]", four, envelope.Fail},
		{"[IPv6:::fff0:0:1]", four, envelope.Fail},
		{"[198.51.100.24]", four, envelope.Pass},
		{"[IPv6:::ffe0:0:1]", four, envelope.Pass},
		{"example.com", four, envelope.Pass},
		{"badexample.com", four, envelope.Pass},
		{"a.mx.example.org", four, envelope.Pass},
		{"example.org", four, envelope.Pass},
		{"mail.elsewhere.example", four, envelope.Pass},
		{"localhost", four, envelope.Pass},
		{"[192.0.2.16]", four, envelope.Pass},
		{"192.0.2.16", four, envelope.Pass},
		{"[IPv6:2001:db8:0:1::1]", four, envelope.Pass},
		{"[tag:content]", four, envelope.Pass},
		{"", four, envelope.None},
		{"not a name", four, envelope.None},
		{"[192.0.2.999]", four, envelope.None},
		{"-mx.example.org", four, envelope.None},
	})
	for name, want := range map[string]string{
		"MX.example.org": "the HELO name MX.example.org is a name of this site",
		"[192.0.2.1]":    "the HELO name [192.0.2.1] is an address of this site",
	} {
		got := check(t.Context(), nil, &envelope.Envelope{Helo: name})
		envelopetest.Says(t, got, want)
	}
}

func TestNotOursKeepsItsOwnLists(t *testing.T) {
	names := []string{"mx.example.org"}
	addresses := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	check := helo.NotOurs(names, addresses)
	names[0], addresses[0] = "other.example.org", netip.MustParsePrefix("203.0.113.0/24")
	for _, name := range []string{"mx.example.org", "[192.0.2.1]"} {
		expect(t, check(t.Context(), nil, &envelope.Envelope{Helo: name}), envelope.Fail, refused)
	}
}

func TestIn(t *testing.T) {
	check := helo.In("mail.example.org", ".example.net", "bücher.example")
	run(t, check, refused, []row{
		{"mail.example.org", four, envelope.Pass},
		{"MAIL.example.org.", four, envelope.Pass},
		{"out7.example.net", four, envelope.Pass},
		{"a.b.example.net", four, envelope.Pass},
		{"xn--bcher-kva.example", four, envelope.Pass},
		{"Bücher.example", four, envelope.Pass},
		{"example.net", four, envelope.Fail},
		{"notexample.net", four, envelope.Fail},
		{"mail.example.org.evil.example", four, envelope.Fail},
		{"a.mail.example.org", four, envelope.Fail},
		// What is not a name is in no set.
		{"[192.0.2.1]", four, envelope.Fail},
		{"192.0.2.1", four, envelope.Fail},
		{"not a name", four, envelope.Fail},
		{"mail.example.org ", four, envelope.Fail},
		{"mail.example.org\x00", four, envelope.Fail},
		{"", four, envelope.Fail},
	})
	for name, want := range map[string]string{
		"a.example": "the HELO name a.example is not in the list of names",
		"":          "the client sent no HELO name",
	} {
		got := check(t.Context(), nil, &envelope.Envelope{Helo: name})
		envelopetest.Says(t, got, want)
	}
}

func TestInWithoutPatternsFails(t *testing.T) {
	got := helo.In()(t.Context(), nil, &envelope.Envelope{Helo: "mail.example.org"})
	expect(t, got, envelope.Fail, refused)
}

func TestInSetFollowsALiveSet(t *testing.T) {
	var open atomic.Bool
	check := helo.InSet(func(_ context.Context, name envelope.Host) (bool, error) {
		if name != "mail.example.org" {
			t.Errorf("asked for %q", name)
		}
		return open.Load(), nil
	})
	e := envelope.Envelope{Helo: "Mail.Example.ORG."}
	expect(t, check(t.Context(), nil, &e), envelope.Fail, refused)
	open.Store(true)
	expect(t, check(t.Context(), nil, &e), envelope.Pass, refused)
}

func TestInSetIsAskedForNamesOnly(t *testing.T) {
	check := helo.InSet(func(_ context.Context, name envelope.Host) (bool, error) {
		t.Errorf("asked for %q", name)
		return true, nil
	})
	for _, greeting := range []string{"", "[192.0.2.1]", "[tag:content]", "192.0.2.1", "not a name"} {
		expect(t, check(t.Context(), nil, &envelope.Envelope{Helo: greeting}), envelope.Fail, refused)
	}
}

func TestAFailingSetIsATempError(t *testing.T) {
	down := errors.New("ldap.inside.example refuses the connection")
	check := helo.InSet(func(context.Context, envelope.Host) (bool, error) { return true, down })
	got := check(t.Context(), nil, &envelope.Envelope{Helo: "mail.example.org"})
	if got.Outcome != envelope.TempError || got.Status.String() != "451 4.3.0" || got.Err != down || strings.Contains(got.Text, "inside") {
		t.Errorf("got %v %v %v %q", got.Outcome, got.Status, got.Err, got.Text)
	}
}

// An invalid pattern is a mistake of the site: it defers mail, and neither accepts nor
// rejects any.
func TestBadPatternsDefer(t *testing.T) {
	for name, check := range map[string]envelope.Check{
		"NotOurs": helo.NotOurs([]string{"mx.example.org", "*.example.net"}, nil),
		"In":      helo.In("mail.example.org", "*.example.net"),
	} {
		for _, greeting := range []string{"mx.example.org", "mail.example.org", "[192.0.2.1]", ""} {
			got := check(t.Context(), nil, &envelope.Envelope{Helo: greeting})
			if got.Outcome != envelope.TempError || got.Status.String() != "451 4.3.5" {
				t.Errorf("%s for %q: %v %v", name, greeting, got.Outcome, got.Status)
			}
			var fault *envelope.SyntaxError
			if !errors.As(got.Err, &fault) || fault.Value != "*.example.net" {
				t.Errorf("%s: the cause is %v", name, got.Err)
			}
			if strings.Contains(got.Text, "example.net") {
				t.Errorf("%s shows the patterns: %s", name, got.Text)
			}
		}
	}
}

func TestNotGeneric(t *testing.T) {
	run(t, helo.NotGeneric, refused, []row{
		{"mail.example.org", four, envelope.Pass},
		{"static-192-0-2-1.isp.example", four, envelope.Pass},
		{"mail.dsl.isp.example", four, envelope.Pass},
		{"192-0-2-1.isp.example", four, envelope.Fail},
		{"203-0-2-1.isp.example", four, envelope.Fail},
		{"192-0-2-1-static.hfc.cablebusiness.example", four, envelope.Pass},
		{"192-0-2-1.ISP.example.", netip.MustParseAddr("::ffff:192.0.2.1"), envelope.Fail},
		{"2001-db8--1.isp.example", six, envelope.Fail},
		{"gw7.dhcp.isp.example", four, envelope.Fail},
		{"gw7.dhcp.isp.example", netip.Addr{}, envelope.Fail},
		{"mail.example.org", netip.Addr{}, envelope.Pass},
		{"[192.0.2.1]", four, envelope.None},
		{"192.0.2.1", four, envelope.None},
		{"not a name", four, envelope.None},
		{"", four, envelope.None},
	})
	got := helo.NotGeneric(t.Context(), nil, &envelope.Envelope{Helo: "192-0-2-1.isp.example", ClientIP: four})
	envelopetest.Says(t, got, "the HELO name 192-0-2-1.isp.example looks like that of a dynamic or unnamed address: "+
		"it contains the client's address 192-0-2-1")
}
