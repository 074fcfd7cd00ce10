package helo

import (
	"context"
	"net"
	"slices"

	"mxrules.example/envelope"
)

// Resolves passes when DNS has an A, AAAA or MX record for the HELO name. A null MX
// (RFC 7505) does not count. One record is enough, even if an earlier lookup
// failed. If there is none and a lookup failed, Resolves is a TempError. None: an
// address literal.
//
// DNS: A; if there is none, AAAA and MX together, of which the first decides.
//
// Status: 550 5.7.1.
func Resolves(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "helo.resolves"
	if !e.Reached(envelope.Helo) {
		return envelope.NotYet(check, envelope.Helo)
	}
	host, literal, fault := read(e.Helo)
	if fault != "" || !literal.IsZero() {
		return envelope.NotApplicable(check)
	}
	switch err := exists(ctx, r, host); {
	case err == nil:
		return envelope.Passed(check)
	case envelope.NotFound(err):
		return failed(check, refusal, "the HELO name %s has no A, AAAA or MX record in DNS", e.Helo)
	default:
		return envelope.Temporary(check, err)
	}
}

// exists returns nil if host has an A, AAAA or MX record. Otherwise its error is
// that of the first lookup that failed, or not found if none did. Most names have an
// A record, so that the others are not asked for together with it.
func exists(ctx context.Context, r envelope.Resolver, host envelope.Host) error {
	_, failure := envelope.LookupIP(ctx, r, "ip4", string(host))
	if failure == nil {
		return nil
	}
	others := []func(context.Context) error{
		func(ctx context.Context) error {
			_, err := envelope.LookupIP(ctx, r, "ip6", string(host))
			return err
		},
		func(ctx context.Context) error { return takesMail(ctx, r, host) },
	}
	for _, err := range envelope.Concurrently(ctx, others, func(ctx context.Context, lookup func(context.Context) error) error { return lookup(ctx) }) {
		if err == nil {
			return nil
		}
		if envelope.NotFound(failure) {
			failure = err
		}
	}
	return failure
}

// takesMail returns nil if host has an MX record that is not null.
func takesMail(ctx context.Context, r envelope.Resolver, host envelope.Host) error {
	records, err := envelope.LookupMX(ctx, r, string(host))
	if err != nil {
		return err
	}
	if !envelope.IsNullMX(records) {
		return nil
	}
	return &net.DNSError{Err: "the MX record is null", Name: string(host), IsNotFound: true}
}

// Matches passes when an address of the HELO name is that of the client: one that
// DNS has for the name, or that of an address literal. RFC 5321, section 4.1.4
// forbids rejecting mail if it is not, so Matches is for conditions, and for sites
// that know their clients. None: a client of unknown address.
//
// DNS: A for an IPv4 client, AAAA for an IPv6 client; nothing for a literal.
//
// Status: 550 5.7.1.
func Matches(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "helo.matches"
	if !e.Reached(envelope.Helo) {
		return envelope.NotYet(check, envelope.Helo)
	}
	host, literal, fault := read(e.Helo)
	client := e.Client()
	switch {
	case fault != "" || !client.IsValid():
		return envelope.NotApplicable(check)
	case !literal.IsZero():
		if literal.Addr == client {
			return envelope.Passed(check)
		}
		return failed(check, refusal, "the HELO literal %s is not the address of the client, %s", e.Helo, client)
	}
	network := "ip6"
	if client.Is4() {
		network = "ip4"
	}
	addrs, err := envelope.LookupIP(ctx, r, network, string(host))
	switch {
	case err != nil && !envelope.NotFound(err):
		return envelope.Temporary(check, err)
	case slices.Contains(addrs, client):
		return envelope.Passed(check)
	}
	return failed(check, refusal, "none of the addresses of the HELO name %s is that of the client, %s", e.Helo, client)
}
