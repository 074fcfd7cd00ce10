// Package policies has three policies, to use as they are or to start from:
//
//   - [Standard] is for a server that accepts mail from the whole Internet;
//   - [Strict] rejects more, and therefore also good servers that are badly
//     configured;
//   - [Submission] is for the users of a site and their mail programs.
//
// Each is a list of rules, and the order of the rules matters:
//
//  1. Rules without exemptions: the syntax of the addresses, and whether the
//     mailbox exists. A rule that accepts ends the list, so these must come before
//     the exemptions. A mailbox that does not exist is then rejected permanently
//     even if a later rule would defer.
//  2. Exemptions: the networks of the site, and a login.
//  3. The rule that closes the relay. Without it, mail for other domains would be
//     accepted, because what no rule decides is accepted (RFC 5321, section 3.6.2).
//  4. An exemption for the role addresses of RFC 2142, so that a rejected sender can
//     ask the postmaster for help.
//  5. Rules without DNS questions, then rules with DNS questions.
//  6. Greylisting, if configured. Only mail that nothing rejects permanently, and
//     that has a property such as a generic name, is greylisted (RFC 6647, section
//     5).
//
// A [Site] has everything that a policy depends on. The policies do not evaluate DMARC:
// examples/mx adds rules for it.
package policies

import (
	"time"

	"mxrules.example/dmarc"
	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/spf"
	"mxrules.example/verdict"
)

// timeout bounds one judgement. It is longer than a resolver needs to try several
// servers, and shorter than the five minutes that a client waits (RFC 5321, section
// 4.5.3.2).
const timeout = 30 * time.Second

// Standard is a policy for a server that accepts mail for its domains from the whole
// Internet. Mail of users and networks of the site may relay. From other clients it
// rejects
//
//   - a recipient in another domain, or a mailbox that does not exist;
//   - a client that spoke before the banner;
//   - a HELO name that is malformed, not fully qualified, or a name of the site;
//   - a client without a PTR record, or without a confirmed PTR name;
//   - a sender domain that does not exist or does not accept mail;
//   - a sender in a domain of the site, unless SPF passes.
//
// A message is marked "generic" if the PTR name of the client looks like dynamic
// address space. With Site.Greylist, mail from such clients is greylisted, and no
// other mail, because a delay does less harm to a good server than a rejection. There
// is no block list.
//
// The error names the invalid value of the site.
func Standard(site Site) (verdict.Policy, error) {
	return policy(site, withoutExemption(site), mayRelay(site), fromOutside(site), verdict.Rules{
		verdict.RejectUnless(rdns.Exists),
		verdict.RejectUnless(rdns.Confirmed),
		verdict.RejectUnless(sender.Resolves),
		verdict.RejectUnless(sender.TakesMail),
		notFromSelf(site),
		verdict.MarkUnless(rdns.NotGeneric, "generic"),
	}, greylisting(site, rdns.NotGeneric))
}

// Strict is a policy that rejects more than Standard. In addition it rejects
//
//   - a HELO name that is an address literal, looks generic, does not resolve, or does
//     not resolve to the address of the client. RFC 5321, section 4.1.4 forbids
//     rejecting for the last reason: this policy loses mail of good servers;
//   - a PTR name that looks generic;
//   - a sender domain without a usable mail server;
//   - an SPF fail;
//   - a client on a list of Site.Lists. A list that does not answer is ignored, so that
//     its failure does not stop mail.
//
// With Site.Greylist, mail without an SPF pass is greylisted.
//
// The error names the invalid value of the site.
func Strict(site Site) (verdict.Policy, error) {
	return policy(site, withoutExemption(site), mayRelay(site), fromOutside(site), verdict.Rules{
		verdict.RejectUnless(helo.InSet(envelope.SetOf(anyName))).Named("helo.isname").Reply(
			envelope.Status{Code: 504, Subject: 5, Detail: 4}, "the HELO name {helo} is not a host name, and a host name is required"),
		verdict.RejectUnless(helo.NotGeneric),
		verdict.RejectUnless(helo.Resolves),
		verdict.RejectUnless(helo.Matches),
		verdict.RejectUnless(rdns.Exists),
		verdict.RejectUnless(rdns.Confirmed),
		verdict.RejectUnless(rdns.NotGeneric),
		verdict.RejectUnless(sender.Resolves),
		verdict.RejectUnless(sender.TakesMail),
		verdict.RejectUnless(sender.MXUsable),
		notFromSelf(site),
		verdict.RejectUnless(spf.NotFail),
		verdict.RejectUnless(dnsbl.NotListed(site.Lists...)).Ignoring(envelope.TempError),
	}, greylisting(site, spf.Pass))
}

// Submission is a policy for the ports where users submit mail (RFC 6409). It requires
// TLS and a login. The login must own the sender of MAIL FROM, unless it is the null
// sender, and every address in From. The HELO name and the address of the client do not
// matter.
//
// The addresses in From are known only with the message, so most mail is decided at
// DATA.
//
// The error names the invalid value of the site.
func Submission(site Site) (verdict.Policy, error) {
	return policy(site, verdict.Rules{
		verdict.RejectUnless(client.TLS),
		verdict.RejectUnless(client.Authenticated),
	}, withoutExemption(site), verdict.Rules{
		verdict.RejectUnless(sender.OwnedByLogin(site.owners())),
		verdict.RejectUnless(recipient.TakesMail),
		verdict.RejectUnless(dmarc.AuthorOwned(site.owners())),
	})
}

func policy(site Site, parts ...verdict.Rules) (verdict.Policy, error) {
	if err := site.check(); err != nil {
		return verdict.Policy{}, err
	}
	var rules verdict.Rules
	for _, part := range parts {
		rules = append(rules, part...)
	}
	policy := verdict.Policy{Rules: rules, Timeout: timeout}
	return policy, policy.Validate()
}

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
func mayRelay(site Site) verdict.Rules {
	return verdict.Rules{
		verdict.AcceptIf(client.In(site.Networks)),
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

// notFromSelf rejects a sender in a domain of the site unless SPF passes: forwarders
// and services send such mail. For the null sender NotOurs is None, and Any would be
// the SPF result alone, so the rule is off.
func notFromSelf(site Site) verdict.Rule {
	return verdict.RejectUnless(envelope.Any(sender.NotOurs(site.Domains...), spf.Pass)).
		Unless(sender.Null).Named("sender.notours")
}

// greylisting returns the rule for mail that exempt does not pass for, if the site
// greylists.
func greylisting(site Site, exempt envelope.Check) verdict.Rules {
	if site.Greylist == nil {
		return nil
	}
	return verdict.Rules{verdict.TempFailUnless(site.Greylist).Unless(exempt)}
}

// anyName is the set of all host names.
func anyName(envelope.Host) bool { return true }
