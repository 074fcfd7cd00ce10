// Package client checks the client of a connection: its address, its login, its
// encryption and its timing.
//
// Before MAIL, a server knows four things about a client: its address, whether it
// waited for the banner (RFC 5321, section 4.3.1), whether the connection is
// encrypted (RFC 3207), and its login (RFC 4954). Policies use them to allow some
// clients more than others. The checks read these facts and need no DNS.
//
// For the client's reverse name see package rdns, for DNS lists of addresses
// package rdns/dnsbl.
package client

import (
	"context"
	"net/netip"
	"slices"

	"mxrules.example/envelope"
)

// Authenticated passes when the client is authenticated (RFC 4954). It answers
// from Mail on.
//
// Status: 530 5.7.0.
func Authenticated(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "client.authenticated"
	if !e.Reached(envelope.Mail) {
		return envelope.NotYet(check, envelope.Mail)
	}
	if e.Login == "" {
		return envelope.Failed(check, envelope.Status{Code: 530, Subject: 7, Detail: 0},
			"the client has not logged in").Advising("authentication required")
	}
	return envelope.Passed(check)
}

// TLS passes when the connection is encrypted. It is for submission: a server
// that accepts mail from the whole Internet must not require TLS (RFC 3207,
// section 4). It answers from Mail on.
//
// Status: 530 5.7.0.
func TLS(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "client.tls"
	if !e.Reached(envelope.Mail) {
		return envelope.NotYet(check, envelope.Mail)
	}
	if e.TLS == nil {
		return envelope.Failed(check, envelope.Status{Code: 530, Subject: 7, Detail: 0},
			"the connection is not encrypted").Advising("encryption required (STARTTLS)")
	}
	return envelope.Passed(check)
}

// Waited passes when the client waited for the banner of the server before it
// sent anything, as RFC 5321, section 4.3.1 requires. It answers from Connect on.
//
// The server must detect that and set SpokeEarly, otherwise every client passes. A
// server on go-smtp needs gosmtp.Guard.Listener and a BannerDelay for this.
//
// Status: 554 5.5.0.
func Waited(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "client.waited"
	if !e.Reached(envelope.Connect) {
		return envelope.NotYet(check, envelope.Connect)
	}
	if e.SpokeEarly {
		return envelope.Failed(check, envelope.Status{Code: 554, Subject: 5, Detail: 0},
			"the client spoke before the greeting of the server")
	}
	return envelope.Passed(check)
}

// In passes when the address of the client is in one of the prefixes. An
// unknown address is in none. A client or a prefix in the IPv4-mapped form
// (::ffff:192.0.2.0/120) counts as IPv4. With an invalid prefix, such as the zero
// value, the check is misconfigured. It answers from Connect on.
//
// Status: 550 5.7.1.
func In(prefixes []netip.Prefix) envelope.Check {
	plain, err := envelope.PlainPrefixes(prefixes)
	if err != nil {
		return envelope.Misconfigured("client.in", envelope.Connect, err)
	}
	return InSet(envelope.SetOf(func(client netip.Addr) bool {
		return slices.ContainsFunc(plain, func(prefix netip.Prefix) bool { return prefix.Contains(client) })
	}))
}

// InSet is In for a set that prefixes can't describe. The set is called once per
// finding, with a valid address in its plain form.
//
// Status: as In.
func InSet(set envelope.Set[netip.Addr]) envelope.Check {
	const check = "client.in"
	return set.At(check, envelope.Connect, func(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		client := e.Client()
		status := envelope.Status{Code: 550, Subject: 7, Detail: 1}
		if !client.IsValid() {
			return envelope.Failed(check, status, "the address of the client is not known")
		}
		switch in, err := set.Contains(ctx, client); {
		case err != nil:
			return envelope.Unavailable(check, err)
		case in:
			return envelope.Passed(check).Observed("the client address %s is in the list of networks", client)
		}
		return envelope.Failed(check, status, "the client address %s is not in the list of networks", client)
	})
}
