// Package policies has five policies, to use as they are or to start from:
//
//   - [Standard] is for a server that accepts mail from the whole Internet;
//   - [Strict] rejects more, and therefore also good servers that are badly
//     configured;
//   - [Bulk] is Standard, and requires of bulk mail what the large mailbox providers
//     require;
//   - [Submission] is for the users of a site and their mail programs;
//   - [Trial] is Standard, and its trace shows what Strict would reject.
//
// Each is a list of rules, and the order of the rules matters:
//
//  1. Rules without exemptions: the syntax of the addresses, and whether the
//     mailbox exists. A rule that accepts ends the list, so these must come before
//     the exemptions. A mailbox that does not exist is then rejected permanently
//     even if a later rule would defer.
//  2. Exemptions: the networks of the site, and a login. Mail of users in a loop, or
//     with bare line ends, is rejected before.
//  3. The rule that closes the relay. Without it, mail for other domains would be
//     accepted, because what no rule decides is accepted (RFC 5321, section 3.6.2).
//  4. An exemption for the role addresses of RFC 2142, so that a rejected sender can
//     ask the postmaster for help.
//  5. Rules without DNS questions, then rules with DNS questions.
//  6. Greylisting, if configured. Only mail that no rule before it rejects, and that has
//     a property such as a generic name, is greylisted (RFC 6647, section 5). It comes
//     before the rules that need the message, so that it defers at RCPT.
//  7. Rules that need the message: its form, SPF with DKIM, DMARC.
//
// A [Site] has everything that a policy depends on. MESSAGES.md shows what each policy does
// with a set of messages; testdata has a table of cases for each theme.
package policies

