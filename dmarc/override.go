package dmarc

import "mxrules.example/envelope"

// dispose fills in what becomes of a message that failed.
func (d *discovery) dispose(identifiers []identifier, result *Result) {
	if result.Applied != "" {
		result.Disposition = result.Applied
	}
	if result.Applied != result.Policy {
		result.Overrides = append(result.Overrides, Override{PolicyTestMode, "t=y at " + string(result.PolicyDomain)})
	}
	if override, ok := d.excuse(identifiers); ok {
		result.Overrides = append(result.Overrides, override)
		result.Disposition = PolicyNone
	}
}

// excuse finds an authenticated identifier that this site knows. One that could
// not be evaluated is looked at only if there is no other.
func (d *discovery) excuse(identifiers []identifier) (Override, bool) {
	for _, word := range []string{pass, temperror} {
		for _, i := range identifiers {
			kind := d.receiver.kind(i.host)
			if kind != "" && i.result == word && (word == pass || d.assumed.passes(i)) {
				return Override{kind, i.method + " domain " + string(i.host)}, true
			}
		}
	}
	return Override{}, false
}

// kind returns what a domain is to this site, "" if the site does not know it.
func (receiver *Receiver) kind(domain envelope.Host) OverrideType {
	switch {
	case receiver.Forwarders.Contains(domain):
		return TrustedForwarder
	case receiver.MailingLists.Contains(domain):
		return MailingList
	}
	return ""
}
