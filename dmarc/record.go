package dmarc

import (
	"net/url"
	"slices"
	"strings"

	"mxrules.example/envelope"
)

// The policies: what a domain owner requests for mail that fails, the values of p, sp
// and np. "" is an absent policy.
const (
	none       = "none"       // reports only
	quarantine = "quarantine" // treat it as suspicious
	reject     = "reject"     // reject it
)

// strictness orders policies: the greater, the stricter. 0 is no policy.
func strictness(policy string) int {
	return 1 + slices.Index([]string{none, quarantine, reject}, policy)
}

// lowered returns the policy one level down, which a record with t=y requests (RFC
// 9989, section 4.7).
func lowered(policy string) string {
	switch policy {
	case reject:
		return quarantine
	case quarantine:
		return none
	}
	return policy
}

// Modes of alignment (RFC 9989, section 3.2.10).
const (
	relaxed = "r" // the same organizational domain
	strict  = "s" // the same name
)

// The values of psd: whether others register names below the domain of the record.
const (
	suffixUnsaid = "u" // the walk decides; it is the default
	suffixYes    = "y" // a public suffix domain
	suffixNo     = "n" // an organizational domain
)

const (
	// maxReports is how many addresses for reports are kept of one record.
	maxReports = 20
	// noFailureOptions is the default of fo.
	noFailureOptions = "0"
)

// Record is a DMARC policy record (RFC 9989, sections 4.7 and 4.10.1). A tag that
// is absent or has an invalid value has its default.
type Record struct {
	// Policy is p: "none", "quarantine" or "reject". It is "none" if the record has no
	// tag p. If p, sp or np has an invalid value, it is "none" if the record has an
	// address for reports, and otherwise "": then DMARC does not apply.
	Policy string
	// SubdomainPolicy is sp, NonexistentPolicy is np. They are "" if absent, and if p,
	// sp or np has an invalid value.
	SubdomainPolicy, NonexistentPolicy string
	// DKIMAlignment is adkim, SPFAlignment is aspf: "r" for relaxed or "s" for strict.
	DKIMAlignment, SPFAlignment string
	// PublicSuffix is psd: "u", "y" or "n".
	PublicSuffix string
	// Testing reports whether the record has t=y: the policy is being tested.
	Testing bool
	// AggregateReports is rua, FailureReports is ruf: the valid URIs, twenty at most,
	// without a size after "!". The domain owner controls them. Before you send a
	// report, verify that its destination wants it (RFC 9990, section 4). Do not send
	// failure reports for a record with psd=y (RFC 9991, section 2).
	AggregateReports, FailureReports []string
	// FailureOptions is the value of fo, "0" if FailureReports is empty.
	FailureOptions string
}

// parseRecord parses the text of a TXT record. If the text does not begin with the tag
// v=DMARC1, the error is an *[envelope.SyntaxError]. There are no other errors: unknown
// tags and invalid values are ignored (RFC 9989, sections 4.7 and 4.8). Letter case is
// ignored, except in DMARC1.
//
// A tag must not be repeated. If it is, its first value counts; for p, sp and np the
// strictest value counts, so that added text never weakens a policy. hasPolicy reports
// whether the record has a tag p.
func parseRecord(text string) (record Record, hasPolicy bool, err error) {
	if !isRecord(text) {
		return Record{}, false, &envelope.SyntaxError{Kind: "DMARC record", Value: text, Reason: "does not begin with v=DMARC1"}
	}
	record = Record{DKIMAlignment: relaxed, SPFAlignment: relaxed, PublicSuffix: suffixUnsaid, FailureOptions: noFailureOptions}
	var policies struct{ p, sp, np request }
	seen := make(map[string]bool)
	for tag := range strings.SplitSeq(text, ";") {
		name, value, ok := strings.Cut(tag, "=")
		if !ok {
			continue
		}
		name, value = strings.ToLower(trimBlanks(name)), trimBlanks(value)
		switch name {
		case "p":
			policies.p.add(value)
			continue
		case "sp":
			policies.sp.add(value)
			continue
		case "np":
			policies.np.add(value)
			continue
		case "adkim", "aspf", "psd", "t", "rua", "ruf", "fo":
			if !seen[name] {
				seen[name] = true
				record.set(name, value)
			}
		}
	}
	if len(record.FailureReports) == 0 { // RFC 9989, section 4.7
		record.FailureOptions = noFailureOptions
	}
	record.Policy, record.SubdomainPolicy, record.NonexistentPolicy = policies.p.policy, policies.sp.policy, policies.np.policy
	if !policies.p.given { // RFC 9989, section 4.7
		record.Policy = none
	}
	if policies.p.wrong() || policies.sp.wrong() || policies.np.wrong() {
		record.dropPolicies()
	}
	return record, policies.p.given, nil
}

