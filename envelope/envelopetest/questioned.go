package envelopetest

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"

	"mxrules.example/envelope"
)

// questioned is a Resolver that counts its questions, and that may fail them or not
// answer at all.
type questioned struct {
	inner  envelope.Resolver
	fail   func(n int) error // of the nth question; nil is no failure
	silent bool              // no answer until the context ends
	asked  atomic.Int64
}

func (q *questioned) count() int { return int(q.asked.Load()) }

// put counts a question, and returns an error if it must not be answered.
func (q *questioned) put(ctx context.Context, name string) error {
	n := int(q.asked.Add(1))
	if q.silent {
		<-ctx.Done()
		return &net.DNSError{Err: ctx.Err().Error(), Name: name, IsTimeout: true, IsTemporary: true}
	}
	if q.fail != nil {
		if err := q.fail(n); err != nil {
			return err
		}
	}
	if q.inner == nil {
		return &net.DNSError{Err: "the resolver is nil", Name: name, IsTemporary: true}
	}
	return nil
}

func (q *questioned) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if err := q.put(ctx, host); err != nil {
		return nil, err
	}
	return q.inner.LookupNetIP(ctx, network, host)
}

func (q *questioned) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	if err := q.put(ctx, addr); err != nil {
		return nil, err
	}
	return q.inner.LookupAddr(ctx, addr)
}

func (q *questioned) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	if err := q.put(ctx, name); err != nil {
		return nil, err
	}
	return q.inner.LookupMX(ctx, name)
}

func (q *questioned) LookupTXT(ctx context.Context, name string) ([]string, error) {
	if err := q.put(ctx, name); err != nil {
		return nil, err
	}
	return q.inner.LookupTXT(ctx, name)
}

func (q *questioned) LookupCNAME(ctx context.Context, host string) (string, error) {
	if err := q.put(ctx, host); err != nil {
		return "", err
	}
	return q.inner.LookupCNAME(ctx, host)
}

// Exists counts as one question, however many it takes the inner Resolver.
func (q *questioned) Exists(ctx context.Context, name string) (bool, error) {
	if err := q.put(ctx, name); err != nil {
		return false, err
	}
	return envelope.Exists(ctx, q.inner, name)
}
