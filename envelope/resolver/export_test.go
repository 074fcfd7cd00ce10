package resolver

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// Clock is a clock that stands still until a test moves it.
type Clock struct{ now atomic.Int64 }

func (c *Clock) Advance(d time.Duration) { c.now.Add(int64(d)) }

// NewAt is New with a clock for all that is kept: answers, the health of
// servers, the file.
func NewAt(config Config, clock *Clock) (*Resolver, error) {
	return newResolver(config, func() time.Duration { return time.Duration(clock.now.Load()) })
}

// Servers returns the addresses of the servers in force, and the limits.
func (r *Resolver) Servers() (addresses []string, timeout time.Duration, attempts int) {
	u := r.servers.at(r.clock())
	for _, s := range u.servers {
		addresses = append(addresses, s.name)
	}
	return addresses, u.timeout, u.attempts
}

// Idle returns how many TCP connections are kept.
func (r *Resolver) Idle() (n int) {
	for _, s := range r.servers.current.Load().servers {
		s.connections.mu.Lock()
		n += len(s.connections.idle)
		s.connections.mu.Unlock()
	}
	return n
}

// Waiting returns how many callers wait for the answers to open questions.
func (r *Resolver) Waiting() (n int) {
	r.flights.mu.Lock()
	defer r.flights.mu.Unlock()
	for _, f := range r.flights.open {
		n += f.waiting
	}
	return n
}

// Settle waits until no question is open.
func (r *Resolver) Settle() { r.flights.group.Wait() }

// Fill puts answers into the cache until there are so many.
func Fill(r *Resolver, answers int) {
	for i := range answers {
		q := question{"_dmarc.domain-" + strconv.Itoa(i) + ".example.", dns.TypeTXT}
		a := answer{outcome: found, exists: true, count: 1, data: string(appendText(nil, "v=DMARC1; p=reject; rua=mailto:postmaster@example.org"))}
		r.cache.put(q, a, maxTTL, r.clock())
	}
}

// Open returns how many questions are with servers.
func (r *Resolver) Open() int { return len(r.open) }

// Counted returns how one exchange is counted that took so long.
func Counted(took time.Duration) Latency {
	r := Resolver{cache: newCache(-1)}
	r.stats.exchanged("udp", took)
	return r.Stats().Latency
}
