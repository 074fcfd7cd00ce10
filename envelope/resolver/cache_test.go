package resolver_test

import (
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"mxrules.example/envelope/resolver"
)

// An answer is in the cache one nanosecond before the end of its time, and not at
// the end.
func TestTTL(t *testing.T) {
	soa := func(ttl, minimum int) string { return fmt.Sprintf("example. %d SOA . . 1 2 3 4 %d", ttl, minimum) }
	success := func(records ...string) udpHandler { return replying(dns.RcodeSuccess, records...) }
	missing := func(records ...string) udpHandler { return replying(dns.RcodeNameError, records...) }
	for _, tc := range []struct {
		what string
		udp  udpHandler
		want time.Duration // 0 is not at all
	}{
		{"the TTL", success(name + " 300 TXT a"), 300 * time.Second},
		{"the least TTL of the records", success(name+" 300 TXT a", name+" 200 TXT b"), 200 * time.Second},
		{"at most the TTL of an alias", success(name+" 100 CNAME b.example.", "b.example. 300 TXT a"), 100 * time.Second},
		{"at least 5 seconds", success(name + " 0 TXT a"), 5 * time.Second},
		{"at most an hour", success(name + " 86400 TXT a"), time.Hour},
		{"the most significant bit means 0", success(name + " 2147483648 TXT a"), 5 * time.Second},
		{"records of other names have no effect", success(name+" 300 TXT a", "b.example. 10 TXT b"), 300 * time.Second},
		{"NXDOMAIN: the minimum of the SOA", missing("authority", soa(600, 60)), time.Minute},
		{"NXDOMAIN: the TTL of the SOA", missing("authority", soa(30, 600)), 30 * time.Second},
		{"NXDOMAIN: at most 15 minutes", missing("authority", soa(86400, 86400)), 15 * time.Minute},
		{"NXDOMAIN: at least 5 seconds", missing("authority", soa(0, 0)), 5 * time.Second},
		{"NXDOMAIN: at most the TTL of an alias", missing(name+" 40 CNAME b.example.", "authority", soa(60, 60)), 40 * time.Second},
		{"NXDOMAIN without SOA", missing(), 0},
		{"NODATA: the minimum of the SOA", success("authority", soa(600, 60)), time.Minute},
		{"NODATA without SOA", success(), 0},
		{"SERVFAIL", replying(dns.RcodeServerFailure), 5 * time.Second},
		{"REFUSED", replying(dns.RcodeRefused), 5 * time.Second},
		{"too many aliases", success(name + " CNAME " + name), 5 * time.Second},
	} {
		t.Run(tc.what, func(t *testing.T) {
			server := (&hostile{udp: tc.udp}).start(t)
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

func TestTimeoutIsCached(t *testing.T) {
	server := (&hostile{}).start(t)
	r, clock := openAt(t, resolver.Config{Servers: []string{server.address}, Timeout: short, Attempts: 1})
	for range 3 {
		wantTXT(t, r, name, "timeout")
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

// NXDOMAIN is the answer for all types. An alias that leads to NXDOMAIN exists
// itself, and NODATA concerns one type only.
func TestAnswersForOtherTypes(t *testing.T) {
	server := (&hostile{udp: func(q *dns.Msg, n int) [][]byte {
		switch owner := q.Question[0].Name; owner {
		case "missing.example.":
			return replying(dns.RcodeNameError, "authority", soaRecord)(q, n)
		case "alias.example.":
			return replying(dns.RcodeNameError, owner+" CNAME missing.example.", "authority", soaRecord)(q, n)
		}
		return replying(dns.RcodeSuccess, "authority", soaRecord)(q, n)
	}}).start(t)
	for _, tc := range []struct {
		name   string
		exists bool
		asks   int64 // for TXT, MX and Exists
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

func TestExistsIgnoresCachedFailures(t *testing.T) {
	silent := func(*dns.Msg, int) [][]byte { return nil }
	for want, toMX := range map[string]udpHandler{"failure": replying(dns.RcodeServerFailure), "timeout": silent} {
		r := (&hostile{udp: func(q *dns.Msg, n int) [][]byte {
			if q.Question[0].Qtype == dns.TypeMX {
				return toMX(q, n)
			}
			return replying(dns.RcodeSuccess, name+" A 192.0.2.1")(q, n)
		}}).open(t, resolver.Config{Timeout: short, Attempts: 10})
		if got := outcome(ask(t, r, "MX", name)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if exists, err := r.Exists(t.Context(), name); !exists || err != nil {
			t.Errorf("after %s: got %v, %v", want, exists, err)
		}
	}
}

func TestErrorsBelongToTheCaller(t *testing.T) {
	r := (&hostile{udp: replying(dns.RcodeNameError, "authority", soaRecord)}).open(t, resolver.Config{})
	for range 2 {
		_, err := r.LookupTXT(t.Context(), "Name.Example")
		dnsErr := err.(*net.DNSError)
		if dnsErr.Name != "Name.Example" || !dnsErr.IsNotFound || dnsErr.Err != "no such name (NXDOMAIN)" {
			t.Errorf("got %+v", dnsErr)
		}
		*dnsErr = net.DNSError{}
	}
}

// A full cache removes the answer that was not used for the longest time. It does
// not keep an answer larger than itself.
func TestCacheIsBounded(t *testing.T) {
	text := strings.Repeat("x", 200)
	text64K := name + " TXT" + strings.Repeat(" "+strings.Repeat("x", 250), 250)
	const bound = 40_000
	r := (&hostile{
		udp: func(q *dns.Msg, n int) [][]byte {
			if q.Question[0].Name == name {
				return truncated(q, n)
			}
			return answering(text)(q, n)
		},
		tcp: overTCP(replying(dns.RcodeSuccess, text64K)),
	}).open(t, resolver.Config{CacheBytes: bound})
	for i := range 300 {
		wantTXT(t, r, fmt.Sprintf("a%d.example.", i), text)
		wantTXT(t, r, "a0.example.", text)
		if got := r.Stats().CacheBytes; got > bound || got < int64(min(i, 90))*370 {
			t.Fatalf("%d bytes after %d answers", got, i)
		}
	}
	s := r.Stats()
	if s.Answers < 80 || s.Answers > 110 {
		t.Errorf("%d answers of about 400 bytes in %d", s.Answers, bound)
	}
	if s.Asked != 300 || s.Cached != 300 {
		t.Errorf("%+v: an answer that is used all the time was removed", s)
	}
	if got := outcome(r.LookupTXT(t.Context(), name)); len(got) != 62_500 {
		t.Errorf("got %.40q", got)
	}
	if got := r.Stats(); got.Answers != s.Answers {
		t.Errorf("%d answers after one that is too large, %d before", got.Answers, s.Answers)
	}
}

// Stats.CacheBytes is close to the memory that is really used.
func TestCacheBytesAreMeasured(t *testing.T) {
	r := open(t, resolver.Config{Servers: []string{"192.0.2.1"}, CacheBytes: 1 << 30})
	const answers = 200_000
	resolver.Fill(r, answers/2) // the maps have grown
	before := heap()
	resolver.Fill(r, answers)
	used := heap() - before
	s := r.Stats()
	if s.Answers != answers {
		t.Fatalf("%d answers", s.Answers)
	}
	counted := s.CacheBytes / 2
	t.Logf("%d bytes for each answer, counted as %d", used/(answers/2), counted/(answers/2))
	if used > counted*5/4 || used < counted/2 {
		t.Errorf("%d bytes, counted as %d", used, counted)
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
	r := (&hostile{udp: answering("right")}).open(t, resolver.Config{})
	wantTXT(t, r, name, "right")
	r.Close()
	r.Close()
	wantTXT(t, r, name, "right") // from the cache
	wantTXT(t, r, "other.example.", "failure")
}
