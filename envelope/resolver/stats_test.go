package resolver_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"mxrules.example/envelope/resolver"
	"mxrules.example/envelope/zone"
)

func TestStats(t *testing.T) {
	world := zone.MustParse(`
		host.example.  A     192.0.2.1
		               AAAA  2001:db8::1
		               TXT   "text"
		alias.example. CNAME host.example.
	`).Failing("broken.example.", zone.SERVFAIL)
	r := open(t, resolver.Config{Servers: []string{serve(t, world).Addr()}, Timeout: long})
	ctx := t.Context()
	ended, cancel := context.WithCancel(ctx)
	cancel()

	r.LookupTXT(ctx, "host.example.")          // found, asked
	r.LookupTXT(ctx, "host.example.")          // found, cached
	r.LookupNetIP(ctx, "ip", "host.example.")  // found twice, asked twice
	r.LookupCNAME(ctx, "alias.example.")       // found, asked
	r.LookupMX(ctx, "host.example.")           // no record, asked
	r.LookupMX(ctx, "missing.example.")        // no name, asked
	r.LookupTXT(ctx, "missing.example.")       // no name, cached
	r.LookupTXT(ctx, "not..a.name")            // no name, unasked
	r.LookupAddr(ctx, "not an address")        // no name, unasked
	r.LookupTXT(ctx, "broken.example.")        // failed, asked: two exchanges, of them one a retry
	r.LookupTXT(ended, "host.example.")        // left, unasked
	r.LookupAddr(ended, "not an address")      // left, unasked
	r.Exists(ctx, "host.example.")             // found, cached
	r.Exists(ended, "host.example.")           // left, unasked
	r.LookupNetIP(ctx, "ip5", "host.example.") // no question
	if _, err := r.LookupNetIP(ctx, "", "host.example."); outcome(nil, err) != "failure" {
		t.Errorf("an unknown network: got %v", err)
	}

	got := r.Stats()
	latency := uint64(0)
	for _, n := range got.Latency {
		latency += n
	}
	if latency != got.Exchanges {
		t.Errorf("%d exchanges in Latency, %d in Exchanges", latency, got.Exchanges)
	}
	got.Latency = resolver.Latency{}
	want := resolver.Stats{
		Found: 6, NoRecord: 1, NoName: 4, Failed: 1, Left: 3,
		Asked: 7, Cached: 3, Unasked: 5,
		Exchanges: 8, Retries: 1,
		Answers: 7, CacheBytes: got.CacheBytes,
	}
	if got != want || got.CacheBytes < 7*100 {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got.Questions() != 15 || got.Questions() != got.Found+got.NoRecord+got.NoName+got.Failed+got.TimedOut+got.Left {
		t.Errorf("%d questions: %+v", got.Questions(), got)
	}
}

func TestLatencyBounds(t *testing.T) {
	if resolver.LatencyBound(0) != 64*time.Microsecond || resolver.LatencyBound(16) < 4*time.Second {
		t.Errorf("from %v to %v", resolver.LatencyBound(0), resolver.LatencyBound(16))
	}
	for _, tc := range []struct {
		took time.Duration
		want int
	}{
		{-1, 0}, {0, 0}, {64*time.Microsecond - 1, 0}, {64 * time.Microsecond, 1}, {128*time.Microsecond - 1, 1},
		{128 * time.Microsecond, 2}, {time.Second, 14}, {time.Hour, 17}, {1<<63 - 1, 17},
	} {
		latency := resolver.Counted(tc.took)
		if got := slices.Index(latency[:], 1); got != tc.want {
			t.Errorf("%v is counted in %d, want %d", tc.took, got, tc.want)
		}
		if got := tc.want; got < 17 && tc.took >= resolver.LatencyBound(got) || got > 0 && tc.took < resolver.LatencyBound(got-1) {
			t.Errorf("%v is not within the bounds of %d", tc.took, got)
		}
	}
}

// OnExchange is told of each message: here of one without a reply, one that
// asks again without EDNS, one that is cut, and one over TCP.
func TestOnExchange(t *testing.T) {
	server := (&hostile{
		udp: func(q *dns.Msg, _ int) [][]byte {
			if q.IsEdns0() != nil {
				return one(reply(q, dns.RcodeFormatError))
			}
			return one(cut(q))
		},
		tcp: func(conn net.Conn, q *dns.Msg, n int) bool {
			conn.Write(framed(reply(q, dns.RcodeNameError)))
			return true
		},
	}).start(t)
	nobody := vacant(t)
	var all []resolver.Exchange // one question is one goroutine
	r := open(t, resolver.Config{
		Servers: []string{nobody, server.address}, Timeout: long,
		OnExchange: func(x resolver.Exchange) { all = append(all, x) },
	})
	_, err := r.LookupMX(t.Context(), name)
	if got := outcome(nil, err); got != "not found" {
		t.Errorf("got %q", got)
	}
	var lines []string
	for _, x := range all {
		if x.Name != name || x.Type != "MX" || x.Took <= 0 || (x.Rcode == "") != (x.Err != nil) || (x.Size == 0) != (x.Server == nobody) {
			t.Errorf("got %+v", x)
		}
		line := x.Server + " " + x.Network + " " + x.Rcode
		if x.Err != nil {
			line += x.Err.Error()[strings.LastIndex(x.Err.Error(), ":")+1:]
		}
		lines = append(lines, line)
	}
	want := []string{
		nobody + " udp  connection refused",
		server.address + " udp FORMERR",
		server.address + " udp the reply does not fit into a message over UDP",
		server.address + " tcp NXDOMAIN",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
}
