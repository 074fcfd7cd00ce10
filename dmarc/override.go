package dmarc

import (
	"fmt"

	"mxrules.example/envelope"
)

// dispose says what becomes of a message that failed. The error says that it
// is not known whether one of those sent it whom this site knows.
func (receiver *Receiver) dispose(result *Result) error {
	if result.Applied != "" {
		result.Disposition = result.Applied
	}
	if result.Applied != result.Policy {
		result.Overrides = append(result.Overrides, Override{PolicyTestMode, "t=y at " + string(result.PolicyDomain)})
	}
	kind, what, err := receiver.known(result)
	if kind == "" {
		return err
	}
	result.Overrides = append(result.Overrides, Override{kind, what})
	result.Disposition = PolicyNone
	return nil
}

// known finds an authenticated identifier that this site knows, and says which
// it is. If there is none, the error says which of those it knows could not be
// evaluated.
func (receiver *Receiver) known(result *Result) (kind OverrideType, what string, err error) {
	identifiers := []struct{ method, domain, result string }{{"SPF", result.SPF.Domain, result.SPF.Result}}
	for _, signature := range result.DKIM {
		identifiers = append(identifiers, struct{ method, domain, result string }{"DKIM", signature.Domain, signature.Result})
	}
	for _, i := range identifiers {
		host, fault := envelope.ParseHost(i.domain)
		if fault != nil {
			continue
		}
		switch kind := receiver.kind(host); {
		case kind == "":
		case i.result == pass:
			return kind, i.method + " domain " + string(host), nil
		case i.result == temperror:
			err = fmt.Errorf("%s of %s could not be evaluated", i.method, host)
		}
	}
	return "", "", err
}

// kind returns as what this site knows a domain, "" if it does not.
func (receiver *Receiver) kind(domain envelope.Host) OverrideType {
	switch {
	case receiver.Forwarders.Contains(domain):
		return TrustedForwarder
	case receiver.MailingLists.Contains(domain):
		return MailingList
	}
	return ""
}
