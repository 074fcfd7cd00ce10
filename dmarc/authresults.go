package dmarc

import "mxrules.example/envelope"

var _ envelope.AuthenticationResults = (*Result)(nil)

// AuthenticationResults returns what SPF and DKIM said, if a check evaluated
// them, and then the one entry of the method dmarc, with header.from and, where
// there is a policy, policy.dmarc (RFC 9989, section 9.1). A domain without a
// policy that [AlignedFor] holds to alignment has no such entry: what a site
// demands by itself is no result of DMARC, which would be none.
func (result *Result) AuthenticationResults() []envelope.AuthenticationResult {
	var entries []envelope.AuthenticationResult
	for _, method := range result.evidence {
		entries = append(entries, method.AuthenticationResults()...)
	}
	if result.unpublished {
		return entries
	}
	entry := envelope.AuthenticationResult{Method: "dmarc", Result: result.Outcome.String(), Reason: result.Reason}
	if len(result.Overrides) > 0 && entry.Reason == "" {
		override := result.Overrides[len(result.Overrides)-1]
		entry.Reason = string(override.Type) + ": " + override.Comment
	}
	if result.Domain != "" {
		entry.Properties = append(entry.Properties, envelope.AuthenticationProperty{Type: "header", Name: "from", Value: string(result.Domain)})
	}
	if result.Applied != "" {
		entry.Properties = append(entry.Properties, envelope.AuthenticationProperty{Type: "policy", Name: "dmarc", Value: string(result.Applied)})
	}
	return append(entries, entry)
}

// Explain implements [envelope.Explainer]: why no policy applies, or what is
// aligned and what the record asks for.
func (result *Result) Explain() []string {
	var lines []string
	if result.Outcome == envelope.None && result.Reason != "" {
		lines = append(lines, result.Reason)
	}
	if result.SPFAligned {
		lines = append(lines, "DMARC of "+string(result.Domain)+": SPF is aligned")
	}
	if result.DKIMAligned {
		lines = append(lines, "DMARC of "+string(result.Domain)+": DKIM is aligned")
	}
	if result.PolicyDomain != "" {
		lines = append(lines, "DMARC record of "+string(result.PolicyDomain)+": "+string(result.Applied))
	}
	return lines
}
