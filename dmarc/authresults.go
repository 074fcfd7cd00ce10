package dmarc

import "mxrules.example/envelope"

// AuthenticationResults returns for package verdict/headers the entries of SPF and
// DKIM, if they were evaluated, then one with the method dmarc, header.from and, if
// there is a policy, policy.dmarc (RFC 9989, section 9.1). If only this site requires
// alignment, with [AlignedFor], and the domain has no policy, there is no entry with
// the method dmarc: a requirement of the site is not a result of DMARC.
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

// Explain returns for verdict.Verdict.Explain why no policy applies, or what is aligned,
// the policy and its overrides.
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
