package judge

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/resolver"
	"mxrules.example/envelope/zone"
)

// world is the DNS to judge lines with.
type world struct {
	text     *string            // of -zone, nil without it
	zone     *zone.Zone         // the same, parsed
	resolver *resolver.Resolver // of -dns, nil without it
	other    envelope.Resolver  // without both, nil if there is none
	delay    time.Duration      // of the answers of zones
}

func newWorld(o options, other envelope.Resolver) (w world, err error) {
	w.delay = o.delay
	switch {
	case o.dns != "":
		w.resolver, err = newResolver(o.dns)
		return w, err
	case o.zoneFile == "":
		w.other = other
		return w, nil
	}
	raw, err := os.ReadFile(o.zoneFile)
	if err != nil {
		return w, err
	}
	text := string(raw)
	w.text = &text
	if w.zone, err = zone.Parse(text); err != nil {
		return w, fmt.Errorf("%s: %w", o.zoneFile, err)
	}
	return w, nil
}

// newResolver returns a resolver for "system", or for a list of servers.
func newResolver(servers string) (*resolver.Resolver, error) {
	var config resolver.Config
	if servers != "system" {
		config.Servers = strings.Split(servers, ",")
	}
	dns, err := resolver.New(config)
	if err != nil {
		return nil, fmt.Errorf("-dns: %w", err)
	}
	return dns, nil
}

// close closes the resolver.
func (w world) close() {
	if w.resolver != nil {
		w.resolver.Close()
	}
}

var errFaultsInDNS = errors.New("faults need a zone: they cannot be made in real DNS")

// forLine returns the DNS of one line. The answers of a zone are delayed as -delay
// says.
func (w world) forLine(l line) (envelope.Resolver, error) {
	own, err := w.zoneOf(l)
	switch {
	case err != nil:
		return nil, err
	case own == nil && w.resolver != nil:
		return w.resolver, nil
	case own == nil && w.other == nil:
		return noDNS{}, nil
	case own == nil:
		return w.other, nil
	case w.delay > 0:
		return slow{own, w.delay}, nil
	}
	return own, nil
}

// zoneOf returns the zone of one line, nil to use the resolver, if there is one. The
// DNS of a line is the first of:
//
//   - its own zone, with the faults and the questions of the line;
//   - the zone of -zone, with the faults of the line;
//   - the servers of -dns, or the resolver of the command; faults are an error;
//   - an empty zone with the faults of the line;
//   - none, so that every question fails.
func (w world) zoneOf(l line) (*zone.Zone, error) {
	text := l.Zone
	if text == nil {
		text = w.text
	}
	switch {
	case text == nil && len(l.Faults) == 0 && l.Asked == nil:
		return nil, nil
	case text == nil && (w.resolver != nil || w.other != nil):
		return nil, errFaultsInDNS
	case text == nil:
		text = new(string)
	case text == w.text && len(l.Faults) == 0 && l.Asked == nil:
		w.zone.Forget() // otherwise its log grows with the input
		return w.zone, nil
	}
	return zone.Recording{Zone: *text, Faults: l.Faults, Asked: l.Asked}.Resolver()
}
