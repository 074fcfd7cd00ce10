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

	// Domain is the author domain (header_from). Of several it is the one that
	// decided.
	Domain envelope.Host
	// Authors are the author domains, each once.
	Authors []envelope.Host
	// OrgDomain is the organizational domain of Domain, "" if DNS does not tell.
	OrgDomain envelope.Host
	// PolicyDomain is where the record is published (policy_published: domain),
	// "" if there is none, or DNS does not tell.
	PolicyDomain envelope.Host
	// Record is the record at PolicyDomain, nil if PolicyDomain is "".
	Record *Record
	// Discovery is the method by which it was found: "treewalk" or "psl"
	// (discovery_method).
	Discovery string

	// Policy is the owner's policy for Domain, p, sp or np of the record: "none",
	// "quarantine" or "reject". It is "" if there is none or a lookup failed.
	Policy string
	// Applied is the policy for mail that fails: Policy, or one level less if the
	// record has t=y.
	Applied string
	// Disposition is what the owner requests for this message: Applied if it failed
	// and no override applies, otherwise "none".
	Disposition string
	// Overrides are the reasons why Disposition is not what the record says.
	Overrides []Override

	// SPFAligned and DKIMAligned say that a pass of SPF, or of a signature,
	// authenticates the author domain (policy_evaluated: spf, dkim).
	SPFAligned, DKIMAligned bool
	// SPF and DKIM are the results that it rests on (auth_results). They are nil if
	// the author cannot be identified, and SPF and DKIM were not evaluated.
	SPF  *spf.Result
	DKIM *dkim.Result

	// genuine says that exactly Domain is authenticated, so that the message passes
	// whatever policy is published. excused says that an identifier passed that the
	// site knows, so a failure has no consequence.
	genuine, excused bool
	// hopeless says that the message neither passes nor is excused, whatever is
	// published and whatever the failed lookups could return.
	hopeless bool
	// assumed says what rests on answers that DNS did not give.
	assumed assumed
	// unpublished says that it is this site that holds Domain to alignment, and no
	// policy that its owner publishes.
	unpublished bool
	// each has the results of the author domains one by one, if there are several.
	each []Result
}

// Override is a reason why the policy of a record is not applied (RFC 9990,
// section 3.1.6).
type Override struct {
	// Type is the kind, in the words of RFC 9990:
	//   - "policy_test_mode": the owner asks not to apply the policy yet, by t=y.
	//   - "trusted_forwarder": one of Options.Forwarders sent the message.
	//   - "mailing_list": one of Options.MailingLists sent it.
	//
	// A program that overrides the policy by itself reports "local_policy" or
	// "other", which this package never sets.
	Type    string
	Comment string // what it rests on
}

const (
	policyTestMode   = "policy_test_mode"
	trustedForwarder = "trusted_forwarder"
	mailingList      = "mailing_list"
)

// own returns a copy that shares nothing that a caller could change.
func (result Result) own() *Result {
	result.Authors = slices.Clone(result.Authors)
	result.Overrides = slices.Clone(result.Overrides)
	if result.SPF != nil {
		sender := *result.SPF
		sender.Matched = slices.Clone(sender.Matched)
		if sender.Problem != nil {
			problem := *sender.Problem
			sender.Problem = &problem
		}
		result.SPF = &sender
	}
	if result.DKIM != nil {
		signatures := *result.DKIM
		signatures.Signatures = slices.Clone(signatures.Signatures)
		result.DKIM = &signatures
	}
	if result.Record != nil {
		record := *result.Record
		record.AggregateReports = slices.Clone(record.AggregateReports)
		record.FailureReports = slices.Clone(record.FailureReports)
		result.Record = &record
	}
	return &result
}

// perAuthor returns the results of the author domains one by one.
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

// safe reports whether the message can't fail with a policy that is applied,
// whatever is published.
func (result *Result) safe() bool {
	return !slices.ContainsFunc(result.perAuthor(), func(one Result) bool { return !one.genuine && !one.excused })
}

// lost returns the result of an author domain that the message cannot be
// authenticated for, nil if there is none.
func (result *Result) lost() *Result {
	for _, one := range result.perAuthor() {
		if one.hopeless {
			return &one
		}
	}
	return nil
}

// exempt reports whether a choice of this site lets the message off.
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
