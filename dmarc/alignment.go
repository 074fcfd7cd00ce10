package dmarc

import (
	"context"
	"fmt"

	"mxrules.example/envelope"
)

// alignment holds identifiers against the author domain of a result (RFC 9989,
// section 4.4).
type alignment struct {
	*discovery
	result *Result
	unsure error // why the organizational domain is not known
	walks  int
	failed error // a lookup that leaves open whether a passing identifier is aligned
}

// find fills in which identifiers are aligned. If none that passed is, the
// error says what could change that: a lookup that failed on the way, or SPF or
// a signature that could not be evaluated. One whose domain is not aligned makes
// no difference whatever becomes of it, or everybody could hold up a rejection
// by adding a signature of a domain whose DNS is down.
func (a *alignment) find(ctx context.Context) error {
	result, forSPF, forDKIM := a.result, Relaxed, Relaxed
	if record := result.Record; record != nil {
		forSPF, forDKIM = record.SPFAlignment, record.DKIMAlignment
	}
	if result.SPF.Result == pass {
		result.SPF.Aligned = a.passing(ctx, result.SPF.Domain, forSPF)
		result.SPFAligned = result.SPF.Aligned
	}
	for i := range result.DKIM {
		if signature := &result.DKIM[i]; signature.Result == pass {
			signature.Aligned = a.passing(ctx, signature.Domain, forDKIM)
			result.DKIMAligned = result.DKIMAligned || signature.Aligned
		}
	}
	if result.SPFAligned || result.DKIMAligned {
		return nil
	}
	if a.failed != nil {
		return a.failed
	}
	if result.SPF.Result == temperror && a.possible(ctx, result.SPF.Domain, forSPF) {
		return fmt.Errorf("SPF of %s could not be evaluated", result.SPF.Domain)
	}
	for _, signature := range result.DKIM {
		if signature.Result == temperror && a.possible(ctx, signature.Domain, forDKIM) {
			return fmt.Errorf("the DKIM signature of %s could not be verified", signature.Domain)
		}
	}
	return nil
}

// passing reports whether an identifier that passed is aligned, and remembers
// if that can't be known.
func (a *alignment) passing(ctx context.Context, identifier string, mode Mode) bool {
	aligned, err := a.aligned(ctx, identifier, mode)
	if err != nil && a.failed == nil {
		a.failed = err
	}
	return aligned
}

// possible reports whether an identifier is aligned, or may be.
func (a *alignment) possible(ctx context.Context, identifier string, mode Mode) bool {
	aligned, err := a.aligned(ctx, identifier, mode)
	return aligned || err != nil
}

// aligned reports whether an identifier is aligned with the author domain. What
// is no name of a host is aligned with nothing, whatever has verified it.
func (a *alignment) aligned(ctx context.Context, identifier string, mode Mode) (bool, error) {
	host, err := envelope.ParseHost(identifier)
	switch {
	case err != nil:
		return false, nil
	case host == a.result.Domain: // both modes, and no need to know more
		return true, nil
	case mode == Strict:
		return false, nil
	case a.receiver.Model == RFC7489:
		return registered(host) == a.result.OrgDomain, nil
	case a.unsure != nil:
		return false, a.unsureOf(host)
	}
	return a.sameOrganization(ctx, host, a.result.OrgDomain)
}

// unsureOf returns why it is not known whether host belongs to the
// organization of the author domain, nil if it can't: two names without a
// common end have no common organizational domain.
func (a *alignment) unsureOf(host envelope.Host) error {
	if topLevel(host) != topLevel(a.result.Domain) {
		return nil
	}
	return a.unsure
}

func topLevel(name envelope.Host) envelope.Host {
	for name.Labels() > 1 {
		name = parent(name)
	}
	return name
}

// sameOrganization reports whether org, the organizational domain of the author
// domain, is that of host too. The organizational domain of a name is the name
// itself or above it, so that most are told apart without a question. Above org
// the walk of host meets what that of the author domain has met: it need not
// go there.
func (a *alignment) sameOrganization(ctx context.Context, host, org envelope.Host) (bool, error) {
	switch {
	case host == org:
		return true, nil
	case !host.Below(org):
		return false, nil
	}
	if a.walks++; a.walks > maxWalks {
		return false, nil
	}
	if org.Labels() > maxLabels { // the walk may jump past it
		records, err := a.walk(ctx, host, "")
		return err == nil && organizational(host, records) == org, err
	}
	records, err := a.walk(ctx, host, org)
	if err != nil || len(records) == 0 {
		return err == nil, err
	}
	switch p := records[len(records)-1]; p.record.PublicSuffix {
	case SuffixNo:
		return p.domain == org, nil
	case SuffixYes: // the organizational domain of host is below it
		return false, nil
	}
	return true, nil
}
