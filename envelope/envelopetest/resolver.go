package envelopetest

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

// TestResolver tests that a Resolver keeps the contract of [envelope.Resolver]. It calls
// start once for each case. start returns a new Resolver that answers from world; one
// that uses the network asks a server of world:
//
//	func TestContract(t *testing.T) {
//		envelopetest.TestResolver(t, func(t *testing.T, world *zone.Zone) envelope.Resolver {
//			server, err := world.Serve("127.0.0.1:0")
//			if err != nil {
//				t.Fatal(err)
//			}
//			t.Cleanup(func() { server.Close() })
//			return server.Resolver()
//		})
//	}
//
// A Resolver must also return absolute names, with a final dot, return slices that the
// caller may change, and accept any string as a name. The method Exists is tested if
// the Resolver, or one that it wraps, has it.
func TestResolver(t *testing.T, start func(t *testing.T, world *zone.Zone) envelope.Resolver) {
	for _, tc := range resolverCases {
		t.Run(tc.name, func(t *testing.T) {
			tc.run(&resolverSuite{
				TB:    t,
				limit: patience,
				start: func(world *zone.Zone) envelope.Resolver { return start(t, world) },
			})
		})
	}
}

// world is the zone of the Resolver under test. Its addresses and names are reserved
// for documentation and tests (RFC 5737, RFC 3849, RFC 6761).
const world = `
	$ORIGIN example.org.
	host          A      192.0.2.1
	              A      192.0.2.2
	              AAAA   2001:db8::1
	              MX     10 host
	              TXT    "text"
	four          A      192.0.2.4
	six           AAAA   2001:db8::6
	Mixed.Case    A      192.0.2.5
	alias         CNAME  host
	alias2        CNAME  alias
	toMissing     CNAME  missing
	loop1         CNAME  loop2
	loop2         CNAME  loop1
	*.wild        A      192.0.2.7
	here.wild     TXT    "no address"
	below.empty   A      192.0.2.8
	mx            MX     30 c
	              MX     10 a
	              MX     20 b
	nullmx        MX     0 .
	strings       TXT    "v=spf1 " "ip4:192.0.2.0/24" " -all"
	octets        TXT    "\000\001\200\255 \"quoted\" back\\slash ; caf\195\169"
	empty-text    TXT    ""
	several       TXT    "one"
	              TXT    "two"
	              TXT    "three"
	$ORIGIN .
	host.example.com              A      192.0.2.99 ; what a search list would find
	1.2.0.192.in-addr.arpa        PTR    host.example.org.
	2.2.0.192.in-addr.arpa        PTR    one.example.org.
	                              PTR    two.example.org.
	3.2.0.192.in-addr.arpa        CNAME  3.0-127.2.0.192.in-addr.arpa.
	3.0-127.2.0.192.in-addr.arpa  PTR    host.example.org.
	1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR six.example.org.
`

// resolverSuite is one running case of TestResolver.
type resolverSuite struct {
	testing.TB
	limit time.Duration
	start func(world *zone.Zone) envelope.Resolver
}

// lookups are the types that a Resolver can ask for.
var lookups = []string{"A", "AAAA", "MX", "TXT", "PTR", "CNAME"}

// lookup asks a question, and returns the records of the answer as texts: an MX record
// is "10 host.". The name of a PTR question is an address.
func (s *resolverSuite) lookup(ctx context.Context, r envelope.Resolver, kind, name string) ([]string, error) {
	s.Helper()
	type result struct {
		records []string
		err     error
	}
	got := bounded(s.TB, s.limit, kind+" "+name, func() result {
		records, err := lookup(ctx, r, kind, name)
		return result{records, err}
	})
	if got.err != nil {
		s.bare(kind+" "+name, got.err)
	}
	return got.records, got.err
}

