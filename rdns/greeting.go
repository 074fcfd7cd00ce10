package rdns

import (
	"context"
	"slices"

	"mxrules.example/envelope"
)

// MatchesHelo passes when the HELO name is one of the client's reverse names,
// confirmed or not. Many good servers fail it: use it as a condition, or at a site that
// knows its clients. None: a HELO name that is not a host name. It answers from Helo
// on.
//
// DNS: PTR.
//
// Status: 550 5.7.25; if DNS fails 451 4.7.25.
func MatchesHelo(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "rdns.matcheshelo"
	if !e.Reached(envelope.Helo) {
		return envelope.NotYet(check, envelope.Helo)
	}
	greeting, err := envelope.ParseHost(e.Helo)
	if err != nil {
		return envelope.NotApplicable(check)
	}
	result := Evaluate(ctx, r, e)
	switch {
	case len(result.Names) == 0:
		return unbacked(result.nameless(check, unproved), greeting)
	case slices.Contains(result.Names, greeting):
		return envelope.Passed(check).With(result)
	}
	return unbacked(envelope.Failed(check, unproved, "the PTR records of the client %s are %s",
		result.client, result.list(result.Names)), greeting).With(result)
}

// BacksHelo passes when the HELO name is in one of the domains and the client has a
// confirmed reverse name in the same domain. Use it for domains whose servers all have
// one, such as your own and those of large providers, whose names are often forged in
// HELO. Domains are not patterns: "example.org" is that domain and all below it. If
// several domains contain the HELO name, the longest counts. With a domain that does
// not parse the check is misconfigured. None: a HELO name in none of the domains. It
// answers from Helo on.
//
// DNS: none for other HELO names; PTR, then A or AAAA for all names in the domain
// together.
//
// Status: 550 5.7.1; if DNS fails 451 4.7.25.
func BacksHelo(domains ...string) envelope.Check {
	const check = "rdns.backshelo"
	known := make([]envelope.Host, 0, len(domains))
	for _, domain := range domains {
		host, err := envelope.ParseHost(domain)
		if err != nil {
			return envelope.Misconfigured(check, envelope.Helo, err)
		}
		known = append(known, host)
	}
	return envelope.At(check, envelope.Helo, func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		greeting, err := envelope.ParseHost(e.Helo)
		if err != nil {
			return envelope.NotApplicable(check)
		}
		domain := narrowest(known, greeting)
		if domain == "" {
			return envelope.NotApplicable(check)
		}
		result := Evaluate(ctx, r, e)
		if len(result.Names) == 0 {
			return unbacked(result.nameless(check, unwanted), greeting)
		}
		within := slices.DeleteFunc(slices.Clone(result.Names), func(name envelope.Host) bool { return !name.Within(domain) })
		result.Confirm(ctx, r, within)
		switch {
		case result.Confirmed != "":
			return envelope.Passed(check).With(result)
		case len(within) > 0:
			return unbacked(result.unconfirmed(check, unwanted, within), greeting)
		}
		return unbacked(envelope.Failed(check, unwanted, "the PTR records of the client %s are %s, none of which is in %s",
			result.client, result.list(result.Names), domain), greeting).With(result)
	})
}

// narrowest returns the longest of the domains that contain name, "" if none does.
func narrowest(domains []envelope.Host, name envelope.Host) envelope.Host {
	var best envelope.Host
	for _, domain := range domains {
		if name.Within(domain) && len(domain) > len(best) {
			best = domain
		}
	}
	return best
}
