package resolver

import (
	"iter"
	"net/netip"
	"sync"
	"time"
)

const (
	// firstHold is the time for which a server is asked last after it failed. It
	// doubles with each further failure, up to maxHold.
	firstHold = 5 * time.Second
	maxHold   = 80 * time.Second
)

// server is one name server and its health. A server that failed is on hold: it is
// asked only if all others have failed too.
type server struct {
	address     netip.AddrPort
	name        string // the address as text
	connections connections

	mu    sync.Mutex
	hold  time.Duration // 0 if the server works
	until time.Duration // the end of the hold, on Resolver.clock
}

func newServer(address netip.AddrPort) *server {
	name := address.String()
	return &server{address: address, name: name, connections: connections{address: name}}
}

// ready reports whether the server is not on hold. After a hold it is true for one
// caller only, which tries the server; for the others the next hold has begun.
func (s *server) ready(now time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hold == 0 {
		return true
	}
	if now < s.until {
		return false
	}
	s.hold = min(2*s.hold, maxHold)
	s.until = now + s.hold
	return true
}

// failed puts the server on hold. It has no effect on a server that is on hold,
// so that many concurrent failures count once.
func (s *server) failed(now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hold == 0 {
		s.hold = firstHold
		s.until = now + s.hold
	}
}

// answered ends the hold of a server that has replied.
func (s *server) answered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold = 0
}

// byHealth yields the servers in order: first those that are not on hold, then the
// others.
func byHealth(servers []*server, clock func() time.Duration) iter.Seq[*server] {
	return func(yield func(*server) bool) {
		var onHold []*server
		for _, s := range servers {
			if !s.ready(clock()) {
				onHold = append(onHold, s)
			} else if !yield(s) {
				return
			}
		}
		for _, s := range onHold {
			if !yield(s) {
				return
			}
		}
	}
}
