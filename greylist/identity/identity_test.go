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
		{"SPF passes", "192.0.2.1", "ann@sender.example", "", "spf:sender.example"},
		{"SPF passes in another network", "198.51.100.1", "Bob@Sender.Example.", "", "spf:sender.example"},
		{"SPF precedes the reverse name", "192.0.2.2", "ann@sender.example", "", "spf:sender.example"},
		{"SPF fails", "203.0.113.1", "ann@sender.example", "", "203.0.113.0/24"},
		{"SPF softfail", "192.0.2.1", "ann@soft.example", "", "192.0.2.0/24"},
		{"invalid SPF record", "192.0.2.1", "ann@wrong.example", "", "192.0.2.0/24"},
		{"no SPF record", "192.0.2.1", "ann@none.example", "", "192.0.2.0/24"},
		{"null sender: the HELO name", "192.0.2.1", "", "helo.example", "spf:helo.example"},
		{"null sender: SPF fails", "192.0.2.11", "", "helo.example", "192.0.2.0/24"},
		{"null sender: the organizational domain", "192.0.2.1", "", "eur05-am6-obe.outbound.big.co.uk", "spf:big.co.uk"},
		{"null sender: another machine of the pool", "198.51.100.1", "", "EUR05-DB8-OBE.outbound.big.co.uk.", "spf:big.co.uk"},
		{"null sender: below a public suffix", "192.0.2.1", "", "ann.github.io", "spf:ann.github.io"},
		{"null sender: a public suffix", "192.0.2.1", "", "github.io", "spf:github.io"},
		{"the sender domain is not shortened", "192.0.2.1", "ann@bulk.big.co.uk", "", "spf:bulk.big.co.uk"},
		{"confirmed reverse name", "192.0.2.2", "ann@none.example", "", "rdns:pool.co.uk"},
		{"reverse name of another machine of the pool", "203.0.113.3", "ann@none.example", "", "rdns:pool.co.uk"},
		{"reverse name in IPv6", "2001:db8::1", "ann@none.example", "", "rdns:mail.example"},
		{"reverse name that is not confirmed", "192.0.2.4", "ann@none.example", "", "192.0.2.0/24"},
		{"generic reverse name", "192.0.2.5", "ann@none.example", "", "192.0.2.0/24"},
		{"several reverse names", "192.0.2.6", "ann@none.example", "", "rdns:aardvark.example"},
		{"generic and other reverse name", "192.0.2.9", "ann@none.example", "", "rdns:own.example"},
		{"reverse name that is a public suffix", "192.0.2.7", "ann@none.example", "", "192.0.2.0/24"},
		{"no reverse name", "2001:db8:1:2:3::4", "ann@none.example", "", "2001:db8:1:2::/64"},
		{"IPv4-mapped client address", "::ffff:192.0.2.2", "ann@none.example", "", "rdns:pool.co.uk"},
		{"unknown client address", "", "ann@sender.example", "", ""},
		{"invalid sender address", "192.0.2.1", "no address", "", "192.0.2.0/24"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := &envelope.Envelope{Helo: tc.helo, MailFrom: tc.from, RcptTo: "us@example.org"}
			if tc.client != "" {
				e.ClientIP = netip.MustParseAddr(tc.client)
			}
			for range 3 { // DNS answers in random order
				got, err := identity.Of(t.Context(), dns(), e)
				if got != tc.want || err != nil {
					t.Errorf("%q, error %v, want %q", got, err, tc.want)
				}
			}
		})
	}
}

func TestFailedLookupIsAnError(t *testing.T) {
	for _, tc := range []struct{ name, client, from string }{
		{"SPF record", "192.0.2.1", "ann@lost.example"},
		{"PTR record", "192.0.2.10", "ann@none.example"},
		{"address of a reverse name", "192.0.2.8", "ann@none.example"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := &envelope.Envelope{ClientIP: netip.MustParseAddr(tc.client), MailFrom: tc.from, RcptTo: "us@example.org"}
			if got, err := identity.Of(t.Context(), dns(), e); got != "" || err == nil {
				t.Errorf("%q, error %v", got, err)
			}
			known := greylist.Known(new(greylist.Memory), greylist.Options{Identity: identity.Of})
			if f := known(t.Context(), dns(), e); f.Outcome != envelope.TempError || f.Err == nil || f.Commit != nil {
				t.Errorf("Known finds %v, error %v", f.Outcome, f.Err)
			}
		})
	}
}

// reversed returns names in reverse order.
type reversed struct{ envelope.Resolver }

func (r reversed) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	names, err := r.Resolver.LookupAddr(ctx, addr)
	slices.Reverse(names)
	return names, err
}

func TestOrderOfNamesDoesNotMatter(t *testing.T) {
	e := &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.6"), MailFrom: "ann@none.example"}
	for _, r := range []envelope.Resolver{dns(), reversed{dns()}} {
		if got, err := identity.Of(t.Context(), r, e); got != "rdns:aardvark.example" || err != nil {
			t.Errorf("%q, error %v", got, err)
		}
	}
}

// A pool retries from another machine each time and is delayed once.
func TestPoolIsDelayedOnce(t *testing.T) {
	type try struct {
		after        time.Duration
		client, helo string
		want         envelope.Outcome
	}
	for _, tc := range []struct {
		name, from string
		tries      []try
	}{
		{"SPF domain", "ann@sender.example", []try{
			{0, "192.0.2.1", "", envelope.Fail},
			{time.Minute, "198.51.100.7", "", envelope.Fail},
			{6 * time.Minute, "192.0.2.77", "", envelope.Pass},
			{7 * time.Minute, "198.51.100.200", "", envelope.Pass},
			{8 * time.Minute, "203.0.113.1", "", envelope.Fail}, // another sender
		}},
		{"null sender", "", []try{
			{0, "192.0.2.1", "eur05-am6-obe.outbound.big.co.uk", envelope.Fail},
			{time.Hour, "198.51.100.1", "eur05-db8-obe.outbound.big.co.uk", envelope.Pass},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			check := greylist.Known(new(greylist.Memory), greylist.Options{Identity: identity.Of})
			now := time.Now()
			for i, try := range tc.tries {
				f := check(t.Context(), dns(), &envelope.Envelope{
					ClientIP: netip.MustParseAddr(try.client), Helo: try.helo, MailFrom: tc.from,
					RcptTo: "us@example.org", Stage: envelope.Data, Now: now.Add(try.after),
				})
				if f.Outcome != try.want {
					t.Errorf("try %d from %s: %v, want %v", i, try.client, f.Outcome, try.want)
				}
				if f.Commit == nil {
					continue
				}
				if err := f.Commit(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestGreylistingKeepsTheContractWithOf(t *testing.T) {
	store := new(greylist.Memory)
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

// BenchmarkOf measures each kind of identity, with DNS in memory.
func BenchmarkOf(b *testing.B) {
	for _, bm := range []struct{ name, client, from string }{
		{"spf", "192.0.2.1", "ann@sender.example"},
		{"rdns", "192.0.2.2", "ann@none.example"},
		{"network", "192.0.2.5", "ann@none.example"},
	} {
		b.Run(bm.name, func(b *testing.B) {
			r := dns()
			e := envelope.Envelope{ClientIP: netip.MustParseAddr(bm.client), MailFrom: bm.from}
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := identity.Of(ctx, r, &e); err != nil {
					b.Fatal(err)
				}
				r.Forget()
			}
		})
	}
}
