package postfix

import (
	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
	"mxrules.example/helo"
	"mxrules.example/rdns"
)

// restriction is what is known of a restriction of Postfix.
type restriction struct {
	stage    envelope.Stage // from which Postfix can answer it, 0 from the beginning
	argument bool
	differs  []string // on purpose
	refusal  string   // why it is not carried over
	carry    func(im *importer, s *scope, argument string) error
}

// canonical returns the name of today of a restriction.
func canonical(name string) string {
	if now := renamed[name]; now != "" {
		return now
	}
	return name
}

var renamed = map[string]string{
	"reject_unknown_client":    "reject_unknown_client_hostname",
	"reject_invalid_hostname":  "reject_invalid_helo_hostname",
	"reject_non_fqdn_hostname": "reject_non_fqdn_helo_hostname",
	"reject_unknown_hostname":  "reject_unknown_helo_hostname",
	"reject_unknown_address":   "reject_unknown_sender_domain",
	"reject_rbl":               "reject_rbl_client",
	"reject_rhsbl":             "reject_rhsbl_sender",
	"check_recipient_maps":     "reject_unlisted_recipient",
}

func status(code, subject, detail uint16) envelope.Status {
	return envelope.Status{Code: code, Subject: subject, Detail: detail}
}

// Differences that several restrictions share.
const (
	failedLookup = "a failed lookup is 451, and only if no later rule settles the decision"
	anyPTR       = "one good PTR record of ten is enough, where Postfix uses the first"
	finalDot     = "a final dot in a name makes no difference"
)

// simple is a restriction that refuses unless a check passes.
func simple(x expr, parameter string, natural envelope.Status) func(*importer, *scope, string) error {
	return func(im *importer, s *scope, _ string) error {
		im.refuse(s, x, parameter, natural)
		return nil
	}
}

// permitting is a restriction that ends its list if a check passes.
func permitting(x expr) func(*importer, *scope, string) error {
	return func(im *importer, s *scope, _ string) error {
		im.permit(s, x)
		return nil
	}
}

// unknown is defer_if_permit or defer_if_reject.
func unknown(carry func(*importer, *scope, expr)) func(*importer, *scope, string) error {
	return func(im *importer, s *scope, _ string) error {
		carry(im, s, expr{"postfix.Unknown", Unknown})
		return nil
	}
}

// access is a restriction check_*_access.
func access(of Part) restriction {
	return restriction{stage: of.stage(), argument: true, carry: func(im *importer, s *scope, reference string) error {
		return im.access(s, of, reference)
	}}
}

// known returns what is known of the restriction with a name of today.
func known(name string) (restriction, bool) {
	switch name {
	case "permit":
		return restriction{carry: (*importer).permitAll}, true
	case "reject":
		return restriction{carry: (*importer).rejectAll}, true
	case "defer":
		return restriction{carry: (*importer).deferAll}, true
	case "defer_if_permit":
		return restriction{carry: unknown((*importer).mayReject)}, true
	case "defer_if_reject":
		return restriction{carry: unknown((*importer).mayPermit)}, true
	case "check_policy_service":
		return restriction{argument: true, stage: envelope.Rcpt, carry: (*importer).service}, true
	case "sleep":
		return restriction{argument: true, refusal: "a policy does not wait; client.Waited refuses clients that do not wait for the banner"}, true
	case "reject_unauth_pipelining":
		return restriction{refusal: "the server enforces the order of commands; see client.Waited for the time before the banner"}, true
	}
	for _, group := range [...]func(string) (restriction, bool){knownOfClient, knownOfHelo, knownOfSender, knownOfRecipient, knownOfLogins, knownOfLists} {
		if r, found := group(name); found {
			return r, true
		}
	}
	return restriction{}, false
}

func knownOfClient(name string) (restriction, bool) {
	switch name {
	case "permit_mynetworks":
		return restriction{carry: func(im *importer, s *scope, _ string) error {
			im.permit(s, im.mynetworks())
			return nil
		}}, true
	case "permit_sasl_authenticated":
		return restriction{stage: envelope.Mail, carry: permitting(expr{"client.Authenticated", client.Authenticated})}, true
	case "reject_plaintext_session":
		return restriction{stage: envelope.Mail, carry: simple(expr{"client.TLS", client.TLS}, "plaintext_reject_code", status(530, 7, 0))}, true
	case "reject_unknown_client_hostname":
		return restriction{differs: []string{anyPTR, failedLookup},
			carry: simple(expr{"rdns.Confirmed", rdns.Confirmed}, "unknown_client_reject_code", status(550, 7, 25))}, true
	case "reject_unknown_reverse_client_hostname":
		return restriction{differs: []string{anyPTR, failedLookup},
			carry: simple(expr{"rdns.Exists", rdns.Exists}, "unknown_client_reject_code", status(550, 7, 25))}, true
	case "check_client_access":
		return access(Client), true
	case "check_reverse_client_hostname_access":
		return access(ReverseClient), true
	case "permit_inet_interfaces", "permit_tls_clientcerts", "permit_tls_all_clientcerts", "permit_naked_ip_address":
		return restriction{refusal: "use permit_mynetworks or permit_sasl_authenticated"}, true
	case "check_ccert_access":
		return restriction{argument: true, refusal: "there is no check of client certificates"}, true
	case "check_client_a_access", "check_client_ns_access", "check_client_mx_access", "check_reverse_client_hostname_a_access",
		"check_reverse_client_hostname_ns_access", "check_reverse_client_hostname_mx_access":
		return restriction{argument: true, refusal: "there is no check of the servers of a name"}, true
	}
	return restriction{}, false
}

