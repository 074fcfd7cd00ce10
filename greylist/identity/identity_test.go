package identity_test

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/zone"
	"mxrules.example/greylist"
	"mxrules.example/greylist/identity"
)

const world = `
	sender.example.          TXT  "v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/24 -all"
	soft.example.            TXT  "v=spf1 ~all"
	wrong.example.           TXT  "v=spf1 bogus -all"
	helo.example.            TXT  "v=spf1 ip4:192.0.2.1 -all"
	eur05-am6-obe.outbound.big.co.uk. TXT "v=spf1 ip4:192.0.2.1 -all"
	eur05-db8-obe.outbound.big.co.uk. TXT "v=spf1 ip4:198.51.100.1 -all"
	ann.github.io.           TXT  "v=spf1 ip4:192.0.2.1 -all"
	github.io.               TXT  "v=spf1 ip4:192.0.2.1 -all"
	bulk.big.co.uk.          TXT  "v=spf1 ip4:192.0.2.1 -all"
	lost.example.            TXT  "v=spf1 include:gone.example -all"

	2.2.0.192.in-addr.arpa.  PTR  out2.mx.pool.co.uk.
	out2.mx.pool.co.uk.      A    192.0.2.2
	3.113.0.203.in-addr.arpa. PTR out3.mx.pool.co.uk.
	out3.mx.pool.co.uk.      A    203.0.113.3

	4.2.0.192.in-addr.arpa.  PTR  mail.claimed.example.
	mail.claimed.example.    A    192.0.2.99

	5.2.0.192.in-addr.arpa.  PTR  192-0-2-5.dyn.isp.example.
	192-0-2-5.dyn.isp.example. A  192.0.2.5

	6.2.0.192.in-addr.arpa.  PTR  mail.zebra.example.
	6.2.0.192.in-addr.arpa.  PTR  mail.aardvark.example.
	mail.zebra.example.      A    192.0.2.6
	mail.aardvark.example.   A    192.0.2.6

	7.2.0.192.in-addr.arpa.  PTR  co.uk.
	co.uk.                   A    192.0.2.7

	8.2.0.192.in-addr.arpa.  PTR  mail.lostname.example.

	9.2.0.192.in-addr.arpa.  PTR  192-0-2-9.dyn.isp.example.
	9.2.0.192.in-addr.arpa.  PTR  mail.own.example.
	mail.own.example.        A    192.0.2.9
	192-0-2-9.dyn.isp.example. A  192.0.2.9

	1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR six.mail.example.
	six.mail.example.        AAAA 2001:db8::1
`

func dns() *zone.Zone {
	return zone.MustParse(world).
		Failing("gone.example.", zone.SERVFAIL).
		Failing("mail.lostname.example.", zone.SERVFAIL).
		Failing("10.2.0.192.in-addr.arpa.", zone.SERVFAIL)
}

func TestOf(t *testing.T) {
	for _, tc := range []struct {
		name         string
		client, from string
		helo         string
		want         string
	}{
		{"SPF names the domain", "192.0.2.1", "ann@sender.example", "", "spf:sender.example"},
		{"from every network of its own", "198.51.100.1", "Bob@Sender.Example.", "", "spf:sender.example"},
		{"SPF goes before the reverse name", "192.0.2.2", "ann@sender.example", "", "spf:sender.example"},
		{"a domain that is forged", "203.0.113.1", "ann@sender.example", "", "203.0.113.0/24"},
		{"a softfail proves nothing", "192.0.2.1", "ann@soft.example", "", "192.0.2.0/24"},
		{"nor does a wrong record", "192.0.2.1", "ann@wrong.example", "", "192.0.2.0/24"},
		{"nor no record", "192.0.2.1", "ann@none.example", "", "192.0.2.0/24"},
		{"the null sender has its greeting", "192.0.2.1", "", "helo.example", "spf:helo.example"},
		{"which may be forged", "192.0.2.11", "", "helo.example", "192.0.2.0/24"},
		{"the null sender of a pool is one sender", "192.0.2.1", "", "eur05-am6-obe.outbound.big.co.uk", "spf:big.co.uk"},
		{"from every machine of it", "198.51.100.1", "", "EUR05-DB8-OBE.outbound.big.co.uk.", "spf:big.co.uk"},
		{"names below a public suffix are several senders", "192.0.2.1", "", "ann.github.io", "spf:ann.github.io"},
		{"a greeting that is a public suffix", "192.0.2.1", "", "github.io", "spf:github.io"},
		{"a sender has the whole domain", "192.0.2.1", "ann@bulk.big.co.uk", "", "spf:bulk.big.co.uk"},
		{"a reverse name that leads back", "192.0.2.2", "ann@none.example", "", "rdns:pool.co.uk"},
		{"and that of another machine of the pool", "203.0.113.3", "ann@none.example", "", "rdns:pool.co.uk"},
		{"in IPv6", "2001:db8::1", "ann@none.example", "", "rdns:mail.example"},
		{"one that does not lead back", "192.0.2.4", "ann@none.example", "", "192.0.2.0/24"},
		{"one made up for a range", "192.0.2.5", "ann@none.example", "", "192.0.2.0/24"},
		{"several", "192.0.2.6", "ann@none.example", "", "rdns:aardvark.example"},
		{"one made up, and one that is not", "192.0.2.9", "ann@none.example", "", "rdns:own.example"},
		{"a public suffix", "192.0.2.7", "ann@none.example", "", "192.0.2.0/24"},
		{"no name", "2001:db8:1:2:3::4", "ann@none.example", "", "2001:db8:1:2::/64"},
		{"a mapped address", "::ffff:192.0.2.2", "ann@none.example", "", "rdns:pool.co.uk"},
		{"an unknown client", "", "ann@sender.example", "", ""},
		{"no address for a sender", "192.0.2.1", "no address", "", "192.0.2.0/24"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := &envelope.Envelope{Helo: tc.helo, MailFrom: tc.from, RcptTo: "us@example.org"}
			if tc.client != "" {
				e.ClientIP = netip.MustParseAddr(tc.client)
			}
			for range 3 { // whatever the order of the answers
				got, err := identity.Of(t.Context(), dns(), e)
				if got != tc.want || err != nil {
					t.Errorf("it is %q, %v, want %q", got, err, tc.want)
				}
			}
		})
	}
}

