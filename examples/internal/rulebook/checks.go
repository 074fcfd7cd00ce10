package rulebook

import (
	"context"
	"slices"
	"time"

	"mxrules.example/dmarc"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/message"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
	"mxrules.example/greylist"
	"mxrules.example/greylist/quota"
	"mxrules.example/greylist/reputation"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/spf"
	"mxrules.example/verdict"
	"mxrules.example/verdict/scenario/play"
)

// checksFor returns the checks of the library for a site. What is a set of names or
// addresses for a check is a line "set" of the scenario: domains, names and networks are
// the site's, friends are others that it knows.
func checksFor(s play.Site) (map[string]envelope.Check, error) {
	site, err := siteOf(s)
	if err != nil {
		return nil, err
	}
	friends := s.Settings["friends"]
	weighted := dnsbl.List{Zone: "list.example", Weight: 1}
	other := dnsbl.List{Zone: "other.example", Weight: 1}
	return map[string]envelope.Check{
		"client.Authenticated": client.Authenticated,
		"client.In":            client.In(site.Networks),
		"client.TLS":           client.TLS,
		"client.Waited":        client.Waited,

		"helo.Present":    helo.Present,
		"helo.Syntax":     helo.Syntax,
		"helo.FQDN":       helo.FQDN,
		"helo.Literal":    helo.Literal,
		"helo.Resolves":   helo.Resolves,
		"helo.Matches":    helo.Matches,
		"helo.NotOurs":    helo.NotOurs(site.Names, site.Networks),
		"helo.NotGeneric": helo.NotGeneric,
		"helo.In":         helo.In(friends...),

		"rdns.Exists":      rdns.Exists,
		"rdns.Confirmed":   rdns.Confirmed,
		"rdns.NotGeneric":  rdns.NotGeneric,
		"rdns.In":          rdns.In(friends...),
		"rdns.NotIn":       rdns.NotIn(friends...),
		"rdns.MatchesHelo": rdns.MatchesHelo,
		"rdns.BacksHelo":   rdns.BacksHelo("provider.example"),

		"dnsbl.NotListed":       dnsbl.NotListed(site.Lists...),
		"dnsbl.Listed":          dnsbl.Listed(site.Lists...),
		"dnsbl.ScoreBelow":      dnsbl.ScoreBelow(2, weighted, other),
		"dnsbl.HeloNotListed":   dnsbl.HeloNotListed(dnsbl.List{Zone: "names.example"}),
		"dnsbl.SenderNotListed": dnsbl.SenderNotListed(dnsbl.List{Zone: "names.example"}),
		"dnsbl.PTRNotListed":    dnsbl.PTRNotListed(dnsbl.List{Zone: "names.example"}),
		"dnsbl.ASN":             dnsbl.ASN("origin.example", "", 64500),

		"sender.Null":         sender.Null,
		"sender.Syntax":       sender.Syntax,
		"sender.FQDN":         sender.FQDN,
		"sender.Resolves":     sender.Resolves,
		"sender.TakesMail":    sender.TakesMail,
		"sender.MXUsable":     sender.MXUsable,
		"sender.MXNotAlias":   sender.MXNotAlias,
		"sender.NotOurs":      sender.NotOurs(site.Domains...),
		"sender.Ours":         sender.Ours(site.Domains...),
		"sender.Listed":       sender.Listed(site.Domains, site.Mailboxes),
		"sender.OwnedByLogin": sender.OwnedByLogin(site.Owners),
		"sender.In":           sender.In(friends...),
		"sender.BounceToOne":  sender.BounceToOne,

		"recipient.Syntax":    recipient.Syntax,
		"recipient.FQDN":      recipient.FQDN,
		"recipient.Ours":      recipient.Ours(site.Domains...),
		"recipient.Listed":    recipient.Listed(site.Mailboxes),
		"recipient.TakesMail": recipient.TakesMail,
		"recipient.Role":      recipient.Role(site.Domains),
		"recipient.In":        recipient.In("bob@example.org"),

		"spf.NotFail":     spf.NotFail,
		"spf.NotSoftFail": spf.NotSoftFail,
		"spf.Pass":        spf.Pass,
		"spf.HeloNotFail": spf.HeloNotFail,
		"spf.Valid":       spf.Valid,

		"message.WellFormed":   message.WellFormed,
		"message.LinesEnded":   message.LinesEnded,
		"message.SingleFields": message.SingleFields,
		"message.Dated":        message.Dated,
		"message.ASCIIHeader":  message.ASCIIHeader,
		"message.LineLength":   message.LineLength,
		"message.NoLoop":       message.NoLoop,
		"message.Bulk":         message.Bulk,
		"message.OneClick":     message.OneClick,
		"message.List":         message.List("news.friend.example"),

		"dkim.Signed":  dkim.Signed,
		"dkim.Pass":    dkim.Pass,
		"dkim.PassFor": dkim.PassFor("friend.example"),
		"dkim.Covers":  dkim.Covers("List-Unsubscribe", "List-Unsubscribe-Post"),

		"dmarc.SingleAuthor":  dmarc.SingleAuthor,
		"dmarc.Published":     dmarc.Published,
		"dmarc.Pass":          dmarc.Pass,
		"dmarc.NotReject":     dmarc.NotReject,
		"dmarc.NotQuarantine": dmarc.NotQuarantine,
		"dmarc.AlignedFor":    dmarc.AlignedFor("plain.example"),
		"dmarc.AuthorOwned":   dmarc.AuthorOwned(site.Owners),

		"greylist.Known":   greylist.Known(s.Store, grey),
		"greylist.Trusted": greylist.Trusted(s.Store, 2, grey),
		"quota.Within":     perLogin(s),
		"reputation.Good":  reputation.Good(s.Store, harvesting(s)),
	}, nil
}

// harvesting is the history of clients that try out addresses.
func harvesting(s play.Site) reputation.Options {
	options := reputation.Options{Name: "harvesting", Enough: 4, Memory: 24 * time.Hour}
	record := reputation.Recorder(s.Store, options)
	if !slices.Contains(s.Settings["rules"], "reputation.Good") {
		return options
	}
	s.OnReply(func(ctx context.Context, event verdict.Event) {
		check := event.Verdict.Finding.Check
		if event.Stage == envelope.Data || check == "recipient.listed" {
			record(ctx, nil, reputation.Reply{
				Envelope: event.Envelope, Recipients: len(event.Recipients), Status: event.Reply.Status, Check: check,
			})
		}
	})
	return options
}

// perLogin is the quota of the conversations: three messages of a login in an hour.
func perLogin(s play.Site) envelope.Check {
	return quota.Within(s.Store, quota.Key{Of: quota.Login}, 3, time.Hour)
}

// grey are the settings of greylisting in the conversations.
var grey = greylist.Options{Delay: 5 * time.Minute, Promote: 2}
