package zone

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"

	"github.com/miekg/dns"

	"mxrules.example/envelope"
)

// Recorder is an [envelope.Resolver] that asks another one and keeps its answers. It
// asks each question once: the first answer is the answer from then on, also if it is a
// failure. So two policies that are judged with one Recorder are judged by the same
// answers. It is safe for concurrent use (a judge does not ask a question twice at the same
// time; if you do, one of the answers is kept), and it never forgets: use one for each
// envelope.
//
// A lookup whose context ends has no answer, and the next call asks again.
type Recorder struct {
	inner envelope.Resolver

	mu      sync.Mutex
	asked   []question // in order
	answers map[question]kept
}

// question is a name in the form of normal, and a type.
type question struct {
	name string
	kind uint16
}

// kept is the answer to a question: a slice, nil while there is no answer.
type kept struct {
	value any
	err   error
}

// Record returns a Recorder that asks r, which may be nil.
func Record(r envelope.Resolver) *Recorder {
	return &Recorder{inner: r, answers: map[question]kept{}}
}

// Waits marks the Recorder as a Resolver that calls [envelope.Wait] itself.
func (r *Recorder) Waits() {}

// LookupNetIP implements [envelope.Resolver]. The network "ip" is two questions.
func (r *Recorder) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	kind := uint16(dns.TypeA)
	switch network {
	case "ip":
		return lookupBoth(func(network string) ([]netip.Addr, error) { return r.LookupNetIP(ctx, network, host) })
	case "ip6":
		kind = uint16(dns.TypeAAAA)
	}
	return keep(ctx, r, host, kind, func() ([]netip.Addr, error) { return r.inner.LookupNetIP(ctx, network, host) })
}

// LookupAddr implements [envelope.Resolver].
func (r *Recorder) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	reverse, err := dns.ReverseAddr(addr)
	if err != nil {
		reverse = "" // no zone can hold it
	}
	return keep(ctx, r, reverse, dns.TypePTR, func() ([]string, error) { return r.inner.LookupAddr(ctx, addr) })
}

// LookupMX implements [envelope.Resolver].
func (r *Recorder) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	records, err := keep(ctx, r, name, dns.TypeMX, func() ([]*net.MX, error) { return r.inner.LookupMX(ctx, name) })
	for i, mx := range records {
		own := *mx
		records[i] = &own
	}
	return records, err
}

// LookupTXT implements [envelope.Resolver].
func (r *Recorder) LookupTXT(ctx context.Context, name string) ([]string, error) {
	return keep(ctx, r, name, dns.TypeTXT, func() ([]string, error) { return r.inner.LookupTXT(ctx, name) })
}

// LookupCNAME implements [envelope.Resolver].
func (r *Recorder) LookupCNAME(ctx context.Context, host string) (string, error) {
	ends, err := keep(ctx, r, host, dns.TypeCNAME, func() ([]string, error) {
		end, err := r.inner.LookupCNAME(ctx, host)
		if end == "" {
			return nil, err
		}
		return []string{end}, err
	})
	if len(ends) == 0 {
		return "", err
	}
	return ends[0], err
}

// Exists reports whether name exists, as [envelope.Exists].
func (r *Recorder) Exists(ctx context.Context, name string) (bool, error) {
	found, err := keep(ctx, r, name, dns.TypeANY, func() ([]bool, error) {
		exists, err := envelope.Exists(ctx, r.inner, name)
		return []bool{exists}, err
	})
	return err == nil && len(found) > 0 && found[0], err
}

// keep returns the answer to a question, and asks for it unless it is kept.
func keep[T any](ctx context.Context, r *Recorder, name string, kind uint16, lookup func() ([]T, error)) ([]T, error) {
	if r.inner == nil {
		return nil, &net.DNSError{Err: "the resolver is nil", Name: name, IsTemporary: true}
	}
	if err := ctx.Err(); err != nil {
		return nil, contextError(err, name)
	}
	plain, ok := normal(name)
	if !ok {
		return lookup() // no zone can hold the name
	}
	q := question{plain, kind}
	if a, ok := r.begin(q); ok {
		return slices.Clone(a.value.([]T)), a.err
	}
	values, err := ask(ctx, r.inner, lookup)
	if err != nil && ctx.Err() != nil {
		return values, err
	}
	a := r.end(q, kept{values, err})
	return slices.Clone(a.value.([]T)), a.err
}

// ask calls lookup within [envelope.Wait], unless r calls Wait itself.
func ask[T any](ctx context.Context, r envelope.Resolver, lookup func() (T, error)) (T, error) {
	if _, ok := r.(interface{ Waits() }); ok {
		return lookup()
	}
	return envelope.Wait(ctx, lookup)
}

// begin returns the answer to a question. Without one it records that the question was
// asked.
func (r *Recorder) begin(q question) (a kept, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, asked := r.answers[q]
	if !asked {
		r.asked = append(r.asked, q)
		r.answers[q] = kept{}
	}
	return a, a.value != nil
}

// end keeps the answer to a question, unless there is one, and returns the answer that
// is kept.
func (r *Recorder) end(q question, a kept) kept {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answers[q].value == nil {
		r.answers[q] = a
	}
	return r.answers[q]
}
