package dmarc

import (
	"encoding/json"
	"slices"

	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/spf"
)

// Result is the result of an evaluation. It has all that a row of an aggregate report
// needs (RFC 9990, section 3.1). It is the Detail of the findings of this package, as
// a *Result that belongs to the caller.
type Result struct {
	// Outcome is Pass, Fail, TempError, PermError, or None where no policy
	// applies (RFC 9989, section 9.2 has the same words).
	Outcome envelope.Outcome
	// Reason is a clause that says why Outcome is None, PermError or TempError. It may
	// contain text of the message or of DNS.
	Reason string
	// Err is the error of a lookup that could change Outcome or Disposition, for a
	// TempError. It is nil otherwise.
	Err error

	// Domain is the author domain (header_from), or of several the one that decided
	// the result.
	Domain envelope.Host
	// Authors are the author domains, each once.
	Authors []envelope.Host
	// OrgDomain is the organizational domain of Domain. It is "" if it depends on a
	// failed lookup, and if nothing depends on it: the record is that of Domain itself,
	// and SPF and DKIM can authenticate no other domain under its top-level domain.
	OrgDomain envelope.Host
	// PolicyDomain is the domain that publishes the record (policy_published: domain),
	// "" if there is no record or it depends on a failed lookup.
	PolicyDomain envelope.Host
	// Record is the record at PolicyDomain, nil if PolicyDomain is "".
	Record *Record
	// Discovery is the method by which it was found: "treewalk" or "psl"
	// (discovery_method).
	Discovery string

	// Policy is the owner's policy for Domain, p, sp or np of the record: "none",
	// "quarantine" or "reject". It is "" if there is none or it depends on a failed
	// lookup.
	Policy string
	// Applied is the policy for mail that fails: Policy, or one level milder if the
	// record has t=y.
	Applied string
	// Disposition is what the owner requests for this message: Applied if it failed
	// and no override applies, otherwise "none".
	Disposition string
	// Overrides are the reasons why Disposition differs from Policy.
	Overrides []Override

	// SPFAligned and DKIMAligned report whether SPF or a signature authenticates the
	// author domain (policy_evaluated: spf, dkim).
	SPFAligned, DKIMAligned bool
	// SPF and DKIM are the results of SPF and DKIM (auth_results). They are nil if the
	// author cannot be identified: then neither was evaluated.
	SPF  *spf.Result
	DKIM *dkim.Result

	// genuine reports whether exactly Domain is authenticated, so that the message
	// passes whatever policy is published. excused reports whether a known forwarder or
	// list is authenticated, so that a failure has no consequence.
	genuine, excused bool
	// hopeless reports whether the message neither passes nor is excused, whatever is
	// published and whatever the failed lookups could return.
	hopeless bool
	// related reports whether SPF or DKIM may have authenticated another domain that
	// could have the organizational domain of Domain.
	related bool
	// assumed has the fields that depend on assumed answers of DNS.
	assumed assumed
	// unpublished reports whether this site requires alignment of Domain although its
	// owner publishes no policy.
	unpublished bool
	// each has the results of the author domains one by one, if there are several.
	each []Result
}

// Override is a reason why the policy of a record is not applied (RFC 9990,
// section 3.1.6).
type Override struct {
	// Type is the kind, in the words of RFC 9990:
	//   - "policy_test_mode": the record has t=y, so the policy is only being tested.
	//   - "trusted_forwarder": one of Options.Forwarders sent the message.
	//   - "mailing_list": one of Options.MailingLists sent it.
	//
	// A program that overrides the policy itself reports "local_policy" or "other",
	// which this package never sets.
	Type    string
	Comment string // the record or the identifier that is the reason
}

const (
	policyTestMode   = "policy_test_mode"
	trustedForwarder = "trusted_forwarder"
	mailingList      = "mailing_list"
)

// own returns a copy that shares no memory that a caller could change.
func (result Result) own() *Result {
	own := &struct { // in one allocation
		Result
		sender     spf.Result
		signatures dkim.Result
		record     Record
		authors    [maxAuthors]envelope.Host
	}{Result: result}
	if result.Authors != nil {
		own.Authors = append(own.authors[:0], result.Authors...)
	}
	own.Overrides = slices.Clone(result.Overrides)
	if result.SPF != nil {
		own.sender, own.SPF = *result.SPF, &own.sender
		own.sender.Matched = slices.Clone(own.sender.Matched)
		if own.sender.Problem != nil {
			problem := *own.sender.Problem
			own.sender.Problem = &problem
		}
	}
	if result.DKIM != nil {
		own.signatures, own.DKIM = *result.DKIM, &own.signatures
		own.signatures.Signatures = slices.Clone(own.signatures.Signatures)
	}
	if result.Record != nil {
		own.record, own.Record = *result.Record, &own.record
		own.record.AggregateReports = slices.Clone(own.record.AggregateReports)
		own.record.FailureReports = slices.Clone(own.record.FailureReports)
	}
	return &own.Result
}

// perAuthor returns the result for each author domain.
func (result *Result) perAuthor() []Result {
	if result.each == nil {
		return []Result{*result}
	}
	return result.each
}

// published reports whether there is a policy for the author domain.
func (result *Result) published() bool {
	return result.Record != nil && result.Record.Policy != ""
}

// safe reports whether no policy can be applied to the message, whatever is
// published.
func (result *Result) safe() bool {
	return !slices.ContainsFunc(result.perAuthor(), func(one Result) bool { return !one.genuine && !one.excused })
}

// lost returns the result of an author domain for which the message cannot pass, or nil
// if there is none.
func (result *Result) lost() *Result {
	for _, one := range result.perAuthor() {
		if one.hopeless {
			return &one
		}
	}
	return nil
}

// exempt reports whether an option of this site overrides the policy.
func (result *Result) exempt() bool {
	for _, o := range result.Overrides {
		if o.Type == trustedForwarder || o.Type == mailingList {
			return true
		}
	}
	return false
}

// MarshalJSON returns the result in short: result, domain, org_domain, policy,
// applied, spf_aligned and dkim_aligned.
func (result Result) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Result      string        `json:"result"`
		Domain      envelope.Host `json:"domain"`
		OrgDomain   envelope.Host `json:"org_domain"`
		Policy      string        `json:"policy"`
		Applied     string        `json:"applied"`
		SPFAligned  bool          `json:"spf_aligned"`
		DKIMAligned bool          `json:"dkim_aligned"`
	}{
		result.Outcome.String(), result.Domain, result.OrgDomain, result.Policy, result.Applied,
		result.SPFAligned, result.DKIMAligned,
	})
}
