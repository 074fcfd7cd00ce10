package resolver

import (
	"net/netip"
	"testing"
	"time"
)

// Each time that a hold ends, one question tries the server. As long as it does
// not answer, the next hold is twice as long, up to 80 seconds.
func TestHoldGrowsToItsBound(t *testing.T) {
	s := newServer(netip.MustParseAddrPort("192.0.2.1:53"))
	now := time.Hour
	s.failed(now)
	for _, seconds := range []time.Duration{5, 10, 20, 40, 80, 80, 80} {
		now += seconds * time.Second
		if s.ready(now - 1) {
			t.Fatalf("is tried before %d seconds", seconds)
		}
		if !s.ready(now) || s.ready(now) {
			t.Fatalf("is not tried once after %d seconds", seconds)
		}
		s.failed(now)
	}
	s.answered()
	if !s.ready(now) {
		t.Error("is on hold, though it has answered")
	}
}
