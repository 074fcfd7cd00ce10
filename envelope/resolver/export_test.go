package resolver

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// Clock is a clock that a test moves.
type Clock struct{ now atomic.Int64 }

func (c *Clock) Advance(d time.Duration) { c.now.Add(int64(d)) }

// NewAt is New with a clock for the cache, the health of servers and the
// configuration file.
func NewAt(config Config, clock *Clock) (*Resolver, error) {
	return newResolver(config, func() time.Duration { return time.Duration(clock.now.Load()) })
}

// Servers returns the addresses of the servers, the timeout and the attempts.
func (r *Resolver) Servers() (addresses []string, timeout time.Duration, attempts int) {
	u := r.servers.at(r.clock())
	for _, s := range u.servers {
		addresses = append(addresses, s.name)
	}
	return addresses, u.timeout, u.attempts
}

// Idle returns the number of idle TCP connections.
func (r *Resolver) Idle() (n int) {
	for _, s := range r.servers.current.Load().servers {
		s.connections.mu.Lock()
		n += len(s.connections.idle)
		s.connections.mu.Unlock()
	}
	return n
}

// Waiting returns the number of callers that wait for open questions.
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

// Fill fills the cache with a number of answers.
func Fill(r *Resolver, answers int) {
	for i := range answers {
		q := question{"_dmarc.domain-" + strconv.Itoa(i) + ".example.", dns.TypeTXT}
		a := answer{outcome: found, exists: true, count: 1, data: string(appendText(nil, "v=DMARC1; p=reject; rua=mailto:postmaster@example.org"))}
		r.cache.put(q, a, maxTTL, r.clock())
	}
}

// Open returns the number of questions that are being sent.
func (r *Resolver) Open() int { return len(r.open) }
