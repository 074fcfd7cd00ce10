package dnsbl

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"mxrules.example/envelope"
)

// Origin is the autonomous systems of an address. An *Origin is the Detail of every
// finding of ASN that depends on it; it belongs to that finding alone.
type Origin struct {
	// ASNs are the numbers of the autonomous systems that announce the address,
	// in ascending order and never nil. Usually there is one.
	ASNs []uint32 `json:"asns"`
	// Prefix is the network that they announce, according to the zone. It is invalid
	// for an address that is not announced.
	Prefix netip.Prefix `json:"prefix"`
}

// ASN passes when the address of the client is announced by one of the autonomous
// systems with these numbers. If several networks contain the address, the smallest
// counts, because packets are routed to it. ASN is mainly for conditions, because a
// provider may have very different customers.
//
// The zones, zone4 for IPv4 clients and zone6 for IPv6 clients, return which autonomous
// systems announce an address in the routing tables of the Internet (BGP). They are
// asked like DNS lists, for TXT records of this form, in which everything after the
// prefix is ignored:
//
//	64500 64501 | 192.0.2.0/24 | ZZ | registry | 2026-01-02
//
// Like lists they are services of other organizations, and there is no default. Team
// Cymru offers origin.asn.cymru.com and origin6.asn.cymru.com, and asks to be told of
// heavy use. A site that has the routes can serve such a zone itself. If a zone is "",
// clients of its family are not asked about.
//
// ASN fails for an address that is not announced, one of a local network, and an
// unknown one. None: a family without a zone. PermError: no TXT record parses and is
// about the client. With a zone that does not parse, or without any, the check is
// misconfigured. It answers from Connect on.
//
// DNS: TXT.
//
// Status: 550 5.7.1.
func ASN(zone4, zone6 string, numbers ...uint32) envelope.Check {
	const check = "dnsbl.asn"
	four, six, err := readZones(zone4, zone6)
	if err != nil {
		return envelope.Misconfigured(check, envelope.Connect, err)
	}
	wanted := slices.Clone(numbers)
	return envelope.At(check, envelope.Connect, func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		client := e.Client()
		if !client.IsValid() {
			return envelope.Failed(check, unwanted, "the client address is unknown")
		}
		zone := six
		if client.Is4() {
			zone = four
		}
		if zone == "" {
			return envelope.NotApplicable(check)
		}
		origin, err := lookupOrigin(ctx, r, client, zone)
		var unreadable *unreadableOrigin
		switch {
		case errors.As(err, &unreadable):
			f := envelope.Permanent(check, unwanted, "the TXT records for the autonomous system of the client %s are invalid", client)
			f.Err = err
			return f
		case err != nil:
			return envelope.Temporary(check, err)
		case slices.ContainsFunc(origin.ASNs, func(n uint32) bool { return slices.Contains(wanted, n) }):
			return envelope.Passed(check).Observed("the client %s is in %s", client, origin).With(origin)
		case len(origin.ASNs) == 0:
			return envelope.Failed(check, unwanted, "no autonomous system announces the address of the client %s", client).With(origin)
		}
		return envelope.Failed(check, unwanted, "the client %s is in %s, which is not in the list of autonomous systems", client, origin).With(origin)
	})
}

// String returns the first three autonomous systems, such as "AS64500, AS64501", and
// how many more there are.
func (o *Origin) String() string {
	var names []string
	for _, n := range o.ASNs[:min(len(o.ASNs), maxShown)] {
		names = append(names, "AS"+strconv.FormatUint(uint64(n), 10))
	}
	text := strings.Join(names, ", ")
	if more := len(o.ASNs) - maxShown; more > 0 {
		text = fmt.Sprintf("%s and %d more", text, more)
	}
	return text
}

func readZones(zone4, zone6 string) (four, six envelope.Host, err error) {
	if zone4 == "" && zone6 == "" {
		return "", "", &envelope.SyntaxError{Kind: "origin zone", Reason: "is not given for any family"}
	}
	if zone4 != "" {
		four, err = readZone("origin zone", zone4)
	}
	if zone6 != "" && err == nil {
		six, err = readZone("origin zone", zone6)
	}
	return four, six, err
}

// lookupOrigin looks up the Origin of client, which belongs to the caller. The error
// is an *unreadableOrigin if there are records and none is valid, otherwise that of
// the lookup.
func lookupOrigin(ctx context.Context, r envelope.Resolver, client netip.Addr, zone envelope.Host) (*Origin, error) {
	unannounced := &Origin{ASNs: []uint32{}}
	if isLocal(client) {
		return unannounced, nil
	}
	name := reverse(client) + string(zone)
	texts, err := envelope.Once(ctx, textKey(name), func() ([]string, error) {
		return envelope.LookupTXT(ctx, r, name)
	})
	switch {
	case envelope.NotFound(err):
		return unannounced, nil
	case err != nil:
		return nil, err
	}
	if origin, ok := readOrigins(texts, client); ok {
		return origin, nil
	}
	return nil, &unreadableOrigin{name, texts}
}

// unreadableOrigin is the error of TXT records without a valid origin.
type unreadableOrigin struct {
	name  string
	texts []string
}

func (u *unreadableOrigin) Error() string {
	return fmt.Sprintf("none of the TXT records of %s has the autonomous systems of the address: %q",
		u.name, envelope.Excerpt(strings.Join(u.texts, " / ")))
}

// readOrigins returns the origin of the smallest network that contains client. Invalid
// records and those of other networks are ignored; ok reports whether any is left.
func readOrigins(texts []string, client netip.Addr) (origin *Origin, ok bool) {
	origin = new(Origin)
	for _, text := range texts {
		asns, prefix, readable := parseOrigin(text)
		if !readable || !prefix.Contains(client) || ok && prefix.Bits() < origin.Prefix.Bits() {
			continue
		}
		if !ok || prefix.Bits() > origin.Prefix.Bits() {
			*origin, ok = Origin{Prefix: prefix}, true
		}
		origin.ASNs = append(origin.ASNs, asns...)
	}
	slices.Sort(origin.ASNs)
	origin.ASNs = slices.Compact(origin.ASNs)
	return origin, ok
}

// parseOrigin parses the first two fields of a record: the numbers of autonomous systems
// and a network. The numbers may have the prefix AS, and are separated by blanks or, as
// in a set, by commas within braces.
func parseOrigin(text string) (asns []uint32, prefix netip.Prefix, ok bool) {
	numbers, rest, _ := strings.Cut(text, "|")
	network, _, _ := strings.Cut(rest, "|")
	prefix, err := netip.ParsePrefix(strings.TrimSpace(network))
	if err != nil {
		return nil, netip.Prefix{}, false
	}
	for number := range strings.FieldsFuncSeq(numbers, func(c rune) bool { return strings.ContainsRune(" \t{},", c) }) {
		if len(number) > 2 && strings.EqualFold(number[:2], "AS") {
			number = number[2:]
		}
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil || n == 0 { // RFC 7607: AS 0 announces nothing
			return nil, netip.Prefix{}, false
		}
		asns = append(asns, uint32(n))
	}
	plain, err := envelope.PlainPrefixes([]netip.Prefix{prefix})
	if err != nil || len(asns) == 0 {
		return nil, netip.Prefix{}, false
	}
	return asns, plain[0].Masked(), true
}
