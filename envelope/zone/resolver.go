package zone

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"
	"mxrules.example/envelope/internal/presentation"
)

// LookupNetIP returns the addresses of host: of its A records for network "ip4", of
// its AAAA records for "ip6", and of both for "ip", which is two questions.
func (z *Zone) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	switch network {
	case "ip4":
		return lookup(ctx, z, host, dns.TypeA, address)
	case "ip6":
		return lookup(ctx, z, host, dns.TypeAAAA, address)
	case "ip":
		return lookupBoth(func(network string) ([]netip.Addr, error) { return z.LookupNetIP(ctx, network, host) })
	}
	return nil, &net.DNSError{Err: "unknown network " + strconv.Quote(network), Name: host}
}

// lookupBoth asks for both families. As with *net.Resolver, a failure is an error
// only if there is no address at all.
func lookupBoth(lookup func(network string) ([]netip.Addr, error)) ([]netip.Addr, error) {
	four, err4 := lookup("ip4")
	six, err6 := lookup("ip6")
	if addrs := append(four, six...); len(addrs) > 0 {
		return addrs, nil
	}
	if dnsErr, ok := err4.(*net.DNSError); ok && dnsErr.IsNotFound {
		return nil, err6
	}
	return nil, err4
}

// LookupAddr returns the names of the PTR records of an address. The log has the
// question for the reverse name.
func (z *Zone) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return nil, &net.DNSError{Err: "not an IP address", Name: addr, IsNotFound: true}
	}
	reverse, err := dns.ReverseAddr(ip.Unmap().WithZone("").String())
	if err != nil {
		return nil, &net.DNSError{Err: "not an IP address", Name: addr, IsNotFound: true}
	}
	return lookup(ctx, z, reverse, dns.TypePTR, func(rr dns.RR) string {
		return presentation.Plain(rr.(*dns.PTR).Ptr)
	})
}

// LookupMX returns the MX records of name, sorted by preference; records of equal
// preference are in the order of the text.
func (z *Zone) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	records, err := lookup(ctx, z, name, dns.TypeMX, func(rr dns.RR) *net.MX {
		mx := rr.(*dns.MX)
		return &net.MX{Host: presentation.Plain(mx.Mx), Pref: mx.Preference}
	})
	slices.SortStableFunc(records, func(a, b *net.MX) int { return cmp.Compare(a.Pref, b.Pref) })
	return records, err
}

// LookupTXT returns the TXT records of name. The strings of a record are joined
// without a separator.
func (z *Zone) LookupTXT(ctx context.Context, name string) ([]string, error) {
	return lookup(ctx, z, name, dns.TypeTXT, func(rr dns.RR) string {
		return presentation.Octets(strings.Join(rr.(*dns.TXT).Txt, ""))
	})
}

// LookupCNAME returns the name at the end of the chain of aliases that starts at
// host; host itself if it is not an alias. It is not found if that name has no
// address. The log has one question of type CNAME.
func (z *Zone) LookupCNAME(ctx context.Context, host string) (string, error) {
	a, err := z.question(ctx, host, dns.TypeCNAME, z.solveAlias)
	switch {
	case err != nil:
		return "", err
	case len(a.records) == 0:
		return "", &net.DNSError{Err: noRecord, Name: host, IsNotFound: true}
	}
	return presentation.Plain(a.end), nil
}

// Waits marks z as a Resolver that calls [envelope.Wait] itself: only delayed
// answers count as waiting.
func (z *Zone) Waits() {}

// Exists reports whether name exists: it is false for NXDOMAIN, and true for a name
// that has a record of any type, is an alias, or has names below it. The log has a
// question of type ANY; faults of that type or of all types apply.
func (z *Zone) Exists(ctx context.Context, name string) (bool, error) {
	_, err := z.question(ctx, name, dns.TypeANY, z.solve)
	if dnsErr, ok := err.(*net.DNSError); ok && dnsErr.IsNotFound {
		return false, nil
	}
	return err == nil, err
}

const (
	noName   = "no such name (NXDOMAIN)"
	noRecord = "no such record (NODATA)"
)

// lookup asks a question and converts the records of its answer. The error is a
// bare *net.DNSError.
func lookup[T any](ctx context.Context, z *Zone, name string, kind uint16, convert func(dns.RR) T) ([]T, error) {
	a, err := z.question(ctx, name, kind, z.solve)
	if err == nil && len(a.records) == 0 {
		err = &net.DNSError{Err: noRecord, Name: name, IsNotFound: true}
	}
	if err != nil {
		return nil, err
	}
	values := make([]T, len(a.records))
	for i, rr := range a.records {
		values[i] = convert(rr)
	}
	return values, nil
}

// question asks a question about a name as the caller spelled it. The error is a
// bare *net.DNSError.
func (z *Zone) question(ctx context.Context, name string, kind uint16, solve func(string, uint16) *answer) (*answer, error) {
	plain, ok := normal(name)
	if !ok {
		return nil, &net.DNSError{Err: noName, Name: name, IsNotFound: true}
	}
	a, err := z.ask(ctx, plain, kind, solve)
	if err != nil {
		return nil, contextError(err, name)
	}
	switch {
	case a.loop:
		return a, &net.DNSError{Err: "too many aliases", Name: name, IsTemporary: true}
	case a.fault == SERVFAIL:
		return a, &net.DNSError{Err: "SERVFAIL", Name: name, IsTemporary: true}
	case a.fault == REFUSED:
		return a, &net.DNSError{Err: "REFUSED", Name: name}
	case a.fault == Timeout:
		return a, &net.DNSError{Err: "timeout", Name: name, IsTimeout: true, IsTemporary: true}
	case a.missing:
		return a, &net.DNSError{Err: noName, Name: name, IsNotFound: true}
	}
	return a, nil
}

func contextError(err error, name string) error {
	late := errors.Is(err, context.DeadlineExceeded)
	return &net.DNSError{UnwrapErr: err, Err: err.Error(), Name: name, IsTimeout: late, IsTemporary: true}
}

func address(rr dns.RR) netip.Addr {
	var addr netip.Addr
	switch rr := rr.(type) {
	case *dns.A:
		addr, _ = netip.AddrFromSlice(rr.A.To4())
	case *dns.AAAA:
		addr, _ = netip.AddrFromSlice(rr.AAAA.To16())
	}
	return addr
}
