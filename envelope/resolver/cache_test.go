package resolver_test

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"mxrules.example/envelope/resolver"
)

// How long an answer is kept: one nanosecond before the end it is there, and at
// the end it is not.
func TestTTL(t *testing.T) {
	soa := func(ttl, minimum int) string { return fmt.Sprintf("example. %d SOA . . 1 2 3 4 %d", ttl, minimum) }
	success := func(records ...string) func(*dns.Msg) []byte {
		return func(q *dns.Msg) []byte { return reply(q, dns.RcodeSuccess, records...) }
	}
	missing := func(records ...string) func(*dns.Msg) []byte {
		return func(q *dns.Msg) []byte { return reply(q, dns.RcodeNameError, records...) }
	}
	for _, tc := range []struct {
		what  string
		reply func(q *dns.Msg) []byte
		want  time.Duration // 0: not at all
	}{
		{"the TTL", success(name + " 300 TXT a"), 300 * time.Second},
		{"the shortest of the records", success(name+" 300 TXT a", name+" 200 TXT b"), 200 * time.Second},
		{"no longer than an alias", success(name+" 100 CNAME b.example.", "b.example. 300 TXT a"), 100 * time.Second},
		{"no shorter than 5 seconds", success(name + " 0 TXT a"), 5 * time.Second},
		{"no longer than an hour", success(name + " 86400 TXT a"), time.Hour},
		{"the highest bit means 0", success(name + " 2147483648 TXT a"), 5 * time.Second},
		{"records of others don't count", success(name+" 300 TXT a", "b.example. 10 TXT b"), 300 * time.Second},
		{"NXDOMAIN: the minimum of the SOA", missing("authority", soa(600, 60)), time.Minute},
		{"NXDOMAIN: the TTL of the SOA", missing("authority", soa(30, 600)), 30 * time.Second},
		{"NXDOMAIN: no longer than 15 minutes", missing("authority", soa(86400, 86400)), 15 * time.Minute},
		{"NXDOMAIN: no shorter than 5 seconds", missing("authority", soa(0, 0)), 5 * time.Second},
		{"NXDOMAIN: no longer than an alias", missing(name+" 40 CNAME b.example.", "authority", soa(60, 60)), 40 * time.Second},
		{"NXDOMAIN without a SOA", missing(), 0},
		{"NODATA: the minimum of the SOA", success("authority", soa(600, 60)), time.Minute},
		{"NODATA without a SOA", success(), 0},
		{"SERVFAIL", func(q *dns.Msg) []byte { return reply(q, dns.RcodeServerFailure) }, 5 * time.Second},
		{"REFUSED", func(q *dns.Msg) []byte { return reply(q, dns.RcodeRefused) }, 5 * time.Second},
		{"too many aliases", success(name + " CNAME " + name), 5 * time.Second},
	} {
		t.Run(tc.what, func(t *testing.T) {
			server := (&hostile{udp: func(q *dns.Msg, _ int) [][]byte { return one(tc.reply(q)) }}).start(t)
			r, clock := openAt(t, resolver.Config{Servers: []string{server.address}, Timeout: long, Attempts: 1})
			asks := func() int64 {
				r.LookupTXT(t.Context(), name)
				return server.overUDP.Load()
			}
			first := asks()
			if tc.want > 0 {
				clock.Advance(tc.want - 1)
				if got := asks(); got != first {
					t.Errorf("asked again before %v", tc.want)
				}
				clock.Advance(1)
			}
			if got := asks(); got != 2*first {
				t.Errorf("not asked again after %v", tc.want)
			}
		})
	}
}

func TestSilenceIsKept(t *testing.T) {
	server := (&hostile{}).start(t)
	r, clock := openAt(t, resolver.Config{Servers: []string{server.address}, Timeout: short, Attempts: 1})
	for range 3 {
		if got := outcome(r.LookupTXT(t.Context(), name)); got != "timeout" {
			t.Errorf("got %q", got)
		}
	}
	if got := r.Stats().Exchanges; got != 1 {
		t.Errorf("asked %d times", got)
	}
	clock.Advance(5 * time.Second)
	r.LookupTXT(t.Context(), name)
	if got := r.Stats().Exchanges; got != 2 {
		t.Errorf("after 5 seconds asked %d times", got)
	}
}

// A name that does not exist has no record of any type; an alias to such a name
// exists itself, and of one name without a record nothing else is known.
func TestWhatOneAnswerTellsOfOtherTypes(t *testing.T) {
	const soa = "example. 300 SOA . . 1 2 3 4 300"
	server := (&hostile{udp: func(q *dns.Msg, _ int) [][]byte {
		switch owner := q.Question[0].Name; owner {
		case "missing.example.":
			return one(reply(q, dns.RcodeNameError, "authority", soa))
		case "alias.example.":
			return one(reply(q, dns.RcodeNameError, owner+" CNAME missing.example.", "authority", soa))
		}
		return one(reply(q, dns.RcodeSuccess, "authority", soa))
	}}).start(t)
	for _, tc := range []struct {
		name   string
		exists bool
		asks   int64 // for TXT, MX, and whether it exists
	}{
		{"missing.example.", false, 1},
		{"alias.example.", true, 2},
		{"empty.example.", true, 2},
	} {
		r := open(t, resolver.Config{Servers: []string{server.address}, Timeout: long})
		before := server.overUDP.Load()
		r.LookupTXT(t.Context(), tc.name)
		if _, err := r.LookupMX(t.Context(), tc.name); err == nil {
			t.Errorf("%s: no error", tc.name)
		}
		if exists, err := r.Exists(t.Context(), tc.name); exists != tc.exists || err != nil {
			t.Errorf("%s: exists %v, %v", tc.name, exists, err)
		}
		if got := server.overUDP.Load() - before; got != tc.asks {
			t.Errorf("%s: asked %d times, want %d", tc.name, got, tc.asks)
		}
	}
}

