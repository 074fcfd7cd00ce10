package resolver

import (
	"fmt"
	"testing"

	"github.com/miekg/dns"
	"mxrules.example/envelope/internal/presentation"
)

// A server repeats the question in its reply, so every name must be the same after
// encoding and decoding.
func TestNamesSurviveTheWire(t *testing.T) {
	for c := range 256 {
		name, ok := presentation.Name(fmt.Sprintf(`a\%03db.example.`, c))
		q, err := newQuery(question{name, dns.TypeA}, true)
		if !ok || err != nil {
			t.Fatalf("%q: %v, %v", name, ok, err)
		}
		q.packed[2] |= 0x80 // a reply
		if !q.isAnsweredBy(q.packed) {
			t.Errorf("%q: the reply is not recognised", name)
		}
	}
}

func TestQueryIsFreshAndSmall(t *testing.T) {
	seen := map[uint16]bool{}
	for range 100 {
		q, err := newQuery(question{"name.example.", dns.TypeTXT}, true)
		if err != nil {
			t.Fatal(err)
		}
		seen[q.id] = true
		m := new(dns.Msg)
		if err := m.Unpack(q.packed); err != nil {
			t.Fatal(err)
		}
		option := m.IsEdns0()
		if !m.RecursionDesired || m.Id != q.id || option == nil || option.UDPSize() != 1232 || option.Do() {
			t.Errorf("the query is %v", m)
		}
	}
	if len(seen) < 90 {
		t.Errorf("%d IDs of 100 queries", len(seen))
	}
}

func TestReverseName(t *testing.T) {
	for _, tc := range []struct{ addr, want string }{
		{"192.0.2.1", "1.2.0.192.in-addr.arpa."},
		{"::ffff:192.0.2.1", "1.2.0.192.in-addr.arpa."},
		{"2001:db8::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."},
		{"fe80::1%eth0", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.e.f.ip6.arpa."},
		{"", ""}, {"192.0.2", ""}, {"mail.example.org", ""}, {"192.0.2.1.", ""},
	} {
		if got, ok := reverseName(tc.addr); got != tc.want || ok != (tc.want != "") {
			t.Errorf("%q: got %q, %v; want %q", tc.addr, got, ok, tc.want)
		}
	}
}
