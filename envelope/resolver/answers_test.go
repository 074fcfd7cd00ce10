package resolver_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"mxrules.example/envelope/resolver"
)

// chain answers with aliases 0 -> 1 -> ... -> last, where the last one has a
// TXT record. Of those that follow the name asked for, a reply holds so many.
func chain(last, perReply int) func(q *dns.Msg, n int) [][]byte {
	return func(q *dns.Msg, _ int) [][]byte {
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
		return one(reply(q, dns.RcodeSuccess, records...))
	}
}

func TestAliases(t *testing.T) {
	soa := "example. 60 SOA . . 1 2 3 4 5"
	for _, tc := range []struct {
		what string
		udp  func(q *dns.Msg, n int) [][]byte
		want string
		asks int64
	}{
		{"ten in one reply", chain(10, 100), "right", 1},
		{"ten in ten replies", chain(10, 1), "right", 11},
		{"ten in five replies", chain(10, 2), "right", 6},
		{"eleven in one reply", chain(11, 100), "failure", 1},
		{"eleven in eleven replies", chain(11, 1), "failure", 11},
		{"in any order", func(q *dns.Msg, _ int) [][]byte {
			return one(reply(q, dns.RcodeSuccess, "c.example. TXT right", "b.example. CNAME c.example.", "a0.example. CNAME b.example."))
		}, "right", 1},
		{"a loop of one", func(q *dns.Msg, _ int) [][]byte {
			return one(reply(q, dns.RcodeSuccess, "a0.example. CNAME a0.example."))
		}, "failure", 1},
		{"a loop of two in one reply", func(q *dns.Msg, _ int) [][]byte {
			return one(reply(q, dns.RcodeSuccess, "a0.example. CNAME b.example.", "b.example. CNAME a0.example."))
		}, "failure", 1},
		{"a loop of two, one in a reply", func(q *dns.Msg, n int) [][]byte {
			return one(reply(q, dns.RcodeSuccess, q.Question[0].Name+" CNAME "+[]string{"a0", "b"}[n%2]+".example."))
		}, "failure", 11},
		{"no such name at the end", func(q *dns.Msg, _ int) [][]byte {
			return one(reply(q, dns.RcodeNameError, "a0.example. CNAME b.example.", "authority", soa))
		}, "not found", 1},
		{"no such name at the end, without a SOA record", func(q *dns.Msg, _ int) [][]byte {
			return one(reply(q, dns.RcodeNameError, "a0.example. CNAME b.example."))
		}, "not found", 1},
		{"an alias without a target", func(q *dns.Msg, _ int) [][]byte {
			return one(altered(reply(q, dns.RcodeSuccess), func(m *dns.Msg) {
				m.Answer = []dns.RR{&dns.CNAME{Hdr: dns.RR_Header{Name: "a0.example.", Rrtype: dns.TypeCNAME, Class: dns.ClassINET}}}
			}))
		}, "failure", 1},
		{"an alias of another class", func(q *dns.Msg, n int) [][]byte {
			if n == 1 {
				return one(reply(q, dns.RcodeSuccess, "a0.example. CNAME b.example.", "b.example. 60 CH CNAME c.example.", "c.example. TXT wrong"))
			}
			return one(reply(q, dns.RcodeSuccess, "b.example. TXT right"))
		}, "right", 2},
		{"no such record at the end", func(q *dns.Msg, _ int) [][]byte {
			return one(reply(q, dns.RcodeSuccess, "a0.example. CNAME b.example.", "authority", soa))
		}, "not found", 1},
		{"a failure at the end", func(q *dns.Msg, n int) [][]byte {
			if n == 1 {
				return one(reply(q, dns.RcodeSuccess, "a0.example. CNAME b.example."))
			}
			return one(reply(q, dns.RcodeServerFailure))
		}, "failure", 2},
		{"a record of the name at the end alone", func(q *dns.Msg, _ int) [][]byte {
			return one(reply(q, dns.RcodeSuccess, "b.example. TXT wrong"))
		}, "failure", 1},
		{"a target with strange octets", func(q *dns.Msg, n int) [][]byte {
			if n == 1 {
				return one(reply(q, dns.RcodeSuccess, `a0.example. CNAME \000\@\.\\\255\032b.example.`))
			}
			return one(reply(q, dns.RcodeSuccess, `\000\@\.\\\255\032B.example. TXT right`))
		}, "right", 2},
	} {
		t.Run(tc.what, func(t *testing.T) {
			server := (&hostile{udp: tc.udp}).start(t)
			r := open(t, resolver.Config{Servers: []string{server.address}, Attempts: 1, Timeout: long})
			if got := outcome(r.LookupTXT(t.Context(), "a0.example.")); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if got := server.overUDP.Load(); got != tc.asks {
				t.Errorf("asked %d times, want %d", got, tc.asks)
			}
		})
	}
}

