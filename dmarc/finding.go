package dmarc

import (
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/spf"
)

var (
	// unauthenticated is the status of a message that is not authenticated as its
	// author's (RFC 7372, section 3.4: multiple authentication checks failed).
	unauthenticated = envelope.Status{Code: 550, Subject: 7, Detail: 26}
	// unwanted is the status of a message with an author that is not wanted (RFC
	// 3463: delivery not authorized).
	unwanted = envelope.Status{Code: 550, Subject: 7, Detail: 1}
)

// temporarily is the finding that DNS did not give an answer that matters.
func temporarily(name string, result *Result) envelope.Finding {
	return envelope.Temporary(name, result.Err)
}

// unreadable is the finding for a message whose author cannot be identified.
func unreadable(name string, result *Result) envelope.Finding {
	return envelope.Permanent(name, unwanted, "the author of the message cannot be identified: %s", result.Reason)
}

// unpublished is the finding that no policy protects the author domain.
func unpublished(name string, result *Result) envelope.Finding {
	return envelope.Failed(name, unauthenticated, "the domain %s in From is not protected by DMARC: %s", result.Domain, result.Reason)
}

// failed is the finding that a message is not authenticated. It names the author
// domain, what its owner asks for, what was seen instead, and where to get help: its
// readers are the postmaster of the sender, or a user whose forwarder broke a
// signature (RFC 9989, section 7.2).
func failed(name string, result *Result) envelope.Finding {
	var s sentence
	s.add("mail from %s is not authenticated", result.Domain)
	switch {
	case result.Applied == "":
	case result.Applied == PolicyReject:
		s.add(", and the DMARC policy of %s asks to reject it", result.PolicyDomain)
	case result.Applied == PolicyQuarantine:
		s.add(", and the DMARC policy of %s asks to be wary of it", result.PolicyDomain)
	default:
		s.add(", and the DMARC policy of %s asks for reports only", result.PolicyDomain)
	}
	s.addSPF(result)
	s.addDKIM(result)
	return envelope.Failed(name, unauthenticated, s.format, s.args...).
		Advising("if it is genuine, please tell the administrator of " + string(result.Domain))
}

// sentence is a text for envelope.Failed that is put together from parts, whose
// values stay apart so that each is cleaned and cut alone.
type sentence struct {
	format string
	args   []any
}

func (s *sentence) add(format string, args ...any) {
	s.format += format
	s.args = append(s.args, args...)
}

// addSPF says what SPF proved instead.
func (s *sentence) addSPF(result *Result) {
	sender := result.SPF
	switch word := senderWord(sender); word {
	case spf.WordPass:
		s.add(": SPF passes for %s", sender.Domain)
	case spf.WordNone, "":
		s.add(": SPF proves nothing")
	default:
		s.add(": the result of SPF is %s for %s", word, sender.Domain)
	}
}

// addDKIM says what a signature proved instead.
func (s *sentence) addDKIM(result *Result) {
	for _, signature := range result.DKIM.Signatures {
		if signature.Word == dkim.WordPass {
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
