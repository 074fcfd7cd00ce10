package envelope

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Resolver asks DNS. A *[net.Resolver] is one, envelope/resolver has one for
// production and envelope/zone one for tests.
//
// The suite envelopetest.TestResolver tests this contract:
//
//   - Names are absolute, with a final dot, in lower case and A-labels, so that no
//     search list is applied. Checks ask through [LookupIP], [LookupPTR],
//     [LookupMX], [LookupTXT] and [LookupCNAME], which convert the name.
//   - An error is a *[net.DNSError], never wrapped, also when the context ends.
//   - IsNotFound means that there is no such record: NXDOMAIN or NODATA. Every
//     other error is a temporary failure, whatever its flags: SERVFAIL, REFUSED, a
//     timeout, an invalid answer. REFUSED is a failure of the resolver, not of the
//     domain.
//   - No answer and no error means the same as IsNotFound. If there are both answers
//     and an error, the error is ignored.
//   - LookupNetIP with network "ip4" asks for A records only, with "ip6" for AAAA
//     records only. Addresses of "ip4" are not IPv4-mapped.
//   - LookupAddr takes the address as text and returns the names of its PTR records.
//     LookupMX sorts by preference; a null MX (RFC 7505) has the host ".".
//     LookupTXT joins the strings of one record without a separator. LookupCNAME
//     returns the name at the end of the chain of aliases, if that name has an
//     address.
//   - Names in answers end with a dot. The caller owns what is returned. The name
//     asked for may be any text; one that no zone can hold is not found.
//   - A Resolver is safe for concurrent use and returns soon after its context ends.
//
// A nil Resolver fails every question. Three more methods are optional:
//
//   - Exists(ctx, name) (bool, error) tells NXDOMAIN from NODATA, for [Exists].
//   - Unwrap() Resolver returns the Resolver that this one wraps.
//   - Waits() says that the Resolver calls [Wait] itself while it waits for the
//     network, and not for answers that it has cached. Without Waits every question
//     counts as waiting.
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
	switch err := err.(type) {
	case nil:
		return false
	case *net.DNSError: // as the functions here return it
		return err.IsNotFound
	}
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}

// LookupIP returns the addresses of name: A records for network "ip4", AAAA records
// for "ip6". A name that is not valid in DNS is not found, without a question. The
// error is a *[net.DNSError], not wrapped.
func LookupIP(ctx context.Context, r Resolver, network, name string) ([]netip.Addr, error) {
	return ask(ctx, r, name, func(name string) ([]netip.Addr, error) {
		addrs, err := r.LookupNetIP(ctx, network, name)
		if network != "ip4" || !slices.ContainsFunc(addrs, netip.Addr.Is4In6) {
			return addrs, err
		}
		plain := make([]netip.Addr, len(addrs))
		for i, addr := range addrs {
			plain[i] = addr.Unmap()
		}
		return plain, err
	})
}

// LookupPTR returns the names of the PTR records of addr, unchanged: they may be any
// text. An invalid address is not found, without a question. The error is a
// *[net.DNSError], not wrapped.
func LookupPTR(ctx context.Context, r Resolver, addr netip.Addr) ([]string, error) {
	if !addr.IsValid() {
		return nil, noRecord("")
	}
	text := addr.Unmap().WithZone("").String()
	names, err := answer(ctx, r, text, func() ([]string, error) { return r.LookupAddr(ctx, text) })
	return names, err
}

// LookupMX returns the MX records of name in the order of their preference, with
// their hosts unchanged. A null MX has the host "." (RFC 7505). Errors are as those
// of LookupIP.
func LookupMX(ctx context.Context, r Resolver, name string) ([]*net.MX, error) {
	return ask(ctx, r, name, func(name string) ([]*net.MX, error) { return r.LookupMX(ctx, name) })
}

// IsNullMX reports whether MX records say that their domain accepts no mail: every
// host is "." (RFC 7505). A null MX next to other records, which RFC 7505, section 3
// forbids, does not count.
func IsNullMX(records []*net.MX) bool {
	return len(records) > 0 && !slices.ContainsFunc(records, func(mx *net.MX) bool { return mx.Host != "." })
}

// LookupTXT returns the TXT records of name, each as one string. Errors are as those
// of LookupIP.
func LookupTXT(ctx context.Context, r Resolver, name string) ([]string, error) {
	return ask(ctx, r, name, func(name string) ([]string, error) { return r.LookupTXT(ctx, name) })
}

// LookupCNAME returns the name at the end of the chain of aliases that begins with
// name: name itself, with a final dot, if it is not an alias. A name that leads to
// no address is not found. It is the most expensive question, because
// *[net.Resolver] asks for the addresses too. Errors are as those of LookupIP.
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

// ask calls lookup with name in the form of the contract. A name that is not valid in
// DNS is not found.
func ask[T any](ctx context.Context, r Resolver, name string, lookup func(name string) ([]T, error)) ([]T, error) {
	plain, reason := normalise(name)
	if reason != "" {
		return nil, noRecord(name)
	}
	return answer(ctx, r, plain, func() ([]T, error) { return lookup(plain + ".") })
}

// answer returns the records of a lookup, or a *net.DNSError that is either not found
// or temporary.
func answer[T any](ctx context.Context, r Resolver, name string, lookup func() ([]T, error)) ([]T, error) {
	if r == nil {
		return nil, &net.DNSError{Err: "the resolver is nil", Name: name, IsTemporary: true}
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

// waiting calls lookup within [Wait], unless r calls Wait itself.
func waiting[T any](ctx context.Context, r Resolver, lookup func() (T, error)) (T, error) {
	if _, ok := within[interface{ Waits() }](r); ok {
		return lookup()
	}
	return Wait(ctx, lookup)
}

// within returns r, or the first Resolver that it wraps, as a T.
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

// dnsError returns the error of a lookup of name in the form of the contract.
func dnsError(err error, name string) error {
	var dns *net.DNSError
	if !errors.As(err, &dns) {
		timeout := errors.Is(err, context.DeadlineExceeded)
		return &net.DNSError{UnwrapErr: err, Err: err.Error(), Name: name, IsTimeout: timeout, IsTemporary: true}
	}
	// *net.Resolver leaves out records that do not hold a valid name. If none is left
	// its error says so only in its text. There is no usable record then.
	if strings.Contains(dns.Err, "contain invalid names") {
		return &net.DNSError{UnwrapErr: err, Err: dns.Err, Name: name, IsNotFound: true}
	}
	if dns.IsNotFound || dns.IsTimeout || dns.IsTemporary {
		return dns
	}
	flagged := *dns // *net.Resolver sets no flag for REFUSED, for example
	flagged.IsTemporary = true
	return &flagged
}

// Exists reports whether name exists in DNS, with any record or with names below it:
// false for NXDOMAIN (RFC 8020), true for NODATA. If neither the Resolver nor one
// that it wraps can tell these apart, Exists reports whether name has an A, AAAA or
// MX record. Errors are as those of LookupIP and are never not found.
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
