package dmarc

import (
	"context"
	"slices"

	"mxrules.example/envelope"
)

// discoverPolicy finds the record that holds the policy, and the
// organizational domain (RFC 9989, sections 4.10.1 and 4.10.2). The error is a
// failed lookup, which leaves open what has not been filled in: all, or only
// the organizational domain.
func (d *discovery) discoverPolicy(ctx context.Context, result *Result) error {
	if d.receiver.Model == RFC7489 {
		return d.discoverRegistered(ctx, result)
	}
	author := result.Domain
	records, err := d.walk(ctx, author, "")
	if err != nil {
		// The record of the author domain itself counts whatever is above it.
		if len(records) > 0 && records[0].domain == author {
			result.PolicyDomain, result.Record = author, records[0].record
		}
		return err
	}
	result.OrgDomain = organizational(author, records)
	if p, ok := policyRecord(author, result.OrgDomain, records); ok {
		result.PolicyDomain, result.Record = p.domain, p.record
	} else {
		result.Reason = "no DMARC record is published for the author domain"
	}
	return nil
}

// policyRecord picks the record at the author domain, else that at the
// organizational domain, else that at the public suffix domain above it. What
// is published between them does not count (RFC 9989, section 4.10.1).
func policyRecord(author, org envelope.Host, records []published) (published, bool) {
	for _, wanted := range []func(published) bool{
		func(p published) bool { return p.domain == author },
		func(p published) bool { return p.domain == org },
		func(p published) bool { return p.record.PublicSuffix == SuffixYes },
	} {
		if i := slices.IndexFunc(records, wanted); i >= 0 {
			return records[i], true
		}
	}
	return published{}, false
}

// discoverRegistered is discoverPolicy by RFC 7489, section 6.6.3: the author
// domain, else the registered domain, and several records at the first end it.
func (d *discovery) discoverRegistered(ctx context.Context, result *Result) error {
	result.OrgDomain = registered(result.Domain)
	for _, domain := range []envelope.Host{result.Domain, result.OrgDomain} {
		answer := d.at(ctx, domain)
		switch {
		case answer.err != nil:
			return answer.err
		case answer.several:
			result.Reason = "several DMARC records are published"
			return nil
		case answer.record != nil:
			result.PolicyDomain, result.Record = domain, answer.record
			return nil
		}
	}
	result.Reason = "no DMARC record is published for the author domain"
	return nil
}

// selectPolicy says which policy of the record is that of the author domain,
// and what of it applies (RFC 9989, section 4.7).
//
// DNS: as envelope.Exists, only if the message did not pass and it matters.
func (d *discovery) selectPolicy(ctx context.Context, result *Result) error {
	record := result.Record
	if record == nil {
		return nil
	}
	policy := record.Policy
	if result.PolicyDomain != result.Domain {
		existing, missing := record.below()
		policy = existing
		if result.Outcome != envelope.Pass && existing != missing {
			exists, err := envelope.Exists(ctx, d.resolver, string(result.Domain))
			switch {
			case err != nil:
				// RFC 9989 has no word on this. To take no answer for "exists" would
				// let a failing DNS choose the milder policy.
				result.worst = record.applied(stricter(existing, missing))
				return err
			case !exists:
				policy = missing
			}
		}
	}
	result.Policy, result.Applied = policy, record.applied(policy)
	result.worst = result.Applied
	return nil
}

// applied returns what of a policy applies.
func (record *Record) applied(policy Policy) Policy {
	if record.Testing {
		return policy.lowered()
	}
	return policy
}

func stricter(a, b Policy) Policy {
	if a.strictness() > b.strictness() {
		return a
	}
	return b
}

// below returns the policy for names below the domain of the record: for those
// that exist, and for those that don't.
func (record *Record) below() (existing, missing Policy) {
	existing = record.Policy
	if record.SubdomainPolicy != "" {
		existing = record.SubdomainPolicy
	}
	missing = existing
	if record.NonexistentPolicy != "" {
		missing = record.NonexistentPolicy
	}
	return existing, missing
}
