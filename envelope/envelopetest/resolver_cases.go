package envelopetest

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"mxrules.example/envelope/zone"
)

// short is the time until the end of a context that should end while a question is
// open. The result must be the same if it ends before the question.
const short = 20 * time.Millisecond

// resolverCases are the cases of TestResolver. Each has its own world and Resolver.
var resolverCases = []struct {
	name string
	run  func(*resolverSuite)
}{
	{"records of every type", everyType},
	{"only the family of the question", oneFamily},
	{"no search list", noSearchList},
	{"letter case makes no difference", letterCase},
	{"aliases", aliases},
	{"wildcards", wildcards},
	{"no record is not found", nothing},
	{"MX in order of preference", preferences},
	{"TXT as octets", octets},
	{"PTR", pointers},
	{"failures are not answers", failures},
	{"a failure at the end of an alias", failureBehindAlias},
	{"a context that has ended", endedContext},
	{"a context that ends", endingContext},
	{"invalid names", noNames},
	{"answers belong to the caller", ownAnswers},
	{"concurrent questions", goroutines},
	{"Exists", existence},
}

func everyType(s *resolverSuite) {
	r := s.start(zone.MustParse(world))
	s.wants(r, "A", "host.example.org.", "192.0.2.1", "192.0.2.2")
	s.wants(r, "AAAA", "host.example.org.", "2001:db8::1")
	s.wants(r, "MX", "host.example.org.", "10 host.example.org.")
	s.wants(r, "TXT", "host.example.org.", "text")
	s.wants(r, "PTR", "192.0.2.1", "host.example.org.")
	s.wants(r, "CNAME", "host.example.org.", "host.example.org.")

	addrs, err := r.LookupNetIP(s.Context(), "ip4", "host.example.org.")
	if err != nil || !addrs[0].Is4() {
		s.Errorf("A: got %v, %v; want plain IPv4 addresses", addrs, err)
	}
}

func oneFamily(s *resolverSuite) {
	for network, kind := range map[string]string{"ip4": "A", "ip6": "AAAA"} {
		for _, name := range []string{"host.example.org.", "four.example.org.", "six.example.org."} {
			world := zone.MustParse(world)
			addrs, _ := s.start(world).LookupNetIP(s.Context(), network, name)
			if wrong := slices.ContainsFunc(addrs, func(a netip.Addr) bool { return a.Is4() != (network == "ip4") }); wrong {
				s.Errorf("%s %s: got the addresses %v", network, name, addrs)
			}
			if got := world.Asked(); len(got) == 0 || len(got) != world.Count(name+" "+kind) {
				s.Errorf("%s %s: asked %s, want %s and nothing else", network, name, got, kind)
			}
		}
	}
}

// noSearchList asks for names that exist only with a domain appended.
func noSearchList(s *resolverSuite) {
	for _, name := range []string{"host.", "single.", "missing.example.org."} {
		world := zone.MustParse(world)
		r := s.start(world)
		for _, kind := range []string{"A", "AAAA", "MX", "TXT", "CNAME"} {
			s.wantsNone(r, kind, name)
		}
		if got := world.Asked(); len(got) == 0 || len(got) != world.Count(name) {
			s.Errorf("%s: asked %s, want that name and no other", name, got)
		}
	}
}

func letterCase(s *resolverSuite) {
	r := s.start(zone.MustParse(world))
	s.wants(r, "A", "mixed.case.example.org.", "192.0.2.5")
	s.wants(r, "A", "FOUR.Example.ORG.", "192.0.2.4")
}

func aliases(s *resolverSuite) {
	r := s.start(zone.MustParse(world))
	s.wants(r, "A", "alias2.example.org.", "192.0.2.1", "192.0.2.2")
	s.wants(r, "AAAA", "alias2.example.org.", "2001:db8::1")
	s.wants(r, "MX", "alias2.example.org.", "10 host.example.org.")
	s.wants(r, "TXT", "alias2.example.org.", "text")
	s.wants(r, "PTR", "192.0.2.3", "host.example.org.") // RFC 2317
	// Only one alias: *net.Resolver takes the first of three answers, and one of them
	// ends at the first alias of a longer chain.
	s.wants(r, "CNAME", "alias.example.org.", "host.example.org.")
	s.wantsNone(r, "A", "tomissing.example.org.")
	s.wantsFailure(s.Context(), r, "A", "loop1.example.org.")
	s.wantsFailure(s.Context(), r, "TXT", "loop1.example.org.")
}

