// Package policies holds ready policies, to use as they are or to begin with.
// Each is a list of rules, and reads as one:
//
//   - [Standard] is what a careful site runs at the border, against the whole
//     Internet;
//   - [Strict] is the same for a site that would rather lose an honest server
//     that is badly kept than let a bad one in;
//   - [Submission] is for its own users, with their mail programs.
//
// A list of rules has no one right order, but these things hold for all. What
// holds for everybody stands first: the form of the addresses, and whether the
// mailbox exists. A rule that accepts ends the list, so that behind it a login
// would skip what holds for users as well, and a mailbox that does not exist
// shall be refused for good even where a later rule would only defer. Exemptions
// come before everything that they shall exempt from, and no earlier. The relay
// is closed by a rule, because what no rule decides is accepted (RFC 5321,
// section 3.6.2: a server should not take mail from strangers for strangers).
// The addresses of RFC 2142 that people need to get help stand behind it, and
// before all that a badly kept server could fail: who is refused must be able to
// ask why. What costs questions to DNS stands last, and behind it, if the site
// wants it, greylisting: what is refused for good is not asked to come back, and
// only who gave a reason is (RFC 6647, section 5).
//
// The policies know a site by a [Site] and nothing else.
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

// timeout bounds one judgement. It is longer than a resolver takes to give up
// on a few servers, and well under the five minutes that a client waits (RFC
// 5321, section 4.5.3.2).
const timeout = 30 * time.Second

// Standard is a policy for a server that takes mail for its domains from the
// whole Internet. It refuses what no mail server that is looked after does: a
// greeting that is malformed, not a full name, or one of the site's own; an
// address without a name in DNS, or with a name that does not lead back; a
// sender whose domain does not exist or takes no mail. Mail in the name of the
// site comes from outside only if SPF vouches for it. A message is marked
// "generic" if the name of its client looks like that of dynamic address space,
// which some honest servers have. There is no block list. If the site has a
// Greylist, those with a generic name, and no others, are asked to come back: a
// delay is less than a refusal, and all who have a name of their own are spared
// it.
//
// The error names the value of the site that can't be read.
func Standard(site Site) (verdict.Policy, error) {
	return policy(site, forEverybody(site), mayRelay(site), fromOutside(site), verdict.Rules{
		verdict.RejectUnless(rdns.Exists),
		verdict.RejectUnless(rdns.Confirmed),
		verdict.RejectUnless(sender.Resolves),
		verdict.RejectUnless(sender.TakesMail),
		notFromSelf(site),
		verdict.MarkUnless(rdns.NotGeneric, "generic"),
	}, greylisting(site, rdns.NotGeneric))
}

// Strict is Standard for a client that introduces itself as it should: with a
// full name, which is no address literal, exists, and leads to the address of
// the client. RFC 5321, section 4.1.4 forbids refusing mail because the last is
// not so; who uses this policy knows what it costs. The reverse name must not
// look like that of dynamic address space, mail servers of the sender must be
// reachable, SPF must not fail, and the client must be on none of the site's
// lists. A list that does not answer is ignored: it is a stranger's, and shall
// not stop the mail of the site. If the site has a Greylist, all are asked to
// come back for whom SPF does not vouch: generic names, which give the reason in
// Standard, are refused here.
func Strict(site Site) (verdict.Policy, error) {
	return policy(site, forEverybody(site), mayRelay(site), fromOutside(site), verdict.Rules{
		verdict.RejectUnless(helo.InSet(envelope.SetOf(anyName))).Named("helo.isname").Reply(
			envelope.Status{Code: 504, Subject: 5, Detail: 4}, "the HELO name {helo} is no name, and mail is taken only from servers that have one"),
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

// Submission is a policy for the ports at which users hand in their mail (RFC
// 6409). They log in, over an encrypted connection, and write in their own name:
// the login must own the sender in MAIL FROM, unless it is the null sender, and
// every address in From, also of a message with the null sender. How their programs
// greet, and where they are, does not matter.
//
// The author is known with the message, so that most mail is decided at DATA only.
func Submission(site Site) (verdict.Policy, error) {
	return policy(site, verdict.Rules{
		verdict.RejectUnless(client.TLS),
		verdict.RejectUnless(client.Authenticated),
	}, forEverybody(site), verdict.Rules{
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

// forEverybody are the rules that no login and no network is exempt from: what
// they refuse could not be delivered, or not be answered.
func forEverybody(site Site) verdict.Rules {
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

// mayRelay are the rules that decide who may send mail to the world, and close
// the relay for all others.
func mayRelay(site Site) verdict.Rules {
	return verdict.Rules{
		verdict.AcceptIf(client.In(site.Networks)),
		verdict.AcceptIf(client.Authenticated),
		verdict.RejectUnless(recipient.Ours(site.Domains...)),
	}
}

// fromOutside are the rules for strangers that need no DNS.
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

// notFromSelf takes mail in the name of the site only if SPF vouches for the
// client: forwarders and services bring such mail. To the null sender NotOurs is
// None, and Any would leave the answer to SPF alone; so the rule is off for it.
func notFromSelf(site Site) verdict.Rule {
	return verdict.RejectUnless(envelope.Any(sender.NotOurs(site.Domains...), spf.Pass)).
		Unless(sender.Null).Named("sender.notours")
}

// greylisting asks to come back later, unless spared passes or the site does not
// want it.
func greylisting(site Site, spared envelope.Check) verdict.Rules {
	if site.Greylist == nil {
		return nil
	}
	return verdict.Rules{verdict.TempFailUnless(site.Greylist).Unless(spared)}
}

// anyName is the set of all host names.
func anyName(envelope.Host) bool { return true }