func lookup(ctx context.Context, r envelope.Resolver, kind, name string) ([]string, error) {
	switch kind {
	case "A":
		addrs, err := r.LookupNetIP(ctx, "ip4", name)
		return texts(addrs, netip.Addr.String), err
	case "AAAA":
		addrs, err := r.LookupNetIP(ctx, "ip6", name)
		return texts(addrs, netip.Addr.String), err
	case "MX":
		hosts, err := r.LookupMX(ctx, name)
		return texts(hosts, func(mx *net.MX) string { return fmt.Sprintf("%d %s", mx.Pref, mx.Host) }), err
	case "TXT":
		return r.LookupTXT(ctx, name)
	case "PTR":
		return r.LookupAddr(ctx, name)
	}
	name, err := r.LookupCNAME(ctx, name)
	if name == "" {
		return nil, err
	}
	return []string{name}, err
}

func texts[T any](values []T, text func(T) string) []string {
	var list []string
	for _, v := range values {
		list = append(list, text(v))
	}
	return list
}

// bare returns err as a *net.DNSError. It ends the test if err is wrapped or another
// error.
func (s *resolverSuite) bare(what string, err error) *net.DNSError {
	s.Helper()
	dns, ok := err.(*net.DNSError) // not errors.As: other libraries do not unwrap it
	if !ok {
		s.Fatalf("%s: the error is a %T (%v), not a bare *net.DNSError", what, err, err)
	}
	return dns
}

// wants tests that the answer to a question is these records, in any order.
func (s *resolverSuite) wants(r envelope.Resolver, kind, name string, records ...string) {
	s.Helper()
	got, err := s.lookup(s.Context(), r, kind, name)
	slices.Sort(got)
	slices.Sort(records)
	if !slices.Equal(got, records) {
		s.Errorf("%s %s: got %q, %v; want %q", kind, name, got, err, records)
	}
}

// wantsNone tests that the answer to a question is that there is no such record.
func (s *resolverSuite) wantsNone(r envelope.Resolver, kind, name string) {
	s.Helper()
	got, err := s.lookup(s.Context(), r, kind, name)
	if len(got) > 0 || err != nil && !s.bare(kind, err).IsNotFound {
		s.Errorf("%s %s: got %q, %v; want an error with IsNotFound", kind, name, got, err)
	}
}

// wantsFailure tests that a question fails.
func (s *resolverSuite) wantsFailure(ctx context.Context, r envelope.Resolver, kind, name string) {
	s.Helper()
	got, err := s.lookup(ctx, r, kind, name)
	if len(got) > 0 || err == nil || s.bare(kind, err).IsNotFound {
		s.Errorf("%s %s: got %q, %v; want an error without IsNotFound", kind, name, got, err)
	}
}

// subject returns a name, or an address for PTR, that has a record of type kind.
func subject(kind string) string {
	if kind == "PTR" {
		return "192.0.2.1"
	}
	return "host.example.org."
}

// teller is a Resolver that can tell NXDOMAIN from NODATA.
type teller interface {
	Exists(ctx context.Context, name string) (bool, error)
}

// tellerOf returns the Resolver that envelope.Exists uses, nil if there is none.
func tellerOf(r envelope.Resolver) teller {
	for r != nil {
		if t, ok := r.(teller); ok {
			return t
		}
		wrapper, ok := r.(interface{ Unwrap() envelope.Resolver })
		if !ok {
			return nil
		}
		r = wrapper.Unwrap()
	}
	return nil
}

// exists asks whether name exists.
func (s *resolverSuite) exists(ctx context.Context, t teller, name string) (bool, error) {
	s.Helper()
	type result struct {
		exists bool
		err    error
	}
	got := bounded(s.TB, s.limit, "Exists "+name, func() result {
		exists, err := t.Exists(ctx, name)
		return result{exists, err}
	})
	if got.err != nil && s.bare("Exists "+name, got.err).IsNotFound {
		s.Errorf("Exists %s: got %v with IsNotFound, want a failure", name, got.err)
	}
	return got.exists, got.err
}

// manyNames returns PTR records, and their names, that do not fit into a message over
// UDP without EDNS (RFC 1035, section 4.2.1).
func manyNames(count int) (text string, names []string) {
	var b strings.Builder
	for i := range count {
		name := fmt.Sprintf("a-rather-long-name-%d.example.org.", i)
		names = append(names, name)
		fmt.Fprintf(&b, "\t9.2.0.192.in-addr.arpa. PTR %s\n", name)
	}
	return b.String(), names
}