func wildcards(s *resolverSuite) {
	r := s.start(zone.MustParse(world))
	s.wants(r, "A", "any.wild.example.org.", "192.0.2.7")
	s.wants(r, "A", "a.b.wild.example.org.", "192.0.2.7")
	s.wantsNone(r, "A", "here.wild.example.org.")
	s.wantsNone(r, "MX", "any.wild.example.org.")
}

// nothing tests NXDOMAIN and NODATA, which an empty non-terminal has too.
func nothing(s *resolverSuite) {
	r := s.start(zone.MustParse(world))
	for _, kind := range []string{"A", "AAAA", "MX", "TXT", "CNAME"} {
		s.wantsNone(r, kind, "missing.example.org.")
		s.wantsNone(r, kind, "empty.example.org.")
	}
	s.wantsNone(r, "AAAA", "four.example.org.")
	s.wantsNone(r, "A", "six.example.org.")
	s.wantsNone(r, "MX", "four.example.org.")
	s.wantsNone(r, "TXT", "four.example.org.")
	s.wantsNone(r, "CNAME", "mx.example.org.")
	s.wantsNone(r, "PTR", "192.0.2.77")
	s.wantsNone(r, "PTR", "2001:db8::77")
}

func preferences(s *resolverSuite) {
	r := s.start(zone.MustParse(world))
	got, err := s.lookup(s.Context(), r, "MX", "mx.example.org.")
	if want := []string{"10 a.example.org.", "20 b.example.org.", "30 c.example.org."}; !slices.Equal(got, want) {
		s.Errorf("MX: got %q, %v; want %q", got, err, want)
	}
	s.wants(r, "MX", "nullmx.example.org.", "0 .") // RFC 7505
}

func octets(s *resolverSuite) {
	long := strings.Repeat("0123456789", 25)
	world := zone.MustParse(world + "\tlong.example.org. TXT \"" + long + "\" \"" + long + "\"\n")
	r := s.start(world)
	s.wants(r, "TXT", "strings.example.org.", "v=spf1 ip4:192.0.2.0/24 -all")
	s.wants(r, "TXT", "octets.example.org.", "\x00\x01\xc8\xff \"quoted\" back\\slash ; café")
	s.wants(r, "TXT", "several.example.org.", "one", "two", "three")
	s.wants(r, "TXT", "empty-text.example.org.", "")
	s.wants(r, "TXT", "long.example.org.", long+long)
}

func pointers(s *resolverSuite) {
	text, names := manyNames(60)
	r := s.start(zone.MustParse(world + text))
	s.wants(r, "PTR", "192.0.2.1", "host.example.org.")
	s.wants(r, "PTR", "192.0.2.2", "one.example.org.", "two.example.org.")
	s.wants(r, "PTR", "2001:db8::1", "six.example.org.")
	s.wants(r, "PTR", "192.0.2.9", names...)
}

// failures tests that a question whose server fails is not "not found".
func failures(s *resolverSuite) {
	for _, fault := range []string{zone.SERVFAIL, zone.REFUSED, zone.Timeout} {
		for _, kind := range lookups {
			r := s.start(zone.MustParse(world).Failing("*.", fault))
			ctx := s.Context()
			if fault == zone.Timeout { // a resolver that waits for its server may wait long
				late, cancel := context.WithTimeout(ctx, short)
				defer cancel()
				ctx = late
			}
			s.wantsFailure(ctx, r, kind, subject(kind))
		}
	}
}

func failureBehindAlias(s *resolverSuite) {
	r := s.start(zone.MustParse(world).Failing("host.example.org.", zone.SERVFAIL))
	for _, kind := range []string{"A", "AAAA", "MX", "TXT"} {
		s.wantsFailure(s.Context(), r, kind, "alias2.example.org.")
	}
	s.wantsNone(r, "A", "missing.example.org.")
}

