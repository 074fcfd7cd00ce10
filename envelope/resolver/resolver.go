package resolver

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/miekg/dns"
	"mxrules.example/envelope"
	"mxrules.example/envelope/internal/presentation"
)

// Resolver is an [envelope.Resolver] that can tell a name that does not exist
// from a name without the record asked for. Make one with New, use it from as
// many goroutines as there are, and close it at the end.
type Resolver struct {
	clock      func() time.Duration // since the Resolver was made; never steps back
	servers    *servers
	cache      *cache
	flights    flights
	open       chan struct{} // full: as many questions are with servers as may be
	stats      counters
	onExchange func(Exchange)
}

var _ envelope.Resolver = (*Resolver)(nil)

// New makes a Resolver. It asks nothing yet. The error says what is wrong with
// config, or that the file that it names can't be read.
func New(config Config) (*Resolver, error) {
	began := time.Now()
	return newResolver(config, func() time.Duration { return time.Since(began) })
}

func newResolver(config Config, clock func() time.Duration) (*Resolver, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	servers, err := newServers(config)
	if err != nil {
		return nil, err
	}
	return &Resolver{
		clock:      clock,
		servers:    servers,
		cache:      newCache(cmp.Or(config.CacheBytes, defaultCacheBytes)),
		flights:    flights{open: map[question]*flight{}},
		open:       make(chan struct{}, maxOpen),
		onExchange: config.OnExchange,
	}, nil
}

// Close ends all questions that are open, and waits until no goroutine and no
// connection of the Resolver is left. Questions put later fail, but for what is
// in the cache. The error is always nil.
func (r *Resolver) Close() error {
	r.flights.close()
	r.servers.close()
	return nil
}

// Waits says that the resolver itself tells a judgement when it waits: not for an
// answer that is in its cache.
func (r *Resolver) Waits() {}

// LookupNetIP returns the addresses of host: its A records for network "ip4",
// its AAAA records for "ip6", and both for "ip". Of both, those that were found
// make up for a failure to find the others.
func (r *Resolver) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	switch network {
	case "ip4":
		return r.addresses(ctx, host, dns.TypeA)
	case "ip6":
		return r.addresses(ctx, host, dns.TypeAAAA)
	case "ip":
		return r.bothAddresses(ctx, host)
	}
	return nil, &net.DNSError{Err: "unknown network " + strconv.Quote(network), Name: host, IsTemporary: true}
}

func (r *Resolver) addresses(ctx context.Context, host string, kind uint16) ([]netip.Addr, error) {
	a, err := r.lookup(ctx, host, kind)
	if err != nil {
		return nil, err
	}
	return a.addresses(), nil
}

func (r *Resolver) bothAddresses(ctx context.Context, host string) ([]netip.Addr, error) {
	var six []netip.Addr
	var err6 error
	done := make(chan struct{})
	go func() {
		defer close(done)
		six, err6 = r.addresses(ctx, host, dns.TypeAAAA)
	}()
	four, err4 := r.addresses(ctx, host, dns.TypeA)
	<-done // it ends with ctx, as the other does
	if addrs := append(four, six...); len(addrs) > 0 {
		return addrs, nil
	}
	if envelope.NotFound(err4) {
		return nil, err6
	}
	return nil, err4
}

// LookupAddr returns the names of the PTR records of an address, as the answer
// has them.
func (r *Resolver) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	name, ok := reverseName(addr)
	if !ok {
		return nil, r.unaskable(ctx, addr)
	}
	a, err := r.lookup(ctx, name, dns.TypePTR)
	if err != nil {
		return nil, err
	}
	return a.texts(), nil
}

// LookupMX returns the MX records of name in the order of their preference.
func (r *Resolver) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	a, err := r.lookup(ctx, name, dns.TypeMX)
	if err != nil {
		return nil, err
	}
	return a.exchangers(), nil
}

// LookupTXT returns the TXT records of name, octet by octet as they are on the
// wire, the strings of each joined.
func (r *Resolver) LookupTXT(ctx context.Context, name string) ([]string, error) {
	a, err := r.lookup(ctx, name, dns.TypeTXT)
	if err != nil {
		return nil, err
	}
	return a.texts(), nil
}

// LookupCNAME returns the name at the end of the aliases of host, which is host
// itself if it is none. It asks for A records, and for AAAA records if there
// are none; a name that leads to neither is not found.
func (r *Resolver) LookupCNAME(ctx context.Context, host string) (string, error) {
	a, err := r.lookup(ctx, host, dns.TypeA)
	if a.outcome == noRecord {
		a, err = r.lookup(ctx, host, dns.TypeAAAA)
	}
	if err != nil {
		return "", err
	}
	if a.end != "" {
		return a.end, nil
	}
	name, _ := presentation.Name(host)
	return presentation.Plain(name), nil
}

// Exists reports whether name exists: false for NXDOMAIN, true for a name with
// any record, with an alias, or with names below it. It asks for an A record if
// no answer in the cache tells.
func (r *Resolver) Exists(ctx context.Context, name string) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, r.gone(err, name, unasked)
	}
	if q, ok := presentation.Name(name); ok {
		for _, kind := range [...]uint16{dns.TypeA, dns.TypeMX, dns.TypeTXT, dns.TypeAAAA} {
			if a, ok := r.cache.get(question{q, kind}, r.clock()); ok && a.outcome != failed && a.outcome != timedOut {
				r.stats.ended(cached, a.outcome)
				return a.exists || a.outcome == noRecord, nil
			}
		}
	}
	a, err := r.lookup(ctx, name, dns.TypeA)
	switch {
	case err == nil || a.outcome == noRecord:
		return true, nil
	case envelope.NotFound(err):
		return a.exists, nil
	}
	return false, err
}

// lookup answers one question, for a name as a caller has it. The error is a
// bare *net.DNSError.
func (r *Resolver) lookup(ctx context.Context, name string, kind uint16) (answer, error) {
	if err := ctx.Err(); err != nil {
		return answer{}, r.gone(err, name, unasked)
	}
	normal, ok := presentation.Name(name)
	if !ok {
		r.stats.ended(unasked, noName)
		a := answer{outcome: noName}
		return a, a.err(name)
	}
	q := question{normal, kind}
	from := cached
	a, ok := r.cache.get(q, r.clock())
	if !ok {
		if a, from, ok = r.ask(ctx, q); !ok {
			return answer{}, r.gone(ctx.Err(), name, from)
		}
	}
	r.stats.ended(from, a.outcome)
	return a, a.err(name)
}

// unaskable is the error for what no zone can hold.
func (r *Resolver) unaskable(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return r.gone(err, name, unasked)
	}
	r.stats.ended(unasked, noName)
	return (&answer{outcome: noName}).err(name)
}

// gone is the error for a caller whose context has ended.
func (r *Resolver) gone(err error, name string, from source) error {
	r.stats.ended(from, left)
	late := errors.Is(err, context.DeadlineExceeded)
	return &net.DNSError{UnwrapErr: err, Err: err.Error(), Name: name, IsTimeout: late, IsTemporary: true}
}
