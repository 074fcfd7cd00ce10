package dmarc

import (
	"slices"

	"mxrules.example/envelope"
)

// assumed reports which fields of a result depend on assumed answers of DNS.
type assumed struct {
	any          bool // any field
	organization bool // OrgDomain
	record       bool // PolicyDomain and Record
	policy       bool // Policy and Applied
}

// assumes reports whether a result depends on an assumed answer.
func (result *Result) assumes() bool {
	return slices.ContainsFunc(result.perAuthor(), func(one Result) bool { return one.assumed.any })
}

// known returns a result without the fields that depend on assumed answers.
func (result Result) known() Result {
	if result.assumed.organization {
		result.OrgDomain = ""
	}
	if result.assumed.record {
		result.PolicyDomain, result.Record = "", nil
	}
	if result.assumed.record || result.assumed.policy {
		result.Policy, result.Applied = "", ""
	}
	return result
}

// intersect removes what another round contradicts.
func (result *Result) intersect(other *Result) {
	if result.Domain != other.Domain {
		return
	}
	result.SPFAligned = result.SPFAligned && other.SPFAligned
	result.DKIMAligned = result.DKIMAligned && other.DKIMAligned
	if !slices.Equal(result.Overrides, other.Overrides) {
		result.Overrides = nil
	}
}

// undecided returns the result for a message whose outcome or disposition another
// answer would change. The results of author domains that depend on no assumed answer
// stay.
func (result Result) undecided(failure error) Result {
	if result.each == nil {
		return result.known().temporary(failure)
	}
	for i, one := range result.each {
		if one.assumed.any {
			result.each[i] = one.known().temporary(failure)
		}
	}
	return decisive(result.each)
}

// temporary turns a result into a temperror. No policy is applied.
func (result Result) temporary(failure error) Result {
	result.Outcome, result.Err = envelope.TempError, failure
	result.Reason = "temporary lookup failure"
	result.Disposition, result.Overrides = none, nil
	result.SPFAligned, result.DKIMAligned = false, false
	return result
}