func endedContext(s *resolverSuite) {
	r := s.start(zone.MustParse(world))
	cancelled, cancel := context.WithCancel(s.Context())
	cancel()
	late, cancel := context.WithDeadline(s.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for _, kind := range lookups {
		s.wantsFailure(cancelled, r, kind, subject(kind))
		s.wantsFailure(late, r, kind, subject(kind))
	}
}

func endingContext(s *resolverSuite) {
	r := s.start(zone.MustParse(world).Delaying("*.", time.Hour))
	for _, kind := range lookups {
		late, cancel := context.WithTimeout(s.Context(), short)
		s.wantsFailure(late, r, kind, subject(kind))
		cancel()
		cancelled, cancel := context.WithCancel(s.Context())
		time.AfterFunc(short, cancel)
		s.wantsFailure(cancelled, r, kind, subject(kind))
		cancel()
	}
}

// noNames asks for names that DNS cannot hold.
func noNames(s *resolverSuite) {
	r := s.start(zone.MustParse(world))
	for _, name := range []string{
		"", "..", "a..example.org.", ".example.org.", "\x00.example.org.", "a b.example.org.", `a\.b.example.org.`,
		"\xff.example.org.", strings.Repeat("a", 64) + ".example.org.", strings.Repeat("abcdefg.", 40) + "example.org.",
		strings.Repeat("a", 100_000), strings.Repeat(".", 100_000),
	} {
		for _, kind := range lookups {
			if got, _ := s.lookup(s.Context(), r, kind, name); len(got) > 0 {
				s.Errorf("%s %.40q: got %q", kind, name, got)
			}
		}
	}
}

// ownAnswers changes an answer and asks again: an answer in a cache must not change.
func ownAnswers(s *resolverSuite) {
	r := s.start(zone.MustParse(world))
	for range 2 {
		s.wants(r, "A", "four.example.org.", "192.0.2.4")
		s.wants(r, "MX", "host.example.org.", "10 host.example.org.")
		s.wants(r, "TXT", "host.example.org.", "text")
		s.wants(r, "PTR", "192.0.2.1", "host.example.org.")
		addrs, err := r.LookupNetIP(s.Context(), "ip4", "four.example.org.")
		hosts, err2 := r.LookupMX(s.Context(), "host.example.org.")
		texts, err3 := r.LookupTXT(s.Context(), "host.example.org.")
		names, err4 := r.LookupAddr(s.Context(), "192.0.2.1")
		if err != nil || err2 != nil || err3 != nil || err4 != nil {
			s.Fatalf("got %v, %v, %v, %v", err, err2, err3, err4)
		}
		addrs[0], hosts[0].Host, texts[0], names[0] = netip.Addr{}, "changed.", "changed", "changed."
	}
}

func goroutines(s *resolverSuite) {
	r := s.start(zone.MustParse(world))
	var group sync.WaitGroup
	failed := make(chan string, 1)
	for range 8 {
		group.Go(func() {
			for range 5 {
				for _, kind := range lookups {
					if got, err := lookup(s.Context(), r, kind, subject(kind)); len(got) == 0 {
						select {
						case failed <- kind + ": " + err.Error():
						default:
						}
					}
				}
			}
		})
	}
	bounded(s.TB, s.limit, "concurrent questions", func() bool { group.Wait(); return true })
	select {
	case what := <-failed:
		s.Errorf("asked concurrently, %s", what)
	default:
	}
}

// existence tests the method that envelope.Exists finds, if there is one.
func existence(s *resolverSuite) {
	r := s.start(zone.MustParse(world).Failing("broken.example.org.", zone.SERVFAIL))
	t := tellerOf(r)
	if t == nil {
		s.Log("the Resolver does not tell NXDOMAIN from NODATA")
		return
	}
	for name, want := range map[string]bool{
		"host.example.org.":      true,
		"mx.example.org.":        true,
		"strings.example.org.":   true,
		"empty.example.org.":     true, // RFC 8020, section 3.1
		"any.wild.example.org.":  true,
		"tomissing.example.org.": true,
		"missing.example.org.":   false,
		"no.host.example.org.":   false,
	} {
		if got, err := s.exists(s.Context(), t, name); got != want || err != nil {
			s.Errorf("Exists %s: got %v, %v; want %v", name, got, err, want)
		}
	}
	cancelled, cancel := context.WithCancel(s.Context())
	cancel()
	if _, err := s.exists(cancelled, t, "host.example.org."); err == nil {
		s.Errorf("Exists: got no error though the context has ended")
	}
	if _, err := s.exists(s.Context(), t, "broken.example.org."); err == nil {
		s.Errorf("Exists: got no error though the lookup failed")
	}
}
