package judge

import (
	"context"
	"hash/fnv"
	"net"
	"net/netip"
	"time"

	"mxrules.example/envelope"
)

// slow is a Resolver whose answers take between delay and twice delay. The time
// depends on the question alone, so that no output depends on chance.
type slow struct {
	envelope.Resolver
	delay time.Duration
}

// after returns the answer to a question after its time.
func after[T any](ctx context.Context, s slow, question string, lookup func() (T, error)) (T, error) {
	hash := fnv.New32a()
	hash.Write([]byte(question))
	select {
	case <-time.After(s.delay + s.delay*time.Duration(hash.Sum32()%100)/100):
		return lookup()
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

func (s slow) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	return after(ctx, s, network+" "+host, func() ([]netip.Addr, error) { return s.Resolver.LookupNetIP(ctx, network, host) })
}

func (s slow) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	return after(ctx, s, "PTR "+addr, func() ([]string, error) { return s.Resolver.LookupAddr(ctx, addr) })
}

func (s slow) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	return after(ctx, s, "MX "+name, func() ([]*net.MX, error) { return s.Resolver.LookupMX(ctx, name) })
}

func (s slow) LookupTXT(ctx context.Context, name string) ([]string, error) {
	return after(ctx, s, "TXT "+name, func() ([]string, error) { return s.Resolver.LookupTXT(ctx, name) })
}

func (s slow) LookupCNAME(ctx context.Context, host string) (string, error) {
	return after(ctx, s, "CNAME "+host, func() (string, error) { return s.Resolver.LookupCNAME(ctx, host) })
}
