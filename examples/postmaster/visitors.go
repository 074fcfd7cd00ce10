package postmaster

import (
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxVisitors is how many visitors the form remembers.
const maxVisitors = 10_000

// peer returns the address that a request came from.
func peer(r *http.Request) netip.Addr {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	ip, _ := netip.ParseAddr(host)
	return ip.Unmap().WithZone("")
}

// BehindProxies returns the Site.Visitor of pages behind proxies in some networks, each of
// which adds the address of its client to X-Forwarded-For. The visitor is the last address
// there that is not a proxy's, because a visitor can write anything before it. The address
// is not valid if that is not an IP address.
func BehindProxies(proxies ...netip.Prefix) func(*http.Request) netip.Addr {
	isProxy := func(ip netip.Addr) bool {
		return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(ip) })
	}
	return func(r *http.Request) netip.Addr {
		visitor := peer(r)
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for _, hop := range slices.Backward(hops) {
			if !isProxy(visitor) {
				break
			}
			ip, _ := netip.ParseAddr(strings.TrimSpace(hop))
			visitor = ip.Unmap().WithZone("")
		}
		return visitor
	}
}

// network returns the address of a visitor, or the network of an IPv6 address.
func network(ip netip.Addr) string {
	if ip.Is6() {
		prefix, _ := ip.Prefix(64)
		return prefix.String()
	}
	return ip.String()
}

// limiter bounds the tests in an hour, of a visitor or by a link.
type limiter struct {
	most  int
	mu    sync.Mutex
	seen  map[string]*visits
	swept time.Time
}

// visits are the tests since a time.
type visits struct {
	since time.Time
	count int
}

func (v *visits) over(now time.Time) bool {
	return now.Sub(v.since) >= time.Hour || now.Before(v.since)
}

// take counts a test, and reports whether it is within the limit. When there are too many
// visitors, new ones are refused until those of earlier hours are forgotten, once a
// minute.
func (l *limiter) take(visitor string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := l.seen[visitor]
	if v == nil && len(l.seen) >= maxVisitors && now.Sub(l.swept) >= time.Minute {
		maps.DeleteFunc(l.seen, func(_ string, v *visits) bool { return v.over(now) })
		l.swept = now
	}
	switch {
	case v == nil && len(l.seen) >= maxVisitors:
		return false
	case v == nil || v.over(now):
		v = &visits{since: now}
		l.seen[visitor] = v
	}
	v.count++
	return v.count <= l.most
}
