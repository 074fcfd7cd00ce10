package policies

import (
	"context"
	"slices"
	"strings"

	"mxrules.example/dmarc"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/header"
	"mxrules.example/envelope/message"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
	"mxrules.example/helo"
	"mxrules.example/spf"
	"mxrules.example/verdict"
)

// withoutExemption returns the rules that hold for users too: mail that they reject
// could not be delivered, or not be answered.
func withoutExemption(site Site) verdict.Rules {
	return verdict.Rules{
		verdict.RejectUnless(sender.Syntax),
		verdict.RejectUnless(sender.FQDN),
		verdict.RejectUnless(recipient.Syntax),
		verdict.RejectUnless(recipient.FQDN),
		verdict.RejectUnless(sender.BounceToOne),
		verdict.RejectUnless(sender.Listed(site.Domains, site.mailboxes())),
		verdict.RejectUnless(recipient.Listed(site.mailboxes())),
	}
}

// mayRelay returns the rules that let networks and users of the site relay, and no
// other client.
//
// What users send, and what anyone sends to a role address, is exempt from the rules after
// these. But a mail loop stays one, and a message that is smuggled in it (bare line ends)
// would come from this server. Networks are exempt from that too: programs in them end
// lines as Unix does.
func mayRelay(site Site) verdict.Rules {
	exempt := envelope.Any(client.Authenticated, recipient.Role(site.Domains))
	return verdict.Rules{
		verdict.AcceptIf(client.In(site.Networks)),
		verdict.RejectUnless(envelope.All(message.NoLoop, message.LinesEnded)).When(exempt).Named("exempt.message"),
		verdict.AcceptIf(client.Authenticated),
		verdict.RejectUnless(recipient.Ours(site.Domains...)),
	}
}

// fromOutside returns the rules for other clients that ask DNS nothing.
func fromOutside(site Site) verdict.Rules {
	return verdict.Rules{
		verdict.AcceptIf(recipient.Role(site.Domains)),
		verdict.RejectUnless(client.Waited),
		verdict.RejectUnless(helo.Present),
		verdict.RejectUnless(helo.Syntax),
		verdict.RejectUnless(helo.FQDN),
		verdict.RejectUnless(helo.Literal),
		verdict.RejectUnless(helo.NotOurs(site.Names, site.Networks)),
	}
}

// notFromSelf rejects a sender in a domain of the site unless SPF passes, or a forwarder
// of the site sends it: services send such mail, and forwarders send it back. For the null sender NotOurs is None, and Any would be
// the SPF result alone, so the rule is off.
func notFromSelf(site Site) verdict.Rule {
	return site.unlessForwarded(verdict.RejectUnless(envelope.Any(sender.NotOurs(site.Domains...), spf.Pass)).
		Unless(sender.Null).Named("sender.notours"))
}

// greylisting returns the rule for mail that exempt does not pass for, if the site
// greylists, and the owner of the mailbox has not chosen otherwise.
func greylisting(site Site, exempt envelope.Check) verdict.Rules {
	if site.Greylist == nil {
		return nil
	}
	rule := verdict.TempFailUnless(site.Greylist).Unless(exempt)
	if site.NoGreylisting != nil {
		rule = rule.Unless(recipient.InSet(site.NoGreylisting))
	}
	return verdict.Rules{rule}
}

// safe returns the rules for messages that programs read in different ways, so that one
// can hide something from a filter, and for mail loops.
func safe() verdict.Rules {
	return verdict.Rules{
		verdict.RejectUnless(message.NoLoop),
		verdict.RejectUnless(message.LinesEnded),
		verdict.RejectUnless(message.SingleFields),
		verdict.RejectUnless(dmarc.SingleAuthor),
	}
}

// limits returns the rules about how much a login sends.
func limits(site Site) verdict.Rules {
	rules := verdict.Rules{
		verdict.TempFailUnless(fewRecipients(site.maxRecipients())).Reply(
			envelope.Status{Code: 452, Subject: 5, Detail: 3}, "too many recipients in one message"),
	}
	if site.Quota != nil {
		rules = append(rules, verdict.TempFailUnless(site.Quota))
	}
	return rules
}

// fewRecipients passes for at most n recipients of a message. It is a check of this
// package's own: a check is a function, and envelope.At does what all checks do.
func fewRecipients(n int) envelope.Check {
	return envelope.At("recipient.few", envelope.Rcpt, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if e.Recipients >= n {
			return envelope.Failed("recipient.few", envelope.Status{Code: 550, Subject: 5, Detail: 3}, "the message has more than %d recipients", n)
		}
		return envelope.Passed("recipient.few")
	})
}

