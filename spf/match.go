package spf

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"mxrules.example/envelope"
)

// matches reports whether the term of q matches (RFC 7208, section 5). Terms that need
// no DNS match, because render leaves out the others.
func (ev *evaluation) matches(q *question) bool {
	switch q.term.mechanism {
	case all, ip4, ip6:
		return true
	}
	if !ev.countLookup(q) {
		return false
	}
	target := ev.target(q)
	switch q.term.mechanism {
	case a:
		return q.term.holds(ev.client, countedLookup(ev, q, target, ev.addresses))
	case mx:
		return ev.matchesMX(q, target)
	case ptr:
		return ev.matchesPTR(q, target)
	}
	// exists needs an A record, also for a client with IPv6 (RFC 7208, section 5.7).
	return len(countedLookup(ev, q, target, lookupA)) > 0
}

func lookupA(ctx context.Context, r envelope.Resolver, name string) ([]netip.Addr, error) {
	return envelope.LookupIP(ctx, r, "ip4", name)
}

// countLookup counts a term that asks DNS. It reports whether the limit allows it.
func (ev *evaluation) countLookup(q *question) bool {
	switch {
	case ev.result.Problem != nil:
		return false
	case ev.result.Lookups == maxLookups:
		ev.failAt(q, tooManyLookups)
		return false
	}
	ev.result.Lookups++
	return true
}

// addresses looks up the addresses of a name in the family of the client (RFC 7208,
// section 5.3).
func (ev *evaluation) addresses(ctx context.Context, r envelope.Resolver, name string) ([]netip.Addr, error) {
	network := "ip4"
	if ev.client.Is6() {
		network = "ip6"
	}
	return envelope.LookupIP(ctx, r, network, name)
}

// holds reports whether client is in the network of one of addrs, with the prefix
// lengths of an a or mx term.
func (t *term) holds(client netip.Addr, addrs []netip.Addr) bool {
	bits := t.bits[0]
	if client.Is6() {
		bits = t.bits[1]
	}
	return slices.ContainsFunc(addrs, func(addr netip.Addr) bool {
		return netip.PrefixFrom(addr, bits).Contains(client) // false for the other family
	})
}

// matchesMX reports whether the client is a mail server of a domain. It tries them in
// the order of preference (RFC 7208, section 5.4).
func (ev *evaluation) matchesMX(q *question, target string) bool {
	hosts := countedLookup(ev, q, target, envelope.LookupMX)
	if len(hosts) > maxHosts {
		ev.failAt(q, tooManyMX)
	}
	for _, host := range hosts {
		if ev.result.Problem != nil {
			return false
		}
		if q.term.holds(ev.client, lookup(ev, q, host.Host, ev.addresses)) {
			return true
		}
	}
	return false
}

// reverseNames are the first ten names in the PTR records of the client (RFC 7208,
// section 4.6.4), and whether they resolve to the client.
type reverseNames struct {
	names   []envelope.Host
	void    bool  // the lookup found nothing
	err     error // of the lookup
	confirm map[envelope.Host]confirmation
}

type confirmation struct {
	holds bool
	err   error
}

// matchesPTR reports whether a name of the client is the target or below it and
// resolves to the client (RFC 7208, section 5.5).
func (ev *evaluation) matchesPTR(q *question, target string) bool {
	before := ev.result.Questions
	reverse := ev.reverseNames()
	if reverse.void && ev.result.Questions > before {
		ev.countVoid(q)
	}
	domain, _ := envelope.ParseHost(target)
	failed := reverse.err
	for _, name := range reverse.names {
		if ev.result.Problem != nil {
			return false
		}
		if !name.Within(domain) {
			continue // it cannot match, so it need not be looked up
		}
		holds, err := ev.leadsBack(name)
		if holds {
			return true
		}
		failed = cmp.Or(failed, err)
	}
	ev.ignore(q, target, failed)
	return false
}

// ignore records a failed lookup of reverse names. By RFC 7208, section 5.5 the
// evaluation continues as if there were none.
func (ev *evaluation) ignore(q *question, name string, err error) {
	switch {
	case err == nil:
	case ev.resolver.exceeded:
		ev.lookupFailed(q, name, err)
	default:
		ev.ignored = append(ev.ignored, ignoredFailure{q, err})
	}
}

// validatedName returns the value of the macro p: a name of the client that resolves to
// the client, or "unknown" if there is none. It prefers domain itself, then a name
// below it (RFC 7208, section 7.3), then the first in alphabetical order, so that the
// order of the answer does not matter.
func (ev *evaluation) validatedName(domain envelope.Host) string {
	reverse := ev.reverseNames()
	names := slices.SortedFunc(slices.Values(reverse.names), func(x, y envelope.Host) int {
		return cmp.Or(cmp.Compare(distance(x, domain), distance(y, domain)), cmp.Compare(x, y))
	})
	ev.ignore(nil, string(domain), reverse.err)
	for _, name := range names {
		holds, err := ev.leadsBack(name)
		if holds {
			return string(name)
		}
		ev.ignore(nil, string(domain), err) // another answer could have made it the value
	}
	return "unknown"
}

func distance(name, domain envelope.Host) int {
	switch {
	case name == domain:
		return 0
	case name.Below(domain):
		return 1
	}
	return 2
}

// reverseNames looks up the names of the client once.
func (ev *evaluation) reverseNames() *reverseNames {
	if ev.reverse != nil {
		return ev.reverse
	}
	ev.reverse = &reverseNames{confirm: make(map[envelope.Host]confirmation)}
	texts, err := envelope.LookupPTR(ev.ctx, &ev.resolver, ev.client)
	if ev.reverse.void = envelope.NotFound(err); !ev.reverse.void {
		ev.reverse.err = err
	}
	for _, text := range texts[:min(len(texts), maxHosts)] {
		if name := fullName(text); name != "" && envelope.IsASCII(text) { // DNS holds A-labels
			ev.reverse.names = append(ev.reverse.names, name)
		}
	}
	return ev.reverse
}

// leadsBack reports whether a name resolves to the client. Each name is looked up once.
func (ev *evaluation) leadsBack(name envelope.Host) (bool, error) {
	known, ok := ev.reverse.confirm[name]
	if !ok {
		addrs, err := ev.addresses(ev.ctx, &ev.resolver, string(name))
		known.holds = slices.Contains(addrs, ev.client)
		if err != nil && !envelope.NotFound(err) {
			known.err = err
		}
		ev.reverse.confirm[name] = known
	}
	return known.holds, known.err
}
