package verdict

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"mxrules.example/envelope"
)

// Question is one question that a rule put to DNS.
type Question struct {
	Type string // "A", "AAAA", "PTR", "MX", "TXT", "CNAME", or "EXISTS" for envelope.Exists
	Name string // as it was put
	// Reused says that the judgement had the answer already.
	Reused bool
	// Err is the error of the answer, nil if there were records.
	Err error
	// Duration is how long the answer took.
	Duration time.Duration
}

// asker is the Resolver that one rule sees: it puts each question once per
// judgement, whoever asks, and writes down what its rule asked.
type asker struct {
	inner envelope.Resolver

	mu        sync.Mutex // a check may ask from several goroutines
	questions []Question
}

func (a *asker) asked() []Question {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.questions)
}

type lookupKey struct{ kind, name string }

// put answers a question from the memo of the judgement or by lookup.
func put[T any](ctx context.Context, a *asker, kind, name string, lookup func(envelope.Resolver) (T, error)) (T, error) {
	began, reused := time.Now(), true
	records, err := envelope.Once(ctx, lookupKey{kind, name}, func() (T, error) {
		reused = false
		if a.inner == nil {
			var none T
			return none, &net.DNSError{Err: "there is no resolver", Name: name, IsTemporary: true}
		}
		return lookup(a.inner)
	})
	asked := Question{Type: kind, Name: name, Reused: reused, Err: err, Duration: time.Since(began)}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.questions = append(a.questions, asked)
	return records, err
}

func (a *asker) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	kind := "A"
	switch network {
	case "ip6":
		kind = "AAAA"
	case "ip":
		kind = "A+AAAA"
	}
	return put(ctx, a, kind, host, func(r envelope.Resolver) ([]netip.Addr, error) {
		return r.LookupNetIP(ctx, network, host)
	})
}

func (a *asker) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	return put(ctx, a, "PTR", addr, func(r envelope.Resolver) ([]string, error) { return r.LookupAddr(ctx, addr) })
}

func (a *asker) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	return put(ctx, a, "MX", name, func(r envelope.Resolver) ([]*net.MX, error) { return r.LookupMX(ctx, name) })
}

func (a *asker) LookupTXT(ctx context.Context, name string) ([]string, error) {
	return put(ctx, a, "TXT", name, func(r envelope.Resolver) ([]string, error) { return r.LookupTXT(ctx, name) })
}

func (a *asker) LookupCNAME(ctx context.Context, host string) (string, error) {
	return put(ctx, a, "CNAME", host, func(r envelope.Resolver) (string, error) { return r.LookupCNAME(ctx, host) })
}

// Exists lets envelope.Exists ask through the memo.
func (a *asker) Exists(ctx context.Context, name string) (bool, error) {
	return put(ctx, a, "EXISTS", name, func(r envelope.Resolver) (bool, error) { return envelope.Exists(ctx, r, name) })
}

// Unwrap returns the Resolver of the judgement.
func (a *asker) Unwrap() envelope.Resolver { return a.inner }
