package resolver_test

import (
	"fmt"
	"net"
	"sync"
	"testing"

	"github.com/miekg/dns"
	"mxrules.example/envelope/resolver"
)

func TestTCPConnectionIsReused(t *testing.T) {
	server := &hostile{udp: truncated, tcp: overTCP(answering("right"))}
	r := server.open(t, resolver.Config{CacheBytes: -1})
	for range 5 {
		wantTXT(t, r, name, "right")
	}
	if got := server.connections.Load(); got != 1 {
		t.Errorf("%d connections for 5 questions", got)
	}
	if got := r.Idle(); got != 1 {
		t.Errorf("%d idle connections", got)
	}
	r.Close()
	if got := r.Idle(); got != 0 {
		t.Errorf("%d idle connections after Close", got)
	}
}

// A server may close an idle connection. The question uses a new one.
func TestTCPConnectionThatTheServerClosed(t *testing.T) {
	server := &hostile{udp: truncated, tcp: func(conn net.Conn, q *dns.Msg, n int) bool {
		if n%2 == 0 {
			return false // the second question on a connection
		}
		return overTCP(answering("right"))(conn, q, n)
	}}
	r := server.open(t, resolver.Config{CacheBytes: -1, Attempts: 1})
	for range 3 {
		wantTXT(t, r, name, "right")
	}
	if got := server.connections.Load(); got != 3 {
		t.Errorf("%d connections", got)
	}
}

// Concurrent questions have a connection each. At most 4 stay idle.
func TestFewTCPConnectionsAreKept(t *testing.T) {
	const callers = 20
	var arrived sync.WaitGroup
	arrived.Add(callers)
	r := (&hostile{udp: truncated, tcp: func(conn net.Conn, q *dns.Msg, n int) bool {
		arrived.Done()
		arrived.Wait()
		return overTCP(answering("right"))(conn, q, n)
	}}).open(t, resolver.Config{Attempts: 1})
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() { wantTXT(t, r, fmt.Sprintf("a%d.example.", i), "right") })
	}
	group.Wait()
	r.Settle()
	if got := r.Idle(); got != 4 {
		t.Errorf("%d idle connections", got)
	}
}
