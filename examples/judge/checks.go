package main

import (
	"slices"

	"mxrules.example/dmarc"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/message"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/spf"
)

// lacks returns the flag that the check with this name needs and that is not given,
// "" without one.
func (f *facts) lacks(name string) string {
	var flag string
	var given bool
	switch name {
	case "sender.listed", "recipient.listed":
		flag, given = "-mailboxes", f.mailboxFile != ""
	case "sender.ownedbylogin", "dmarc.authorowned":
		flag, given = "-owners", f.Owners != nil
	case "dnsbl.helonotlisted", "dnsbl.sendernotlisted", "dnsbl.ptrnotlisted":
		flag, given = "-domain-list", len(f.domainLists) > 0
	case "dnsbl.asn":
		flag, given = "-asn-zones", f.origin4+f.origin6 != ""
	case "dnsbl.notlisted", "dnsbl.listed", "dnsbl.scorebelow":
		flag, given = "-dnsbl", len(f.Lists) > 0
	}
	if given {
		return ""
	}
	return flag
}

// everyCheck returns every check with the facts of the site. A set of host names has
// its domains and all names below them; a set of mailboxes has the mailboxes of these
// domains. Without flags a set is empty.
func everyCheck(site facts) []envelope.Check {
	ours := site.hostsAndBelow()
	mailboxes := slices.Concat(site.Domains, ours)
	return []envelope.Check{
		client.Authenticated,
		client.In(site.Networks),
		client.TLS,
		client.Waited,

		helo.Present,
		helo.Syntax,
		helo.FQDN,
		helo.Literal,
		helo.Resolves,
		helo.Matches,
		helo.NotOurs(site.Names, site.Networks),
		helo.NotGeneric,
		helo.In(ours...),

		rdns.Exists,
		rdns.Confirmed,
		rdns.NotGeneric,
		rdns.In(ours...),
		rdns.NotIn(ours...),
		rdns.MatchesHelo,
		rdns.BacksHelo(site.apexes()...),

		dnsbl.NotListed(site.Lists...),
		dnsbl.Listed(site.Lists...),
		dnsbl.ScoreBelow(2, site.Lists...),
		dnsbl.HeloNotListed(site.domainLists...),
		dnsbl.SenderNotListed(site.domainLists...),
		dnsbl.PTRNotListed(site.domainLists...),
		dnsbl.ASN(site.origin4, site.origin6, site.systems...),

		sender.Null,
		sender.Syntax,
		sender.FQDN,
		sender.Resolves,
		sender.TakesMail,
		sender.MXUsable,
		sender.MXNotAlias,
		sender.NotOurs(site.Domains...),
		sender.Ours(site.Domains...),
		sender.Listed(site.Domains, site.Mailboxes),
		sender.OwnedByLogin(site.Owners),
		sender.In(mailboxes...),
		sender.BounceToOne,

		recipient.Syntax,
		recipient.FQDN,
		recipient.Ours(site.Domains...),
		recipient.Listed(site.Mailboxes),
		recipient.TakesMail,
		recipient.Role(site.Domains),
		recipient.In(mailboxes...),

		spf.NotFail,
		spf.NotSoftFail,
		spf.Pass,
		spf.HeloNotFail,
		spf.Valid,

		message.WellFormed,
		message.LinesEnded,
		message.SingleFields,
		message.Dated,
		message.ASCIIHeader,
		message.LineLength,
		message.NoLoop,
		message.Bulk,
		message.OneClick,

		dkim.Signed,
		dkim.Pass,
		dkim.PassFor(ours...),
		dkim.Covers("List-Unsubscribe", "List-Unsubscribe-Post"),

		dmarc.SingleAuthor,
		dmarc.Published,
		dmarc.Pass,
		dmarc.NotReject,
		dmarc.NotQuarantine,
		dmarc.AlignedFor(ours...),
		dmarc.AuthorOwned(site.Owners),
	}
}
