package dmarc

import "mxrules.example/envelope"

// dispose fills in the disposition of a message that failed.
func (d *discovery) dispose(identifiers []identifier, result *Result) {
	if result.Applied != "" {
		result.Disposition = result.Applied
	}
	if result.Applied != result.Policy {
		result.Overrides = append(result.Overrides, Override{policyTestMode, "t=y at " + string(result.PolicyDomain)})
	}
	if override, ok := d.excuse(identifiers); ok {
		result.Overrides = append(result.Overrides, override)
		result.Disposition = none
	}
}

// excuse returns the override for an authenticated identifier of a known forwarder or
// mailing list. Identifiers whose lookup failed come last.
func (d *discovery) excuse(identifiers []identifier) (Override, bool) {
	for _, word := range []string{pass, tempError} {
		for _, i := range identifiers {
			kind := d.checker.kind(i.host)
			if kind != "" && i.word == word && (word == pass || d.assumed.passes(&i)) {
				return Override{kind, i.method + " domain " + string(i.host)}, true
			}
		}
	}
	return Override{}, false
}

// kind returns the type of override for a domain, "" if it is neither a known forwarder
// nor a known mailing list.
func (c *Checker) kind(domain envelope.Host) string {
	switch {
	case c.forwarders.Contains(domain):
		return trustedForwarder
	case c.mailingLists.Contains(domain):
		return mailingList
	}
	return ""
}