// dropPolicies removes the policies of a record with an invalid one. A record with an
// address for reports counts as p=none (RFC 9989, section 4.10.1).
func (record *Record) dropPolicies() {
	record.Policy, record.SubdomainPolicy, record.NonexistentPolicy = "", "", ""
	if len(record.AggregateReports) > 0 {
		record.Policy = none
	}
}

// isRecord reports whether text begins with the tag v=DMARC1. Letter case is ignored in
// the name of the tag only (RFC 9989, section 4.8).
func isRecord(text string) bool {
	version, _, _ := strings.Cut(text, ";")
	name, value, ok := strings.Cut(version, "=")
	if !ok || name == "" || name[0] != 'v' && name[0] != 'V' {
		return false
	}
	return trimBlanks(name[1:]) == "" && trimBlanks(value) == "DMARC1"
}

// trimBlanks removes WSP (RFC 5234) from both ends, and no other white space.
func trimBlanks(s string) string { return strings.Trim(s, " \t") }

// request is a tag p, sp or np, which may be repeated.
type request struct {
	given  bool
	policy string
}

func (r *request) add(value string) {
	r.given = true
	if p := strings.ToLower(value); strictness(p) > strictness(r.policy) {
		r.policy = p
	}
}

// wrong reports whether the tag is present with an invalid value.
func (r *request) wrong() bool { return r.given && r.policy == "" }

// set stores the value of one of the other tags. An invalid value leaves the default.
func (record *Record) set(name, value string) {
	word := strings.ToLower(value)
	switch name {
	case "adkim":
		record.DKIMAlignment = mode(word)
	case "aspf":
		record.SPFAlignment = mode(word)
	case "psd":
		if word == suffixYes || word == suffixNo {
			record.PublicSuffix = word
		}
	case "t":
		record.Testing = word == "y"
	case "rua":
		record.AggregateReports = reportURIs(value)
	case "ruf":
		record.FailureReports = reportURIs(value)
	case "fo":
		if isFailureOptions(word) {
			record.FailureOptions = word
		}
	}
}

func mode(word string) string {
	if word == strict {
		return strict
	}
	return relaxed
}

// isFailureOptions reports whether word is a list of failure options without
// repetition and not with both 0 and 1 (RFC 9989, section 4.8).
func isFailureOptions(word string) bool {
	seen := ""
	for option := range strings.SplitSeq(word, ":") {
		switch option {
		case "0", "1":
			option = "01"
		case "d", "s":
		default:
			return false
		}
		if strings.Contains(seen, option) {
			return false
		}
		seen += option
	}
	return true
}

// reportURIs returns the valid URIs of a list.
func reportURIs(list string) []string {
	var uris []string
	for uri := range strings.SplitSeq(list, ",") {
		// RFC 7489, section 6.2 allowed a size after the URI. A "!" that is part of the
		// URI is written %21.
		uri, _, _ = strings.Cut(trimBlanks(uri), "!")
		if isReportURI(uri) {
			uris = append(uris, uri)
		}
		if len(uris) == maxReports {
			break
		}
	}
	return uris
}

// isReportURI reports whether uri is absolute and, if it is a mailto URI, has an
// address.
func isReportURI(uri string) bool {
	for i := range len(uri) {
		if uri[i] <= ' ' || uri[i] > '~' {
			return false
		}
	}
	parsed, err := url.Parse(uri)
	if err != nil || parsed.Scheme == "" {
		return false
	}
	if parsed.Scheme == "mailto" {
		local, domain, _ := strings.Cut(parsed.Opaque, "@")
		return local != "" && domain != ""
	}
	return parsed.Opaque != "" || parsed.Host != "" || parsed.Path != ""
}
