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
	if result.SPF != nil {
		entries = result.SPF.AuthenticationResults()
	}
	if result.DKIM != nil {
		entries = append(entries, result.DKIM.AuthenticationResults()...)
	}
	if result.unpublished {
		return entries
	}
	entry := envelope.AuthenticationResult{Method: "dmarc", Result: result.Outcome.String(), Reason: result.Reason}
	if len(result.Overrides) > 0 && entry.Reason == "" {
		override := result.Overrides[len(result.Overrides)-1]
		entry.Reason = override.Type + ": " + override.Comment
	}
	if result.Domain != "" {
		entry.Properties = append(entry.Properties, envelope.AuthenticationProperty{Type: "header", Name: "from", Value: string(result.Domain)})
	}
	if result.Applied != "" {
		entry.Properties = append(entry.Properties, envelope.AuthenticationProperty{Type: "policy", Name: "dmarc", Value: result.Applied})
	}
	return append(entries, entry)
}

// Explain implements [envelope.Explainer]: why no policy applies, or what is
// aligned, what the record asks for and what stands against it.
func (result *Result) Explain() []string {
	var lines []string
	author := "DMARC of " + string(result.Domain)
	switch {
	case result.Outcome == envelope.None && result.Reason != "":
		lines = append(lines, result.Reason)
	case result.Outcome == envelope.TempError:
		lines = append(lines, author+": "+result.Reason)
	}
	if result.SPFAligned {
		lines = append(lines, author+": SPF is aligned")
	}
	if result.DKIMAligned {
		lines = append(lines, author+": DKIM is aligned")
	}
	if result.Applied != "" {
		lines = append(lines, "DMARC record of "+string(result.PolicyDomain)+": "+result.Applied)
	}
	for _, override := range result.Overrides {
		lines = append(lines, "DMARC override "+override.Type+": "+override.Comment)
	}
	return lines
}