// authenticated returns the rules about SPF, DKIM and DMARC of Standard.
//
// RFC 9989, section 7.4 forbids rejecting for p=reject alone, because mailing lists and
// forwarders break the signatures of genuine mail. A list sends with a sender of its
// own domain, for which SPF passes. So a message that fails DMARC with p=reject is
// rejected if SPF does not pass either and no forwarder of the site sent it, and marked
// otherwise. Mail that the lists and forwarders of the site authenticate passes
// dmarc.NotReject.
func authenticated(site Site, d *dmarc.Checker) verdict.Rules {
	rules := verdict.Rules{
		site.unlessForwarded(verdict.RejectUnless(spf.NotFail).Unless(dkim.Pass)),
		site.unlessForwarded(verdict.RejectUnless(d.NotReject).Unless(spf.Pass)),
		quarantined(d),
		verdict.MarkUnless(message.WellFormed, "malformed"),
	}
	if ours := site.hosts(); len(ours) > 0 {
		rules = append(rules, verdict.MarkUnless(d.AlignedFor(ours...), "forged"))
	}
	return slices.Concat(chosen(site, d), rules)
}

// chosen returns the rule for mailboxes whose owners want only authenticated mail.
func chosen(site Site, d *dmarc.Checker) verdict.Rules {
	if site.OnlyAuthenticated == nil {
		return nil
	}
	return verdict.Rules{
		verdict.RejectUnless(d.Pass).When(recipient.InSet(site.OnlyAuthenticated)).Named("mailbox.onlyauthenticated"),
	}
}

// strictlyAuthenticated returns the rules about SPF, DKIM and DMARC of Strict.
func strictlyAuthenticated(site Site, d *dmarc.Checker) verdict.Rules {
	rules := verdict.Rules{
		verdict.RejectUnless(message.WellFormed),
		site.unlessForwarded(verdict.RejectUnless(d.NotReject)),
		quarantined(d),
	}
	if ours := site.hosts(); len(ours) > 0 {
		rules = append(rules, verdict.RejectUnless(d.AlignedFor(ours...)))
	}
	return rules
}

// quarantined marks mail that fails DMARC, and that the rules before it have not rejected.
func quarantined(d *dmarc.Checker) verdict.Rule {
	return verdict.MarkUnless(envelope.All(d.NotReject, d.NotQuarantine), "quarantine").Named("dmarc")
}

// bulkSenders returns what the large mailbox providers require of those who send to
// them: some of everyone, and more of bulk mail. Mailing lists do not advertise.
func bulkSenders(site Site) verdict.Rules {
	rules := verdict.Rules{
		verdict.MarkUnless(client.TLS, "plaintext"),
		site.unlessForwarded(verdict.RejectUnless(envelope.Any(spf.Pass, dkim.Pass)).Named("spf.or.dkim")),
	}
	for _, rule := range (verdict.Rules{
		verdict.RejectUnless(spf.Pass),
		verdict.RejectUnless(dkim.Pass),
		verdict.RejectUnless(dmarc.Published),
		verdict.RejectUnless(dmarc.Pass),
		verdict.RejectUnless(message.OneClick),
		verdict.RejectUnless(dkim.Covers("List-Unsubscribe", "List-Unsubscribe-Post")),
	}) {
		rule = rule.When(message.Bulk).Unless(discussion()).Named("bulk." + rule.Name())
		if len(site.MailingLists) > 0 {
			rule = rule.Unless(dkim.PassFor(site.MailingLists...))
		}
		rules = append(rules, site.unlessForwarded(rule))
	}
	return rules
}

// discussion passes for a message of a mailing list that its members write to: List-Post
// has an address (RFC 2369, section 3.4). Anyone can write that field, as anyone can leave
// out those that message.Bulk looks for: these rules bind senders who say what they send.
func discussion() envelope.Check {
	const check = "list.discussion"
	return envelope.At(check, envelope.Data, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		for field := range header.Fields(e.Message.Header()) {
			if field.Is("List-Post") && strings.Contains(strings.ToLower(header.Unfold(field.Value())), "mailto:") {
				return envelope.Passed(check)
			}
		}
		return envelope.Failed(check, envelope.Status{Code: 550, Subject: 7, Detail: 1}, "the message is not of a list that its members write to")
	})
}

// shadows returns the rules as trials.
func shadows(rules verdict.Rules) verdict.Rules {
	trial := make(verdict.Rules, len(rules))
	for i, rule := range rules {
		trial[i] = rule.Shadow()
	}
	return trial
}

// anyName is the set of all host names.
func anyName(envelope.Host) bool { return true }