import (
	"fmt"
	"slices"
	"time"

	"mxrules.example/dmarc"
	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/message"
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

// Named returns the policy of a name: standard, strict, bulk, submission or trial. The
// error names the known ones.
func Named(name string) (func(Site) (verdict.Policy, error), error) {
	switch name {
	case "standard":
		return Standard, nil
	case "strict":
		return Strict, nil
	case "bulk":
		return Bulk, nil
	case "submission":
		return Submission, nil
	case "trial":
		return Trial, nil
	}
	return nil, fmt.Errorf("unknown policy %q; known are: standard, strict, bulk, submission, trial", name)
}

// Standard is a policy for a server that accepts mail for its domains from the whole
// Internet. Mail of users and networks of the site may relay. From other clients it
// rejects
//
//   - a recipient in another domain, or a mailbox that does not exist;
//   - a client that spoke before the banner;
//   - a HELO name that is malformed, not fully qualified, or a name of the site;
//   - a client without a PTR record, or without a confirmed PTR name;
//   - a sender domain that does not exist or does not accept mail;
//   - a sender in a domain of the site, unless SPF passes or a forwarder of the site
//     sent it;
//   - an SPF fail, unless a DKIM signature is valid;
//   - mail that fails DMARC with the policy reject, unless SPF passes or a forwarder of
//     the site sent it;
//   - a message without a single author, one that programs read in different ways, and
//     one in a mail loop.
//
// Marks are for delivery. "quarantine" is mail that fails DMARC otherwise, "forged" mail
// with an author of the site that is not authenticated, "malformed" a message with
// another violation of RFC 5322, "generic" a client whose PTR name looks like dynamic
// address space.
//
// With Site.Greylist, mail from generic clients is greylisted, and no other mail, because
// a delay does less harm to a good server than a rejection. There is no block list.
//
// The error names the invalid value of the site.
func Standard(site Site) (verdict.Policy, error) {
	return site.policy(func(d *dmarc.Checker) verdict.Rules {
		return slices.Concat(standardClients(site), safe(), authenticated(site, d))
	})
}

// Strict is a policy that rejects more than Standard. In addition it rejects
//
//   - a HELO name that is an address literal, looks generic, does not resolve, or does
//     not resolve to the address of the client. RFC 5321, section 4.1.4 forbids
//     rejecting for the last reason: this policy loses mail of good servers;
//   - a PTR name that looks generic;
//   - a sender domain without a usable mail server;
//   - every SPF fail, unless one of Site.Forwarders sent it;
//   - every message that fails DMARC with the policy reject, unless Site.MailingLists or
//     Site.Forwarders sent it. RFC 9989, section 7.4 warns of that: members of other
//     lists lose mail;
//   - mail with an author of the site that is not authenticated;
//   - a message that violates RFC 5322;
//   - a client on a list of Site.Lists. A list that does not answer is ignored, so that
//     its failure does not stop mail.
//
// With Site.Greylist, mail without an SPF pass is greylisted.
//
// The error names the invalid value of the site.
func Strict(site Site) (verdict.Policy, error) {
	return site.policy(func(d *dmarc.Checker) verdict.Rules {
		return slices.Concat(strictClients(site), safe(), chosen(site, d), strictlyAuthenticated(site, d))
	})
}

// Bulk is Standard, and requires what large mailbox providers require of those who send
// to them. Of all mail: SPF or DKIM passes. Of bulk mail ([message.Bulk]): SPF and DKIM
// pass, the author domain publishes a DMARC policy and its mail passes DMARC, and one
// click unsubscribes (RFC 8058). Mail that Site.MailingLists signed, and of other lists that
// their members write to (List-Post), need not be so, nor mail that Site.Forwarders sent. Mail
// without TLS is marked "plaintext".
// A report that mail could not be delivered has SPF by the HELO name of its server, and is
// rejected if that has no SPF record and the report no signature.
//
// The providers count: Gmail and Microsoft call a domain that sends 5000 messages a day
// bulk. This policy goes by what the message says, so that it misses bulk mail without
// any such field. Gmail and Yahoo require one-click unsubscribe, Microsoft recommends a
// link. They also limit how many users complain, which only they know.
//
// The enhanced codes of the providers are their own, and some contradict the registry of
// IANA, where 5.7.27 is a null MX (RFC 7505), 5.7.29 a failure of ARC (RFC 8617) and
// 5.7.30 a lack of REQUIRETLS (RFC 8689). The codes here are those of the registry (RFC
// 7372, RFC 7505):
//
//	missing                 Gmail        Microsoft     here
//	a confirmed PTR name    550 5.7.25                 550 5.7.25
//	SPF or DKIM             550 5.7.26                 550 5.7.23
//	SPF of a bulk sender    550 5.7.27   550 5.7.515   550 5.7.23
//	DKIM of a bulk sender   550 5.7.30   550 5.7.515   550 5.7.20
//	a DMARC policy          550 5.7.40   550 5.7.515   550 5.7.26
//	DMARC alignment         421 4.7.32   550 5.7.515   550 5.7.26
//	TLS                     550 5.7.29                 marked
//	one-click unsubscribe                              550 5.7.1
//
// Gmail also uses 550 5.7.26 for an SPF fail with -all and for p=reject, where this policy
// has 5.7.23 and 5.7.26, and first defers with 421 and the same detail. Yahoo documents
// 550, 553 and 554 without enhanced codes, and replies with 5.7.9.
//
// The error names the invalid value of the site.
func Bulk(site Site) (verdict.Policy, error) {
	return site.policy(func(d *dmarc.Checker) verdict.Rules {
		return slices.Concat(standardClients(site), safe(), authenticated(site, d), bulkSenders(site))
	})
}

// Submission is a policy for the ports where users submit mail (RFC 6409). It requires
// TLS and a login. The login must own the sender of MAIL FROM, unless it is the null
// sender, and every address in From. A message has at most Site.MaxRecipients, and
// Site.Quota limits how much a login sends, so that a stolen password does little harm.
// The HELO name and the address of the client do not matter.
//
// The addresses in From are known only with the message, so most mail is decided at
// DATA.
//
// The error names the invalid value of the site.
func Submission(site Site) (verdict.Policy, error) {
	return site.policy(func(*dmarc.Checker) verdict.Rules {
		return slices.Concat(verdict.Rules{
			verdict.RejectUnless(client.TLS),
			verdict.RejectUnless(client.Authenticated),
		}, withoutExemption(site), verdict.Rules{
			verdict.RejectUnless(sender.OwnedByLogin(site.owners())),
			verdict.RejectUnless(recipient.TakesMail),
		}, limits(site), verdict.Rules{
			verdict.RejectUnless(message.LinesEnded),
			verdict.RejectUnless(dmarc.AuthorOwned(site.owners())),
		})
	})
}

// Trial is Standard with the other rules of Strict as shadow rules: its trace shows what
// Strict would have done. Use it before Strict.
//
// The error names the invalid value of the site.
func Trial(site Site) (verdict.Policy, error) {
	return site.policy(func(d *dmarc.Checker) verdict.Rules {
		return slices.Concat(standardClients(site), safe(), authenticated(site, d), shadows(slices.Concat(
			strictGreetings(), strictSenders(site), strictlyAuthenticated(site, d))))
	})
}

// standardClients returns the rules of Standard that do not need the message.
func standardClients(site Site) verdict.Rules {
	return slices.Concat(withoutExemption(site), mayRelay(site), fromOutside(site), verdict.Rules{
		verdict.RejectUnless(rdns.Exists),
		verdict.RejectUnless(rdns.Confirmed),
		verdict.RejectUnless(sender.Resolves),
		verdict.RejectUnless(sender.TakesMail),
		notFromSelf(site),
		verdict.MarkUnless(rdns.NotGeneric, "generic"),
	}, greylisting(site, rdns.NotGeneric))
}

// strictClients returns the rules of Strict that do not need the message.
func strictClients(site Site) verdict.Rules {
	return slices.Concat(withoutExemption(site), mayRelay(site), fromOutside(site), strictGreetings(), verdict.Rules{
		verdict.RejectUnless(rdns.Exists),
		verdict.RejectUnless(rdns.Confirmed),
		verdict.RejectUnless(sender.Resolves),
		verdict.RejectUnless(sender.TakesMail),
		notFromSelf(site),
	}, strictSenders(site), greylisting(site, spf.Pass))
}

// strictGreetings returns the rules that only Strict has about the HELO name.
func strictGreetings() verdict.Rules {
	return verdict.Rules{
		verdict.RejectUnless(helo.InSet(envelope.SetOf(anyName))).Named("helo.isname").Reply(
			envelope.Status{Code: 504, Subject: 5, Detail: 4}, "the HELO name {helo} is not a host name, and a host name is required"),
		verdict.RejectUnless(helo.NotGeneric),
		verdict.RejectUnless(helo.Resolves),
		verdict.RejectUnless(helo.Matches),
	}
}

// strictSenders returns the rules that only Strict has about the client and the sender.
func strictSenders(site Site) verdict.Rules {
	return verdict.Rules{
		verdict.RejectUnless(rdns.NotGeneric),
		verdict.RejectUnless(sender.MXUsable),
		site.unlessForwarded(verdict.RejectUnless(spf.NotFail)),
		verdict.RejectUnless(dnsbl.NotListed(site.Lists...)).Ignoring(envelope.TempError),
	}
}
