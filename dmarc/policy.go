package dmarc

import (
	"context"
	"slices"

	"mxrules.example/envelope"
)

// discoverPolicy fills in the record that holds the policy, and the organizational
// domain (RFC 9989, sections 4.10.1 and 4.10.2).
func (d *discovery) discoverPolicy(ctx context.Context, result *Result) {
	if d.checker.rfc7489 {
		d.discoverRegistered(ctx, result)
		return
	}
	author, used := result.Domain, d.assumed.used
	if !result.related {
		if own := d.at(ctx, author); own.record != nil && !own.assumed {
			if own.record.PublicSuffix == suffixNo {
				result.OrgDomain = author
			}
			d.apply(published{author, own.record, false}, result)
			return
		}
	}
	records, ok := d.walk(ctx, author, "")
	if !ok { // the record of the author domain counts, whatever is published above it
		records = records[:slices.IndexFunc(records, func(p published) bool { return p.domain == author })+1]
	}
	result.OrgDomain = organizational(author, records)
	result.assumed.organization = !ok || d.assumed.used > used
	if p, found := policyRecord(author, result.OrgDomain, records); found {
		d.apply(p, result)
	} else if ok {
		result.Reason = "no DMARC record is published for the author domain"
	}
}

// apply stores the record that holds the policy.
func (d *discovery) apply(p published, result *Result) {
	if p.assumed {
		d.assumed.policy(p.record)
	}
	result.PolicyDomain, result.Record, result.assumed.record = p.domain, p.record, p.assumed
}

// policyRecord returns the first record of: that at the author domain, that at the
// organizational domain, that at the public suffix domain above. Records between them
// do not count (RFC 9989, section 4.10.1).
func policyRecord(author, org envelope.Host, records []published) (published, bool) {
	for _, wanted := range []func(published) bool{
		func(p published) bool { return p.domain == author },
		func(p published) bool { return p.domain == org },
		func(p published) bool { return p.record.PublicSuffix == suffixYes },
	} {
		if i := slices.IndexFunc(records, wanted); i >= 0 {
			return records[i], true
		}
	}
	return published{}, false
}

// discoverRegistered is discoverPolicy by RFC 7489, section 6.6.3. It uses the record
// of the author domain or else that of the registered domain. Several records at one
// name end the search.
func (d *discovery) discoverRegistered(ctx context.Context, result *Result) {
	result.OrgDomain = registered(result.Domain)
	for _, domain := range []envelope.Host{result.Domain, result.OrgDomain} {
		answer := d.at(ctx, domain)
		switch {
		case answer.several:
			result.Reason = "several DMARC records are published"
			return
		case answer.record != nil:
			d.apply(published{domain, answer.record, answer.assumed}, result)
			return
		}
	}
	result.Reason = "no DMARC record is published for the author domain"
}

// selectPolicy fills in the policy for the author domain and the one to apply (RFC
// 9989, sections 4.7 and 4.10.1).
//
// DNS: as envelope.Exists, only if the message did not pass and np differs.
func (d *discovery) selectPolicy(ctx context.Context, result *Result) {
	record := result.Record
	if record == nil {
		return
	}
	policy := record.Policy
	if result.PolicyDomain != result.Domain {
		existing, missing := record.below()
		policy = existing
		if result.Outcome != envelope.Pass && existing != missing {
			used := d.assumed.used
			if !d.exists(ctx, result.Domain) {
				policy = missing
			}
			result.assumed.policy = d.assumed.used > used
		}
	}
	result.Policy, result.Applied = policy, policy
	if record.Testing {
		result.Applied = lowered(policy)
	}
}

// below returns the policies for names below the domain of the record: for existing
// names, and for names that do not exist.
func (record *Record) below() (existing, missing string) {
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
