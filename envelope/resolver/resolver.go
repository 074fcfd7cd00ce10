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

// Resolver is an [envelope.Resolver] with a cache. Create it with [New], share it
// between all goroutines of a program, and close it at the end. It is safe for
// concurrent use.
type Resolver struct {
	clock      func() time.Duration // the time since New; never steps back
	servers    *servers
	cache      *cache
	flights    flights
	open       chan struct{} // holds one element for each question that is being sent
	stats      counters
	onExchange func(Exchange)
}

var _ envelope.Resolver = (*Resolver)(nil)

// New returns a Resolver. It sends nothing. It returns an
// *[envelope.SyntaxError] if config is invalid, and the error of the file system
// if the configuration file cannot be read.
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

// Close cancels all open questions and waits until all goroutines and connections
// of the Resolver have ended. Afterwards only questions whose answer is in the
// cache succeed. The error is always nil.
func (r *Resolver) Close() error {
	r.flights.close()
	r.servers.close()
	return nil
}

// Waits marks r as a Resolver that calls [envelope.Wait] itself, so that an answer
// from the cache does not count as waiting.
func (r *Resolver) Waits() {}

// LookupNetIP returns the addresses of host: of its A records for network "ip4",
// of its AAAA records for "ip6", and of both for "ip". For "ip" it returns an
// error only if it has no address at all.
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
	<-done // ctx ends this lookup too
	if addrs := append(four, six...); len(addrs) > 0 {
		return addrs, nil
	}
	if envelope.NotFound(err4) {
		return nil, err6
	}
	return nil, err4
}

// LookupAddr returns the names of the PTR records of addr, spelled as in the
// answer.
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

// LookupMX returns the MX records of name, sorted by preference.
func (r *Resolver) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	a, err := r.lookup(ctx, name, dns.TypeMX)
	if err != nil {
		return nil, err
	}
	return a.exchangers(), nil
}

// LookupTXT returns the TXT records of name. The strings of a record are joined
// without a separator, and their octets are returned unchanged.
func (r *Resolver) LookupTXT(ctx context.Context, name string) ([]string, error) {
	a, err := r.lookup(ctx, name, dns.TypeTXT)
	if err != nil {
		return nil, err
	}
	return a.texts(), nil
}

// LookupCNAME returns the name at the end of the chain of aliases that starts at
// host; host itself if it is not an alias. It asks for A records, and for AAAA
// records if there are none. A name that leads to neither is not found.
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

// Exists reports whether name exists: it is false for NXDOMAIN, and true for a
// name that has a record of any type, is an alias, or has names below it. If no
// answer in the cache tells, it asks for A records.
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

// lookup answers one question about a name as the caller spelled it. The error is
// a bare *net.DNSError.
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

// unaskable returns the error for an address that has no reverse name.
func (r *Resolver) unaskable(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return r.gone(err, name, unasked)
	}
	r.stats.ended(unasked, noName)
	return (&answer{outcome: noName}).err(name)
}

// gone returns the error for a caller whose context has ended with err.
func (r *Resolver) gone(err error, name string, from source) error {
	r.stats.ended(from, abandoned)
	late := errors.Is(err, context.DeadlineExceeded)
	return &net.DNSError{UnwrapErr: err, Err: err.Error(), Name: name, IsTimeout: late, IsTemporary: true}
}
