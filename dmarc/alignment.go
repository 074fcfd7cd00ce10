package dmarc

import (
	"context"

	"mxrules.example/envelope"
)

// identifier is a domain that SPF or a signature may have authenticated.
type identifier struct {
	method  string        // SPF or DKIM
	host    envelope.Host // "" if there is none, which is aligned with nothing
	word    string        // the result of SPF or of the signature
	number  int           // 0 for SPF, from 1 on for signatures
	aligned bool
}

// alignment compares identifiers with the author domain of a result (RFC 9989,
// section 4.4).
type alignment struct {
	*discovery
	result *Result
	walks  int
}

// find fills in which identifiers are aligned. Those that need no DNS come first.
// Those whose lookup failed come last, and only if they can change the result: a
// failure must not defer a message that is authenticated without them, nor a
// rejection.
func (a *alignment) find(ctx context.Context, identifiers []identifier) {
	for n := range identifiers {
		if i := &identifiers[n]; i.word == pass && i.host == a.result.Domain {
			a.align(i)
		}
	}
	for n := range identifiers {
		if i := &identifiers[n]; i.word == pass && !i.aligned && a.isAligned(ctx, i) {
			a.align(i)
		}
	}
	for n := range identifiers {
		if i := &identifiers[n]; i.word == tempError && !a.certain && a.isAligned(ctx, i) && a.assumed.passes(i) {
			a.align(i)
		}
	}
}

// align marks an identifier, which authenticates the message.
func (a *alignment) align(i *identifier) {
	i.aligned, a.certain = true, true
	if i.method == "SPF" {
		a.result.SPFAligned = true
	} else {
		a.result.DKIMAligned = true
	}
}

// isAligned reports whether an identifier is aligned with the author domain.
func (a *alignment) isAligned(ctx context.Context, i *identifier) bool {
	mode := relaxed
	if record := a.result.Record; record != nil {
		if mode = record.DKIMAlignment; i.method == "SPF" {
			mode = record.SPFAlignment
		}
	}
	switch {
	case i.host == "":
		return false
	case i.host == a.result.Domain: // in both modes
		return true
	case mode == strict || !related(i.host, a.result.Domain):
		return false
	case a.checker.rfc7489:
		return registered(i.host) == a.result.OrgDomain
	}
	return a.sameOrganization(ctx, i.host, a.result.OrgDomain)
}

// sameOrganization reports whether org, the organizational domain of the author
// domain, is that of host too. The organizational domain of a name is the name itself
// or above it, so most differ without a question. Above org the walk of host finds
// what that of the author domain found, so it stops there.
func (a *alignment) sameOrganization(ctx context.Context, host, org envelope.Host) bool {
	switch {
	case host == org:
		return true
	case !host.Below(org):
		return false
	}
	if a.walks++; a.walks > maxWalks {
		return false
	}
	if org.Labels() > maxLabels { // the walk may jump past it
		records, ok := a.walk(ctx, host, "")
		return ok && organizational(host, records) == org
	}
	records, ok := a.walk(ctx, host, org)
	if !ok || len(records) == 0 {
		return ok
	}
	switch p := records[len(records)-1]; p.record.PublicSuffix {
	case suffixNo:
		return p.domain == org
	case suffixYes: // the organizational domain of host is below it
		return false
	}
	return true
}
