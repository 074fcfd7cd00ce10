package resolver_test

import (
	"fmt"
	"net"
	"sync"
	"testing"

	"github.com/miekg/dns"
	"mxrules.example/envelope/resolver"
)

func alwaysCut(q *dns.Msg, _ int) [][]byte { return one(cut(q)) }

func TestTCPConnectionIsReused(t *testing.T) {
	server := (&hostile{udp: alwaysCut, tcp: whole(right)}).start(t)
	r := open(t, resolver.Config{Servers: []string{server.address}, Timeout: long, CacheBytes: -1})
	for range 5 {
		if got := outcome(r.LookupTXT(t.Context(), name)); got != "right" {
			t.Fatalf("got %q", got)
		}
	}
	if got := server.connections.Load(); got != 1 {
		t.Errorf("%d connections for 5 questions", got)
	}
	if got := r.Idle(); got != 1 {
		t.Errorf("%d connections are kept", got)
	}
	r.Close()
	if got := r.Idle(); got != 0 {
		t.Errorf("%d connections are kept after Close", got)
	}
}

// A server may close a connection that was kept, or reset it when it is used
// again: the question goes over another one.
func TestTCPConnectionThatTheServerClosed(t *testing.T) {
	server := (&hostile{udp: alwaysCut, tcp: func(conn net.Conn, q *dns.Msg, n int) bool {
		if n%2 == 0 {
			return false // the second question on a connection
		}
		return whole(right)(conn, q, n)
	}}).start(t)
	r := open(t, resolver.Config{Servers: []string{server.address}, Timeout: long, CacheBytes: -1, Attempts: 1})
	for range 3 {
		if got := outcome(r.LookupTXT(t.Context(), name)); got != "right" {
			t.Fatalf("got %q", got)
		}
	}
	if got := server.connections.Load(); got != 3 {
		t.Errorf("%d connections", got)
	}
}

// Many questions at once have a connection each, of which few are kept.
func TestFewTCPConnectionsAreKept(t *testing.T) {
	const callers = 20
	var arrived sync.WaitGroup
	arrived.Add(callers)
	server := (&hostile{udp: alwaysCut, tcp: func(conn net.Conn, q *dns.Msg, _ int) bool {
		arrived.Done()
		arrived.Wait()
		return whole(q.Question[0].Name+" TXT right")(conn, q, 0)
	}}).start(t)
	r := open(t, resolver.Config{Servers: []string{server.address}, Timeout: long, Attempts: 1})
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			if got := outcome(r.LookupTXT(t.Context(), fmt.Sprintf("a%d.example.", i))); got != "right" {
				t.Errorf("got %q", got)
			}
		})
	}
	group.Wait()
	r.Settle()
	if got := r.Idle(); got != 4 {
		t.Errorf("%d connections are kept", got)
	}
}
