package resolver

import (
	"net/netip"
	"testing"
	"time"
)

// At the end of each hold one question tries the server. While it fails, each hold
// is twice as long as the one before, up to 80 seconds.
func TestHoldDoublesUpToItsLimit(t *testing.T) {
	s := newServer(netip.MustParseAddrPort("192.0.2.1:53"))
	now := time.Hour
	s.failed(now)
	for _, seconds := range []time.Duration{5, 10, 20, 40, 80, 80, 80} {
		now += seconds * time.Second
		if s.ready(now - 1) {
			t.Fatalf("tried before %d seconds", seconds)
		}
		if !s.ready(now) || s.ready(now) {
			t.Fatalf("not tried exactly once after %d seconds", seconds)
		}
		s.failed(now)
	}
	s.answered()
	if !s.ready(now) {
		t.Error("on hold although it has answered")
	}
}
