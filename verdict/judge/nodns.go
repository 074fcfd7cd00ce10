package judge

import (
	"context"
	"net"
	"net/netip"
)

// noDNS is the resolver of a command that was given none. Its error names the flags, for a
// reader who wonders why everything is deferred.
type noDNS struct{}

func (noDNS) fail(name string) error {
	return &net.DNSError{Err: "there is no DNS: give -zone or -dns", Name: name, IsTemporary: true}
}

func (d noDNS) LookupNetIP(_ context.Context, _, name string) ([]netip.Addr, error) {
	return nil, d.fail(name)
}

func (d noDNS) LookupAddr(_ context.Context, addr string) ([]string, error) { return nil, d.fail(addr) }

func (d noDNS) LookupMX(_ context.Context, name string) ([]*net.MX, error) { return nil, d.fail(name) }

func (d noDNS) LookupTXT(_ context.Context, name string) ([]string, error) { return nil, d.fail(name) }

func (d noDNS) LookupCNAME(_ context.Context, name string) (string, error) { return "", d.fail(name) }

// Waits says that no question waits.
func (noDNS) Waits() {}
