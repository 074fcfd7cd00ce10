package resolver_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"mxrules.example/envelope/resolver"
)

// chain answers with the aliases a0, a1 and so on, of which the last one has a TXT
// record. A reply has perReply of the records from the name of the question on.
func chain(last, perReply int) udpHandler {
	return func(q *dns.Msg, n int) [][]byte {
		var i int
		fmt.Sscanf(q.Question[0].Name, "a%d.example.", &i)
		var records []string
		for n := 0; n < perReply && i < last; n++ {
			records = append(records, fmt.Sprintf("A%d.example. 60 CNAME a%d.Example.", i, i+1))
			i++
		}
		if len(records) < perReply {
			records = append(records, fmt.Sprintf("a%d.example. 60 TXT right", i))
		}
		return replying(dns.RcodeSuccess, records...)(q, n)
	}
}

// inTurn answers the first query as the first handler does, and so on. The last
// handler answers all others.
func inTurn(handlers ...udpHandler) udpHandler {
	return func(q *dns.Msg, n int) [][]byte { return handlers[min(n, len(handlers))-1](q, n) }
}

func TestAliases(t *testing.T) {
	const alias = "a0.example. CNAME b.example."
	for _, tc := range []struct {
		what string
		udp  udpHandler
		want string
		asks int64
	}{
		{"ten in one reply", chain(10, 100), "right", 1},
		{"ten in ten replies", chain(10, 1), "right", 11},
		{"ten in five replies", chain(10, 2), "right", 6},
		{"eleven in one reply", chain(11, 100), "failure", 1},
		{"eleven in eleven replies", chain(11, 1), "failure", 11},
		{"in any order", replying(dns.RcodeSuccess, "c.example. TXT right", "b.example. CNAME c.example.", alias), "right", 1},
		{"a loop of one", replying(dns.RcodeSuccess, "a0.example. CNAME a0.example."), "failure", 1},
		{"a loop of two in one reply", replying(dns.RcodeSuccess, alias, "b.example. CNAME a0.example."), "failure", 1},
		{"a loop of two in two replies", func(q *dns.Msg, n int) [][]byte {
			return replying(dns.RcodeSuccess, q.Question[0].Name+" CNAME "+[]string{"a0", "b"}[n%2]+".example.")(q, n)
		}, "failure", 11},
		{"NXDOMAIN at the end", replying(dns.RcodeNameError, alias, "authority", soaRecord), "not found", 1},
		{"NXDOMAIN at the end without SOA", replying(dns.RcodeNameError, alias), "not found", 1},
		{"an alias without a target", editing(replying(dns.RcodeSuccess), func(m *dns.Msg) {
			m.Answer = []dns.RR{&dns.CNAME{Hdr: dns.RR_Header{Name: "a0.example.", Rrtype: dns.TypeCNAME, Class: dns.ClassINET}}}
		}), "failure", 1},
		{"an alias of another class", inTurn(
			replying(dns.RcodeSuccess, alias, "b.example. 60 CH CNAME c.example.", "c.example. TXT wrong"),
			replying(dns.RcodeSuccess, "b.example. TXT right")), "right", 2},
		{"NODATA at the end", replying(dns.RcodeSuccess, alias, "authority", soaRecord), "not found", 1},
		{"SERVFAIL at the end", inTurn(replying(dns.RcodeSuccess, alias), replying(dns.RcodeServerFailure)), "failure", 2},
		{"a record of another name without an alias", replying(dns.RcodeSuccess, "b.example. TXT wrong"), "failure", 1},
		{"a target with unusual octets", inTurn(
			replying(dns.RcodeSuccess, `a0.example. CNAME \000\@\.\\\255\032b.example.`),
			replying(dns.RcodeSuccess, `\000\@\.\\\255\032B.example. TXT right`)), "right", 2},
	} {
		t.Run(tc.what, func(t *testing.T) {
			server := &hostile{udp: tc.udp}
			wantTXT(t, server.open(t, resolver.Config{Attempts: 1}), "a0.example.", tc.want)
			if got := server.overUDP.Load(); got != tc.asks {
				t.Errorf("asked %d times, want %d", got, tc.asks)
			}
		})
	}
}