func TestNamesInAnswersAreOctets(t *testing.T) {
	server := (&hostile{udp: func(q *dns.Msg, _ int) [][]byte {
		switch q.Question[0].Qtype {
		case dns.TypePTR:
			return one(reply(q, dns.RcodeSuccess, q.Question[0].Name+` PTR a\000b\.c\\d\"\032\255.example.`))
		case dns.TypeMX:
			return one(reply(q, dns.RcodeSuccess, name+` MX 20 second.example.`, name+` MX 10 \000\@.example.`, name+` MX 20 third.example.`))
		}
		return one(reply(q, dns.RcodeSuccess, name+` CNAME \000\@.example.`, `\000\@.example. A 192.0.2.1`))
	}}).start(t)
	r := open(t, resolver.Config{Servers: []string{server.address}, Timeout: long})
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

// A record without data, as only updates have them, is no answer, whatever its
// type.
func TestRecordsWithoutData(t *testing.T) {
	kinds := map[uint16]dns.RR{
		dns.TypeA: &dns.A{}, dns.TypeAAAA: &dns.AAAA{}, dns.TypeMX: &dns.MX{}, dns.TypePTR: &dns.PTR{}, dns.TypeTXT: &dns.TXT{},
	}
	server := (&hostile{udp: func(q *dns.Msg, _ int) [][]byte {
		asked := q.Question[0]
		rr := dns.Copy(kinds[asked.Qtype])
		*rr.Header() = dns.RR_Header{Name: asked.Name, Rrtype: asked.Qtype, Class: dns.ClassINET}
		return one(altered(reply(q, dns.RcodeSuccess), func(m *dns.Msg) { m.Answer = []dns.RR{rr} }))
	}}).start(t)
	r := open(t, resolver.Config{Servers: []string{server.address}, Timeout: long})
	ctx := t.Context()
	for kind, ask := range map[string]func() error{
		"A":    func() error { _, err := r.LookupNetIP(ctx, "ip4", name); return err },
		"AAAA": func() error { _, err := r.LookupNetIP(ctx, "ip6", name); return err },
		"MX":   func() error { _, err := r.LookupMX(ctx, name); return err },
		"PTR":  func() error { _, err := r.LookupAddr(ctx, "192.0.2.1"); return err },
		"TXT":  func() error { _, err := r.LookupTXT(ctx, name); return err },
	} {
		if err := ask(); err == nil || !strings.Contains(err.Error(), "a record without data") {
			t.Errorf("%s: got %v", kind, err)
		}
	}
}

// A name that has AAAA records only leads to an address too. A failure to find
// out about A records is not the lack of them.
func TestEndOfAliasesWithoutIPv4(t *testing.T) {
	server := (&hostile{udp: func(q *dns.Msg, _ int) [][]byte {
		owner := q.Question[0].Name
		switch {
		case q.Question[0].Qtype == dns.TypeAAAA:
			return one(reply(q, dns.RcodeSuccess, owner+" CNAME six.example.", "six.example. AAAA 2001:db8::1"))
		case owner == "broken.example.":
			return one(reply(q, dns.RcodeServerFailure))
		}
		return one(reply(q, dns.RcodeSuccess, owner+" CNAME six.example.", "authority", "example. 60 SOA . . 1 2 3 4 5"))
	}}).start(t)
	r := open(t, resolver.Config{Servers: []string{server.address}, Timeout: long})
	if end, err := r.LookupCNAME(t.Context(), name); end != "six.example." || err != nil {
		t.Errorf("got %q, %v", end, err)
	}
	_, err := r.LookupCNAME(t.Context(), "broken.example.")
	if got := outcome(nil, err); got != "failure" {
		t.Errorf("got %q", got)
	}
}

// More records than a mail server can want are left out.
func TestManyRecords(t *testing.T) {
	var records []string
	for i := range 1500 {
		records = append(records, fmt.Sprintf("name.example. A 10.0.%d.%d", i>>8, i&0xff))
	}
	server := (&hostile{
		udp: func(q *dns.Msg, _ int) [][]byte { return one(cut(q)) },
		tcp: whole(records...),
	}).start(t)
	r := open(t, resolver.Config{Servers: []string{server.address}, Timeout: long})
	addrs, err := r.LookupNetIP(t.Context(), "ip4", name)
	if len(addrs) != 1000 || err != nil || addrs[999].String() != "10.0.3.231" {
		t.Errorf("got %d addresses, %v", len(addrs), err)
	}
}

// Of both families, what was found counts, and a failure counts before nothing.
func TestBothFamilies(t *testing.T) {
	const four, six = "192.0.2.1", "2001:db8::1"
	found := func(record string) func(q *dns.Msg) []byte {
		return func(q *dns.Msg) []byte { return reply(q, dns.RcodeSuccess, name+" "+record) }
	}
	none := func(q *dns.Msg) []byte { return reply(q, dns.RcodeSuccess) }
	missing := func(q *dns.Msg) []byte { return reply(q, dns.RcodeNameError) }
	broken := func(q *dns.Msg) []byte { return reply(q, dns.RcodeServerFailure) }
	for _, tc := range []struct {
		a, aaaa func(q *dns.Msg) []byte
		want    string
	}{
		{found("A " + four), found("AAAA " + six), four + "|" + six},
		{found("A " + four), none, four},
		{none, found("AAAA " + six), six},
		{found("A " + four), broken, four},
		{broken, found("AAAA " + six), six},
		{none, none, "not found"},
		{missing, missing, "not found"},
		{none, broken, "failure"},
		{broken, none, "failure"},
		{broken, broken, "failure"},
	} {
		server := (&hostile{udp: func(q *dns.Msg, _ int) [][]byte {
			if q.Question[0].Qtype == dns.TypeA {
				return one(tc.a(q))
			}
			return one(tc.aaaa(q))
		}}).start(t)
		r := open(t, resolver.Config{Servers: []string{server.address}, Timeout: long, Attempts: 1})
		var got []string
		addrs, err := r.LookupNetIP(t.Context(), "ip", name)
		for _, addr := range addrs {
			got = append(got, addr.String())
		}
		if got := outcome(got, err); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}