// A failure in the cache says nothing of whether a name exists.
func TestExistsAfterAFailure(t *testing.T) {
	servfail := func(q *dns.Msg) [][]byte { return one(reply(q, dns.RcodeServerFailure)) }
	silence := func(*dns.Msg) [][]byte { return nil }
	for want, toMX := range map[string]func(q *dns.Msg) [][]byte{"failure": servfail, "timeout": silence} {
		server := (&hostile{udp: func(q *dns.Msg, _ int) [][]byte {
			if q.Question[0].Qtype == dns.TypeMX {
				return toMX(q)
			}
			return one(reply(q, dns.RcodeSuccess, name+" A 192.0.2.1"))
		}}).start(t)
		r := open(t, resolver.Config{Servers: []string{server.address}, Timeout: short, Attempts: 10})
		_, err := r.LookupMX(t.Context(), name)
		if got := outcome(nil, err); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if exists, err := r.Exists(t.Context(), name); !exists || err != nil {
			t.Errorf("after %s: got %v, %v", want, exists, err)
		}
	}
}

func TestErrorsBelongToTheCaller(t *testing.T) {
	server := (&hostile{udp: func(q *dns.Msg, _ int) [][]byte {
		return one(reply(q, dns.RcodeNameError, "authority", "example. 300 SOA . . 1 2 3 4 300"))
	}}).start(t)
	r := open(t, resolver.Config{Servers: []string{server.address}, Timeout: long})
	for range 2 {
		_, err := r.LookupTXT(t.Context(), "Name.Example")
		dnsErr := err.(*net.DNSError)
		if dnsErr.Name != "Name.Example" || !dnsErr.IsNotFound || dnsErr.Err != "no such name (NXDOMAIN)" {
			t.Errorf("got %+v", dnsErr)
		}
		*dnsErr = net.DNSError{}
	}
}

// The cache keeps to its bound, forgets first what was not asked for longest,
// and keeps no answer that would take all of it.
func TestCacheIsBounded(t *testing.T) {
	text := strings.Repeat("x", 200)
	long64 := name + " TXT" + strings.Repeat(" "+strings.Repeat("x", 250), 250)
	server := (&hostile{
		udp: func(q *dns.Msg, n int) [][]byte {
			if q.Question[0].Name == name {
				return one(cut(q))
			}
			return answering(text)(q, n)
		},
		tcp: whole(long64),
	}).start(t)
	const bound = 40_000
	r := open(t, resolver.Config{Servers: []string{server.address}, Timeout: long, CacheBytes: bound})
	ask := func(i int) {
		t.Helper()
		if got := outcome(r.LookupTXT(t.Context(), fmt.Sprintf("a%d.example.", i))); got != text {
			t.Fatalf("got %q", got)
		}
	}
	for i := range 300 {
		ask(i)
		ask(0)
		if got := r.Stats().CacheBytes; got > bound || got < int64(min(i, 90))*370 {
			t.Fatalf("%d octets after %d answers", got, i)
		}
	}
	s := r.Stats()
	if s.Answers < 80 || s.Answers > 110 {
		t.Errorf("%d answers of about 400 octets in %d", s.Answers, bound)
	}
	if s.Asked != 300 || s.Cached != 300 {
		t.Errorf("%+v: the answer that is always asked for was not kept", s)
	}
	if got := outcome(r.LookupTXT(t.Context(), name)); len(got) != 62_500 {
		t.Errorf("got %.40q", got)
	}
	if got := r.Stats(); got.Answers != s.Answers {
		t.Errorf("%d answers after one that is too large, %d before", got.Answers, s.Answers)
	}
}

// What the cache says that it takes is what it takes.
func TestCacheBytesAreTrue(t *testing.T) {
	server := (&hostile{udp: answering("v=spf1,-all")}).start(t)
	r := open(t, resolver.Config{Servers: []string{server.address}, Timeout: long, CacheBytes: 1 << 30})
	const answers = 200_000
	resolver.Fill(r, answers/2) // the tables have grown, and the program has what it needs
	before := heap()
	resolver.Fill(r, answers)
	took := heap() - before
	s := r.Stats()
	if s.Answers != answers {
		t.Fatalf("%d answers", s.Answers)
	}
	said := s.CacheBytes / 2
	t.Logf("%d octets for an answer, said to be %d", took/(answers/2), said/(answers/2))
	if took > said*5/4 || took < said/2 {
		t.Errorf("%d octets, said to be %d", took, said)
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestAnswersAfterClose(t *testing.T) {
	server := (&hostile{udp: answering("right")}).start(t)
	r := open(t, resolver.Config{Servers: []string{server.address}, Timeout: long})
	r.LookupTXT(t.Context(), name)
	r.Close()
	r.Close()
	if got := outcome(r.LookupTXT(context.Background(), name)); got != "right" {
		t.Errorf("from the cache: got %q", got)
	}
	if got := outcome(r.LookupTXT(context.Background(), "other.example.")); got != "failure" {
		t.Errorf("got %q", got)
	}
}