func TestNamesInAnswersAreOctets(t *testing.T) {
	r := (&hostile{udp: func(q *dns.Msg, n int) [][]byte {
		records := []string{name + ` CNAME \000\@.example.`, `\000\@.example. A 192.0.2.1`}
		switch q.Question[0].Qtype {
		case dns.TypePTR:
			records = []string{q.Question[0].Name + ` PTR a\000b\.c\\d\"\032\255.example.`}
		case dns.TypeMX:
			records = []string{name + ` MX 20 second.example.`, name + ` MX 10 \000\@.example.`, name + ` MX 20 third.example.`}
		}
		return replying(dns.RcodeSuccess, records...)(q, n)
	}}).open(t, resolver.Config{})
	for range 2 { // the second time from the cache
		names, err := r.LookupAddr(t.Context(), "192.0.2.1")
		if want := []string{"a\x00b\\.c\\\\d\" \xff.example."}; !slices.Equal(names, want) {
			t.Errorf("PTR: got %q, %v; want %q", names, err, want)
		}
		hosts, err := r.LookupMX(t.Context(), name)
		if len(hosts) != 3 || hosts[0].Host != "\x00@.example." || hosts[1].Host != "second.example." || hosts[2].Pref != 20 {
			t.Errorf("MX: got %v, %v", hosts, err)
		}
		end, err := r.LookupCNAME(t.Context(), name)
		if want := "\x00@.example."; end != want {
			t.Errorf("CNAME: got %q, %v; want %q", end, err, want)
		}
	}
}

// Only update messages have records without data.
func TestRecordWithoutDataIsAFailure(t *testing.T) {
	kinds := map[uint16]dns.RR{
		dns.TypeA: &dns.A{}, dns.TypeAAAA: &dns.AAAA{}, dns.TypeMX: &dns.MX{}, dns.TypePTR: &dns.PTR{}, dns.TypeTXT: &dns.TXT{},
	}
	r := (&hostile{udp: editing(replying(dns.RcodeSuccess), func(m *dns.Msg) {
		asked := m.Question[0]
		rr := dns.Copy(kinds[asked.Qtype])
		*rr.Header() = dns.RR_Header{Name: asked.Name, Rrtype: asked.Qtype, Class: dns.ClassINET}
		m.Answer = []dns.RR{rr}
	})}).open(t, resolver.Config{})
	for kind, owner := range map[string]string{"A": name, "AAAA": name, "MX": name, "PTR": "192.0.2.1", "TXT": name} {
		if _, err := ask(t, r, kind, owner); err == nil || !strings.Contains(err.Error(), "a record without data") {
			t.Errorf("%s: got %v", kind, err)
		}
	}
}

// A name with AAAA records only leads to an address too. A failure of the question
// for A records is not NODATA.
func TestEndOfAliasesWithoutIPv4(t *testing.T) {
	r := (&hostile{udp: func(q *dns.Msg, n int) [][]byte {
		owner := q.Question[0].Name
		switch {
		case q.Question[0].Qtype == dns.TypeAAAA:
			return replying(dns.RcodeSuccess, owner+" CNAME six.example.", "six.example. AAAA 2001:db8::1")(q, n)
		case owner == "broken.example.":
			return replying(dns.RcodeServerFailure)(q, n)
		}
		return replying(dns.RcodeSuccess, owner+" CNAME six.example.", "authority", soaRecord)(q, n)
	}}).open(t, resolver.Config{})
	for owner, want := range map[string]string{name: "six.example.", "broken.example.": "failure"} {
		if got := outcome(ask(t, r, "CNAME", owner)); got != want {
			t.Errorf("%s: got %q, want %q", owner, got, want)
		}
	}
}

func TestRecordsBeyondTheLimitAreIgnored(t *testing.T) {
	var records []string
	for i := range 1500 {
		records = append(records, fmt.Sprintf("name.example. A 10.0.%d.%d", i>>8, i&0xff))
	}
	r := (&hostile{udp: truncated, tcp: overTCP(replying(dns.RcodeSuccess, records...))}).open(t, resolver.Config{})
	addrs, err := r.LookupNetIP(t.Context(), "ip4", name)
	if len(addrs) != 1000 || err != nil || addrs[999].String() != "10.0.3.231" {
		t.Errorf("got %d addresses, %v", len(addrs), err)
	}
}

// LookupNetIP for both families returns what it found. Without an address, a
// failure has precedence over not found.
func TestBothFamilies(t *testing.T) {
	const four, six = "192.0.2.1", "2001:db8::1"
	hasA, hasAAAA := replying(dns.RcodeSuccess, name+" A "+four), replying(dns.RcodeSuccess, name+" AAAA "+six)
	none, missing, broken := replying(dns.RcodeSuccess), replying(dns.RcodeNameError), replying(dns.RcodeServerFailure)
	for _, tc := range []struct {
		a, aaaa udpHandler
		want    string
	}{
		{hasA, hasAAAA, four + "|" + six},
		{hasA, none, four},
		{none, hasAAAA, six},
		{hasA, broken, four},
		{broken, hasAAAA, six},
		{none, none, "not found"},
		{missing, missing, "not found"},
		{none, broken, "failure"},
		{broken, none, "failure"},
		{broken, broken, "failure"},
	} {
		r := (&hostile{udp: func(q *dns.Msg, n int) [][]byte {
			if q.Question[0].Qtype == dns.TypeA {
				return tc.a(q, n)
			}
			return tc.aaaa(q, n)
		}}).open(t, resolver.Config{Attempts: 1})
		if got := outcome(ask(t, r, "A+AAAA", name)); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}
