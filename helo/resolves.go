package helo

import (
	"context"
	"net"
	"slices"

	"mxrules.example/envelope"
)

// Resolves passes when the greeting names a host that DNS knows by an A, AAAA
// or MX record. A null MX (RFC 7505) is no mail host. One record is enough,
// whatever went wrong with the questions before; where there is none and a
// question had no answer, Resolves is a TempError. None: an address literal,
// which has nothing to resolve.
//
// DNS: A, then AAAA, then MX, up to the first that exists.
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

// exists returns nil if host has an A, AAAA or MX record. Else its error says
// not found, or is that of the first question that had no answer.
func exists(ctx context.Context, r envelope.Resolver, host envelope.Host) error {
	_, a := envelope.LookupIP(ctx, r, "ip4", string(host))
	if a == nil {
		return nil
	}
	_, aaaa := envelope.LookupIP(ctx, r, "ip6", string(host))
	if aaaa == nil {
		return nil
	}
	mx := takesMail(ctx, r, host)
	if mx == nil {
		return nil
	}
	for _, err := range []error{a, aaaa} {
		if !envelope.NotFound(err) {
			return err
		}
	}
	return mx
}

// takesMail returns nil if host has an MX record that is not null.
func takesMail(ctx context.Context, r envelope.Resolver, host envelope.Host) error {
	records, err := envelope.LookupMX(ctx, r, string(host))
	if err != nil {
		return err
	}
	if slices.ContainsFunc(records, func(mx *net.MX) bool { return mx.Host != "." }) {
		return nil
	}
	return &net.DNSError{Err: "the MX record is null", Name: string(host), IsNotFound: true}
}

// Matches passes when one of the addresses of the greeting is that of the
// client: those that DNS has for a name, or the one in an address literal. RFC
// 5321, section 4.1.4 says not to refuse mail for this: it is for conditions,
// and for sites that know their clients. None: a client whose address is not
// known.
//
// DNS: A for an IPv4 client, AAAA for an IPv6 client; nothing for a literal.
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
