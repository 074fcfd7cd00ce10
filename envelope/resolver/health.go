package resolver

import (
	"iter"
	"net/netip"
	"sync"
	"time"
)

const (
	// firstHold is how long a server that failed is asked last. It doubles with
	// each failure that follows, up to maxHold.
	firstHold = 5 * time.Second
	maxHold   = 80 * time.Second
)

// server is one name server, and how it has done of late.
type server struct {
	address     netip.AddrPort
	name        string // the address as text
	connections connections

	mu    sync.Mutex
	hold  time.Duration // 0: the server is well
	until time.Duration // when the hold ends, on the clock of the Resolver
}

func newServer(address netip.AddrPort) *server {
	name := address.String()
	return &server{address: address, name: name, connections: connections{address: name}}
}

// ready reports whether to ask the server in its turn, and not last. When the
// hold of a server that failed ends, one question finds out for all others
// whether it is back.
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

// failed says that the server did not do its work. Of many questions that fail
// together the first one counts.
func (s *server) failed(now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hold == 0 {
		s.hold = firstHold
		s.until = now + s.hold
	}
}

// answered says that the server did its work.
func (s *server) answered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold = 0
}

// byHealth yields the servers in their order, but those on hold behind the
// others: they are still asked if no other answers.
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
