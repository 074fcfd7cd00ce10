package envelope

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Resolver answers questions of DNS. *[net.Resolver] is one as it stands;
// package envelope/zone has one for tests.
//
// The contract, which the suite envelopetest.TestResolver holds every Resolver
// to:
//
//   - Names go in absolute, with a final dot, in lower case and A-labels, so
//     that no search list is ever applied. Checks ask through [LookupIP],
//     [LookupPTR], [LookupMX], [LookupTXT] and [LookupCNAME], which see to that.
//   - An error is a *[net.DNSError], never wrapped, also when the context ends.
//   - IsNotFound means that there is no such record: NXDOMAIN or NODATA.
//     Whatever is not IsNotFound is a temporary failure, flags or not: SERVFAIL,
//     REFUSED, a timeout, an answer that makes no sense. REFUSED is the
//     resolver's own trouble and never the sender's fault.
//   - No answer and no error means the same as IsNotFound. Answers beside an
//     error count, and the error does not.
//   - LookupNetIP with network "ip4" asks for A records only, with "ip6" for
//     AAAA only. Addresses of "ip4" are plain IPv4.
//   - LookupAddr takes the address as text and returns the names of its PTR
//     records. LookupMX sorts by preference; a null MX (RFC 7505) is the host
//     ".". LookupTXT joins the strings of one record without a separator.
//     LookupCNAME returns the name at the end of the chain of aliases, for a
//     name that leads to an address.
//   - Names in answers end with a dot. What is returned belongs to the caller.
//     Any text may be asked for, and what no zone can hold is not found.
//   - A Resolver is safe for use by many goroutines and returns soon after its
//     context ends.
//
// A nil Resolver fails every question. A Resolver that can tell a name that
// does not exist from a name without the record asked for has a method
// Exists(ctx, name) (bool, error) besides, which [Exists] finds; one that wraps
// another has Unwrap() Resolver. A Resolver that calls [Wait] itself whenever it
// waits for the network, and not for what it knows, has a method Waits(); every
// question to any other Resolver counts as waiting.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupAddr(ctx context.Context, addr string) ([]string, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupCNAME(ctx context.Context, host string) (string, error)
}

var _ Resolver = (*net.Resolver)(nil)

// NotFound reports whether err says that DNS has no such record. Every other
// error of a lookup is temporary.
func NotFound(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}

// LookupIP asks for the addresses of name: A records for network "ip4", AAAA
// for "ip6". A name that DNS can't be asked for is not found, and nothing is
// asked. The error is a bare *[net.DNSError].
func LookupIP(ctx context.Context, r Resolver, network, name string) ([]netip.Addr, error) {
	return ask(ctx, r, name, func(name string) ([]netip.Addr, error) {
		addrs, err := r.LookupNetIP(ctx, network, name)
		if network != "ip4" {
			return addrs, err
		}
		plain := make([]netip.Addr, len(addrs))
		for i, addr := range addrs {
			plain[i] = addr.Unmap()
		}
		return plain, err
	})
}

// LookupPTR asks for the names of addr, as the answer has them: they may be
// anything. An invalid address has none, and nothing is asked. The error is a
// bare *[net.DNSError].
func LookupPTR(ctx context.Context, r Resolver, addr netip.Addr) ([]string, error) {
	if !addr.IsValid() {
		return nil, noRecord("")
	}
	text := addr.Unmap().WithZone("").String()
	names, err := answer(ctx, r, text, func() ([]string, error) { return r.LookupAddr(ctx, text) })
	return names, err
}

// LookupMX asks for the MX records of name, as the answer has them, in the
// order of their preference. A null MX has the host "." (RFC 7505). Errors are
// as those of LookupIP.
func LookupMX(ctx context.Context, r Resolver, name string) ([]*net.MX, error) {
	return ask(ctx, r, name, func(name string) ([]*net.MX, error) { return r.LookupMX(ctx, name) })
}

// IsNullMX reports whether MX records say that their domain accepts no mail: every
// host is "." (RFC 7505). A null MX next to other records, which RFC 7505, section 3
// forbids, does not count.
func IsNullMX(records []*net.MX) bool {
	return len(records) > 0 && !slices.ContainsFunc(records, func(mx *net.MX) bool { return mx.Host != "." })
}

// LookupTXT asks for the TXT records of name, each as one text. Errors are as
// those of LookupIP.
func LookupTXT(ctx context.Context, r Resolver, name string) ([]string, error) {
	return ask(ctx, r, name, func(name string) ([]string, error) { return r.LookupTXT(ctx, name) })
}

