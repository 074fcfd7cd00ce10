package resolver_test

import (
	"context"
	"slices"
	"strings"
	"testing"

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
	r.LookupTXT(ctx, "broken.example.")        // failed, asked: two exchanges, the second is a retry
	r.LookupTXT(ended, "host.example.")        // abandoned, unasked
	r.LookupAddr(ended, "not an address")      // abandoned, unasked
	r.Exists(ctx, "host.example.")             // found, cached
	r.Exists(ended, "host.example.")           // abandoned, unasked
	r.LookupNetIP(ctx, "ip5", "host.example.") // no question
	if _, err := r.LookupNetIP(ctx, "", "host.example."); outcome(nil, err) != "failure" {
		t.Errorf("an unknown network: got %v", err)
	}

	got := r.Stats()
	want := resolver.Stats{
		Found: 6, NoRecord: 1, NoName: 4, Failed: 1, Abandoned: 3,
		Asked: 7, Cached: 3, Unasked: 5,
		Exchanges: 8, Retries: 1,
		Answers: 7, CacheBytes: got.CacheBytes,
	}
	if got != want || got.CacheBytes < 7*100 {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got.Questions() != 15 || got.Questions() != got.Found+got.NoRecord+got.NoName+got.Failed+got.TimedOut+got.Abandoned {
		t.Errorf("%d questions: %+v", got.Questions(), got)
	}
}

// Each message is reported: here one without a reply, one that is repeated without
// EDNS, one whose reply is truncated, and one over TCP.
func TestOnExchange(t *testing.T) {
	server := (&hostile{
		udp: rejectingEDNS(replying(dns.RcodeFormatError), truncated),
		tcp: overTCP(replying(dns.RcodeNameError)),
	}).start(t)
	absent := vacant(t)
	var all []resolver.Exchange // a question uses one goroutine
	r := open(t, resolver.Config{
		Servers: []string{absent, server.address}, Timeout: long,
		OnExchange: func(x resolver.Exchange) { all = append(all, x) },
	})
	if got := outcome(ask(t, r, "MX", name)); got != "not found" {
		t.Errorf("got %q", got)
	}
	var lines []string
	for _, x := range all {
		if x.Name != name || x.Type != "MX" || x.Took <= 0 || (x.Rcode == "") != (x.Err != nil) || (x.Size == 0) != (x.Server == absent) {
			t.Errorf("got %+v", x)
		}
		line := x.Server + " " + x.Network + " " + x.Rcode
		if x.Err != nil {
			line += x.Err.Error()[strings.LastIndex(x.Err.Error(), ":")+1:]
		}
		lines = append(lines, line)
	}
	want := []string{
		absent + " udp  connection refused",
		server.address + " udp FORMERR",
		server.address + " udp the reply does not fit into a UDP message",
		server.address + " tcp NXDOMAIN",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
}
