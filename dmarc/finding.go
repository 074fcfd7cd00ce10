package dmarc

import "mxrules.example/envelope"

var (
	// unauthenticated: multiple authentication checks failed (RFC 7372, section 3.4).
	unauthenticated = envelope.Status{Code: 550, Subject: 7, Detail: 26}
	// unwanted: delivery not authorized (RFC 3463).
	unwanted = envelope.Status{Code: 550, Subject: 7, Detail: 1}
)

// temporarily is the finding for a failed lookup that could change the finding.
func temporarily(name string, result *Result) envelope.Finding {
	return envelope.Temporary(name, result.Err)
}

// unreadable is the finding for a message whose author cannot be identified.
func unreadable(name string, result *Result) envelope.Finding {
	return envelope.Permanent(name, unwanted, "the author of the message cannot be identified: %s", result.Reason)
}

// unpublished is the finding for an author domain without a policy.
func unpublished(name string, result *Result) envelope.Finding {
	return envelope.Failed(name, unauthenticated, "the domain %s in From is not protected by DMARC: %s", result.Domain, result.Reason)
}

// failed is the finding for a message that is not authenticated. The text names the
// author domain, the policy, the results of SPF and DKIM, and where to get help. It is
// read by the postmaster of the sender, or by a user whose forwarder broke a signature
// (RFC 9989, section 7.2).
func failed(name string, result *Result) envelope.Finding {
	var s sentence
	s.add("mail from %s is not authenticated", result.Domain)
	switch {
	case result.Applied == "":
	case result.Applied == reject:
		s.add(", and the DMARC policy of %s asks to reject it", result.PolicyDomain)
	case result.Applied == quarantine:
		s.add(", and the DMARC policy of %s asks to quarantine it", result.PolicyDomain)
	default:
		s.add(", and the DMARC policy of %s asks for reports only", result.PolicyDomain)
	}
	s.addSPF(result)
	s.addDKIM(result)
	return envelope.Failed(name, unauthenticated, s.format, s.args...).
		Advising("if it is genuine, please tell the administrator of " + string(result.Domain))
}

// sentence is a format with arguments for envelope.Failed, which cleans and cuts each
// argument separately.
type sentence struct {
	format string
	args   []any
}

func (s *sentence) add(format string, args ...any) {
	s.format += format
	s.args = append(s.args, args...)
}

// addSPF adds the result of SPF.
func (s *sentence) addSPF(result *Result) {
	sender := result.SPF
	switch word := senderWord(sender); word {
	case pass:
		s.add(": SPF passes for %s", sender.Domain)
	case "none", "":
		s.add(": SPF proves nothing")
	default:
		s.add(": the result of SPF is %s for %s", word, sender.Domain)
	}
}

// addDKIM adds the results of DKIM.
func (s *sentence) addDKIM(result *Result) {
	for _, signature := range result.DKIM.Signatures {
		if signature.Word == pass {
			s.add(" and the DKIM signature is that of %s", signature.Domain)
			return
		}
	}
	if len(result.DKIM.Signatures) > 0 {
		s.add(" and no DKIM signature is valid")
	} else {
		s.add(" and there is no DKIM signature")
	}
}