// LookupCNAME asks for the name at the end of the chain of aliases that begins
// with name, as the answer has it: name itself, with its final dot, if it is no
// alias. A name that leads to no address is not found. It is the dearest of the
// questions, because *[net.Resolver] asks for the addresses too. Errors are as
// those of LookupIP.
func LookupCNAME(ctx context.Context, r Resolver, name string) (string, error) {
	names, err := ask(ctx, r, name, func(name string) ([]string, error) {
		end, err := r.LookupCNAME(ctx, name)
		if end == "" {
			return nil, err
		}
		return []string{end}, err
	})
	if err != nil {
		return "", err
	}
	return names[0], nil
}

// ask brings a name into the form that the contract wants before lookup sees
// it. A name that no zone can hold does not exist.
func ask[T any](ctx context.Context, r Resolver, name string, lookup func(name string) ([]T, error)) ([]T, error) {
	plain, reason := normalise(name)
	if reason != "" {
		return nil, noRecord(name)
	}
	return answer(ctx, r, plain, func() ([]T, error) { return lookup(plain + ".") })
}

// answer makes one of two things of what a Resolver says: records, or a bare
// *net.DNSError that is either not found or temporary.
func answer[T any](ctx context.Context, r Resolver, name string, lookup func() ([]T, error)) ([]T, error) {
	if r == nil {
		return nil, &net.DNSError{Err: "there is no resolver", Name: name, IsTemporary: true}
	}
	if err := ctx.Err(); err != nil {
		return nil, dnsError(err, name)
	}
	records, err := waiting(ctx, r, lookup)
	switch {
	case len(records) > 0:
		return records, nil
	case err == nil:
		return nil, noRecord(name)
	}
	return nil, dnsError(err, name)
}

// waiting calls lookup, and tells the judgement that it may wait unless r does
// that itself.
func waiting[T any](ctx context.Context, r Resolver, lookup func() (T, error)) (T, error) {
	if _, ok := within[interface{ Waits() }](r); ok {
		return lookup()
	}
	return Wait(ctx, lookup)
}

// within returns the first that has the methods of T: r, or a Resolver that it
// wraps.
func within[T any](r Resolver) (found T, ok bool) {
	for r != nil {
		if found, ok = r.(T); ok {
			return found, true
		}
		wrapper, wraps := r.(interface{ Unwrap() Resolver })
		if !wraps {
			break
		}
		r = wrapper.Unwrap()
	}
	return found, false
}

func noRecord(name string) error {
	return &net.DNSError{Err: "no such record", Name: name, IsNotFound: true}
}

// dnsError brings the error of a lookup of name into the form of the contract.
func dnsError(err error, name string) error {
	var dns *net.DNSError
	if !errors.As(err, &dns) {
		timeout := errors.Is(err, context.DeadlineExceeded)
		return &net.DNSError{UnwrapErr: err, Err: err.Error(), Name: name, IsTimeout: timeout, IsTemporary: true}
	}
	// *net.Resolver leaves out records whose data is no name. If none is left
	// it says so in words, without a flag; to us that is an answer without a
	// usable record.
	if strings.Contains(dns.Err, "contain invalid names") {
		return &net.DNSError{UnwrapErr: err, Err: dns.Err, Name: name, IsNotFound: true}
	}
	if dns.IsNotFound || dns.IsTimeout || dns.IsTemporary {
		return dns
	}
	flagged := *dns // REFUSED, for one, comes without a flag
	flagged.IsTemporary = true
	return &flagged
}

// Exists reports whether name exists in DNS with any record or with names
// below it: false only for NXDOMAIN (RFC 8020), true for NODATA. If the
// Resolver, or one that it wraps, can't tell the two apart, a name exists that
// has an A, AAAA or MX record. Errors are as those of LookupIP, and never say
// not found.
func Exists(ctx context.Context, r Resolver, name string) (bool, error) {
	plain, reason := normalise(name)
	if reason != "" {
		return false, nil
	}
	if err := ctx.Err(); err != nil {
		return false, dnsError(err, plain)
	}
	type teller interface {
		Exists(ctx context.Context, name string) (bool, error)
	}
	if teller, ok := within[teller](r); ok {
		exists, err := waiting(ctx, r, func() (bool, error) { return teller.Exists(ctx, plain+".") })
		if err != nil && !NotFound(err) {
			return false, dnsError(err, plain)
		}
		return exists, nil
	}
	return existsByRecords(ctx, r, plain)
}

func existsByRecords(ctx context.Context, r Resolver, name string) (bool, error) {
	_, err := LookupIP(ctx, r, "ip4", name)
	if NotFound(err) {
		_, err = LookupIP(ctx, r, "ip6", name)
	}
	if NotFound(err) {
		_, err = LookupMX(ctx, r, name)
	}
	if NotFound(err) {
		return false, nil
	}
	return err == nil, err
}
