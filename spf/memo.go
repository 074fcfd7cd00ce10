package spf

import (
	"context"
	"net"
	"net/netip"

	"mxrules.example/envelope"
)

// memo is a Resolver that asks each question once in a judgement, so that an
// evaluation and what reads ahead of it share the answers.
type memo struct{ envelope.Resolver }

type answerKey struct{ kind, name string }

// Unwrap returns the Resolver that is asked.
func (m *memo) Unwrap() envelope.Resolver { return m.Resolver }

func (m *memo) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	return envelope.Once(ctx, answerKey{network, host}, func() ([]netip.Addr, error) {
		return m.Resolver.LookupNetIP(ctx, network, host)
	})
}

func (m *memo) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	return envelope.Once(ctx, answerKey{"PTR", addr}, func() ([]string, error) { return m.Resolver.LookupAddr(ctx, addr) })
}

func (m *memo) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	return envelope.Once(ctx, answerKey{"MX", name}, func() ([]*net.MX, error) { return m.Resolver.LookupMX(ctx, name) })
}

func (m *memo) LookupTXT(ctx context.Context, name string) ([]string, error) {
	return envelope.Once(ctx, answerKey{"TXT", name}, func() ([]string, error) { return m.Resolver.LookupTXT(ctx, name) })
}