func TestALookupThatFailsIsAnError(t *testing.T) {
	for _, tc := range []struct{ name, client, from string }{
		{"of the SPF record", "192.0.2.1", "ann@lost.example"},
		{"of the PTR record", "192.0.2.10", "ann@none.example"},
		{"of the address of a name", "192.0.2.8", "ann@none.example"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := &envelope.Envelope{ClientIP: netip.MustParseAddr(tc.client), MailFrom: tc.from}
			got, err := identity.Of(t.Context(), dns(), e)
			if got != "" || err == nil {
				t.Errorf("it is %q, %v", got, err)
			}
			known := greylist.Known(greylist.NewMemory(1<<20), greylist.Options{Identity: identity.Of})
			e.RcptTo = "us@example.org"
			if f := known(t.Context(), dns(), e); f.Outcome != envelope.TempError || f.Err == nil || f.Commit != nil {
				t.Errorf("greylisting finds %v, %v", f.Outcome, f.Err)
			}
		})
	}
}

// reversed gives names in the other order.
type reversed struct{ envelope.Resolver }

func (r reversed) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	names, err := r.Resolver.LookupAddr(ctx, addr)
	slices.Reverse(names)
	return names, err
}

func TestTheOrderOfNamesDoesNotMatter(t *testing.T) {
	e := &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.6"), MailFrom: "ann@none.example"}
	for _, r := range []envelope.Resolver{dns(), reversed{dns()}} {
		if got, err := identity.Of(t.Context(), r, e); got != "rdns:aardvark.example" || err != nil {
			t.Errorf("it is %q, %v", got, err)
		}
	}
}

// A bounce is tried again from another machine of a pool, which greets with a
// name of its own.
func TestTheNullSenderOfAPoolWaitsOnce(t *testing.T) {
	now := time.Now()
	check := greylist.Known(greylist.NewMemory(1<<20), greylist.Options{Identity: identity.Of})
	for i, try := range []struct {
		client, helo string
		want         envelope.Outcome
	}{
		{"192.0.2.1", "eur05-am6-obe.outbound.big.co.uk", envelope.Fail},
		{"198.51.100.1", "eur05-db8-obe.outbound.big.co.uk", envelope.Pass},
	} {
		f := check(t.Context(), dns(), &envelope.Envelope{
			ClientIP: netip.MustParseAddr(try.client), Helo: try.helo, Stage: envelope.Data,
			RcptTo: "us@example.org", Now: now.Add(time.Duration(i) * time.Hour),
		})
		if f.Outcome != try.want {
			t.Errorf("%s: %v, want %v", try.helo, f.Outcome, try.want)
		}
		if err := f.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestGreylistingKeepsTheContractWithIt(t *testing.T) {
	store := greylist.NewMemory(1 << 20)
	options := greylist.Options{Identity: identity.Of}
	var envelopes []*envelope.Envelope
	for _, e := range []struct{ client, from string }{
		{"192.0.2.1", "ann@sender.example"},
		{"203.0.113.1", "ann@sender.example"},
		{"192.0.2.2", "ann@none.example"},
		{"192.0.2.5", "ann@none.example"},
		{"192.0.2.6", "ann@none.example"},
		{"192.0.2.1", ""},
	} {
		envelopes = append(envelopes, &envelope.Envelope{
			ClientIP: netip.MustParseAddr(e.client), Helo: "helo.example", MailFrom: e.from, RcptTo: "us@example.org",
		})
	}
	for name, check := range map[string]envelope.Check{
		"Known":   greylist.Known(store, options),
		"Trusted": greylist.Trusted(store, 1, options),
	} {
		t.Run(name, func(t *testing.T) { envelopetest.TestCheck(t, check, zone.MustParse(world), envelopes...) })
	}
}

// A sender with many machines in many networks tries again from another each
// time.
func TestAPoolWaitsOnce(t *testing.T) {
	now := time.Now()
	check := greylist.Known(greylist.NewMemory(1<<20), greylist.Options{Identity: identity.Of})
	for i, try := range []struct {
		after  time.Duration
		client string
		want   envelope.Outcome
	}{
		{0, "192.0.2.1", envelope.Fail},
		{time.Minute, "198.51.100.7", envelope.Fail},
		{6 * time.Minute, "192.0.2.77", envelope.Pass},
		{7 * time.Minute, "198.51.100.200", envelope.Pass},
		{8 * time.Minute, "203.0.113.1", envelope.Fail}, // somebody else
	} {
		f := check(t.Context(), dns(), &envelope.Envelope{
			ClientIP: netip.MustParseAddr(try.client), MailFrom: "ann@sender.example",
			RcptTo: "us@example.org", Now: now.Add(try.after),
		})
		if f.Outcome != try.want {
			t.Errorf("try %d from %s: %v, want %v", i, try.client, f.Outcome, try.want)
		}
		if f.Commit != nil {
			if err := f.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}