func knownOfHelo(name string) (restriction, bool) {
	switch name {
	case "reject_invalid_helo_hostname":
		return restriction{stage: envelope.Helo, differs: []string{"an address without brackets is invalid, and so are a name over 253 octets and one with a hyphen at the end of a label", finalDot},
			carry: simple(expr{"helo.Syntax", helo.Syntax}, "invalid_hostname_reject_code", status(501, 5, 4))}, true
	case "reject_non_fqdn_helo_hostname":
		return restriction{stage: envelope.Helo, differs: []string{"a name that is not valid is left to helo.Syntax, an address without brackets too", finalDot},
			carry: (*importer).heloFQDN}, true
	case "reject_unknown_helo_hostname":
		return restriction{stage: envelope.Helo, differs: []string{"a null MX is not a host", "a DNS answer REFUSED defers", finalDot, failedLookup},
			carry: (*importer).heloResolves}, true
	case "check_helo_access":
		return access(Helo), true
	case "check_helo_a_access", "check_helo_ns_access", "check_helo_mx_access":
		return restriction{argument: true, refusal: "there is no check of the servers of a name"}, true
	}
	return restriction{}, false
}

func knownOfSender(name string) (restriction, bool) {
	switch name {
	case "reject_non_fqdn_sender":
		return restriction{stage: envelope.Mail, differs: []string{"an address literal is not fully qualified"},
			carry: simple(expr{"sender.FQDN", sender.FQDN}, "non_fqdn_reject_code", status(504, 1, 8))}, true
	case "reject_unknown_sender_domain":
		return restriction{stage: envelope.Mail, differs: []string{"domains of this site are looked up too", "a null MX beside another MX is ignored", failedLookup},
			carry: (*importer).senderResolves}, true
	case "check_sender_access":
		return access(Sender), true
	case "reject_unlisted_sender":
		return restriction{stage: envelope.Mail, carry: func(im *importer, s *scope, _ string) error {
			im.unlisted(s, im.senderListed)
			im.became("a rule for each class of addresses whose mailboxes are listed")
			return nil
		}}, true
	case "reject_unverified_sender":
		return restriction{stage: envelope.Mail, refusal: "a callout loads servers that have nothing to do with the mail; use sender.Listed, SPF and DMARC"}, true
	case "check_sender_a_access", "check_sender_ns_access", "check_sender_mx_access":
		return restriction{stage: envelope.Mail, argument: true, refusal: "there is no check of the servers of a name; see sender.MXUsable"}, true
	}
	return restriction{}, false
}

func knownOfRecipient(name string) (restriction, bool) {
	switch name {
	case "permit_auth_destination":
		return restriction{stage: envelope.Rcpt, carry: func(im *importer, s *scope, _ string) error {
			im.permit(s, im.ours())
			return nil
		}}, true
	case "reject_unauth_destination":
		return restriction{stage: envelope.Rcpt, carry: func(im *importer, s *scope, _ string) error {
			im.relay = im.relay || !s.shadow
			im.refuse(s, im.ours(), "relay_domains_reject_code", status(554, 7, 1))
			return nil
		}}, true
	case "defer_unauth_destination":
		return restriction{stage: envelope.Rcpt, carry: func(im *importer, s *scope, _ string) error {
			im.relay = im.relay || !s.shadow
			im.emit(s, tempFailUnless(im.ours()))
			return nil
		}}, true
	case "reject_non_fqdn_recipient":
		return restriction{stage: envelope.Rcpt, differs: []string{"an address literal is not fully qualified"},
			carry: simple(expr{"recipient.FQDN", recipient.FQDN}, "non_fqdn_reject_code", status(504, 1, 2))}, true
	case "reject_unknown_recipient_domain":
		return restriction{stage: envelope.Rcpt, differs: []string{"only a domain that says that it takes no mail is refused (null MX), not one that is missing from DNS"},
			carry: func(im *importer, s *scope, _ string) error {
				im.emit(s, rejectUnless(expr{"recipient.TakesMail", recipient.TakesMail}))
				return nil
			}}, true
	case "check_recipient_access":
		return access(Recipient), true
	case "reject_multi_recipient_bounce":
		return restriction{stage: envelope.Rcpt, differs: []string{"the second recipient of a bounce is refused at RCPT, where Postfix refuses from the second one on or the message at DATA"},
			carry: simple(expr{"sender.BounceToOne", sender.BounceToOne}, "multi_recipient_bounce_reject_code", status(550, 5, 3))}, true
	case "reject_unlisted_recipient":
		return restriction{stage: envelope.Rcpt, carry: func(im *importer, s *scope, _ string) error {
			im.unlisted(s, recipientListed)
			im.became("a rule for each class of addresses whose mailboxes are listed")
			return nil
		}}, true
	case "permit_mx_backup":
		return restriction{refusal: "whether this server is a backup MX must be stated: add the domains to relay_domains"}, true
	case "reject_unverified_recipient":
		return restriction{refusal: "use recipient.Listed with a directory"}, true
	case "check_recipient_a_access", "check_recipient_ns_access", "check_recipient_mx_access":
		return restriction{argument: true, refusal: "there is no check of the servers of a recipient's domain"}, true
	}
	return restriction{}, false
}
