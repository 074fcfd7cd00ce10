package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

// world is the DNS in which lines are judged.
type world struct {
	text     *string           // of -zone, nil without it
	zone     *zone.Zone        // the same, read
	resolver envelope.Resolver // of -dns, nil without it
}

func newWorld(zoneFile, server string) (w world, err error) {
	if server != "" {
		w.resolver, err = newResolver(server)
	}
	if err != nil || zoneFile == "" {
		return w, err
	}
	raw, err := os.ReadFile(zoneFile)
	if err != nil {
		return w, err
	}
	text := string(raw)
	w.text = &text
	if w.zone, err = zone.Parse(text); err != nil {
		return w, fmt.Errorf("%s: %w", zoneFile, err)
	}
	return w, nil
}

// newResolver returns the resolver of the standard library: with the servers of
// the system, or with one server. Both read the file of hosts first, as every
// program does.
func newResolver(server string) (envelope.Resolver, error) {
	if server == "system" {
		return &net.Resolver{PreferGo: true}, nil
	}
	target, err := netip.ParseAddrPort(server)
	if err != nil {
		addr, err := netip.ParseAddr(server)
		if err != nil {
			return nil, &envelope.SyntaxError{Kind: "DNS server", Value: server, Reason: "is neither system nor an address, as in 192.0.2.53 or 192.0.2.53:5353"}
		}
		target = netip.AddrPortFrom(addr, 53)
	}
	return &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, network, target.String())
		},
	}, nil
}

var errFaultsInDNS = errors.New("faults can't be made in the DNS of -dns: the line needs a zone")

// forLine returns the DNS of one line: its own zone, else that of -zone, each
// with the faults of the line; else that of -dns. A line that has faults only
// is judged in a zone with nothing in it. Without any of them there is no
// resolver, and every question fails.
func (w world) forLine(l line) (envelope.Resolver, error) {
	text := l.Zone
	if text == nil {
		text = w.text
	}
	switch {
	case text == nil && len(l.Faults) == 0:
		return w.resolver, nil
	case text == nil && w.resolver != nil:
		return nil, errFaultsInDNS
	case text == nil:
		text = new(string)
	case text == w.text && len(l.Faults) == 0:
		w.zone.Forget() // so that its log does not grow with the input
		return w.zone, nil
	}
	own, err := zone.Parse(*text)
	if err != nil {
		return nil, err
	}
	for _, question := range slices.Sorted(maps.Keys(l.Faults)) {
		fault, err := zone.ParseFault(l.Faults[question])
		if err != nil {
			return nil, err
		}
		if err := own.SetFault(question, fault); err != nil {
			return nil, err
		}
	}
	return own, nil
}
