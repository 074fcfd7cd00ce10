package rulebook

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/examples/policies"
	"mxrules.example/greylist"
	"mxrules.example/greylist/identity"
	"mxrules.example/greylist/quota"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/verdict/scenario/play"
)

// siteOf returns the site that a scenario describes.
func siteOf(s play.Site) (policies.Site, error) {
	site := policies.Site{
		Domains: s.Settings["domains"], Names: s.Settings["names"], Mailboxes: s.Mailboxes, Owners: s.Owners,
		MailingLists: s.Settings["mailinglists"], Forwarders: s.Settings["forwarders"],
		NoGreylisting: setOf(s.Settings["nogreylisting"]), OnlyAuthenticated: setOf(s.Settings["onlyauthenticated"]),
	}
	for _, text := range s.Settings["networks"] {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return site, err
		}
		site.Networks = append(site.Networks, network)
	}
	for _, text := range s.Settings["lists"] {
		list, err := listOf(text)
		if err != nil {
			return site, err
		}
		site.Lists = append(site.Lists, list)
	}
	if s.Settings["greylist"] != nil {
		site.Greylist = greylist.Known(s.Store, greylist.Options{Identity: identity.Of})
	}
	quotaOf, err := number(s, "quota")
	if err != nil {
		return site, err
	}
	if quotaOf > 0 {
		site.Quota = quota.Within(s.Store, quota.Key{Of: quota.Login}, quotaOf, 24*time.Hour)
	}
	site.MaxRecipients, err = number(s, "maxrecipients")
	return site, err
}

// listOf returns a DNS list that is written as its zone, or as ZONE=CODES.
func listOf(text string) (dnsbl.List, error) {
	if !strings.Contains(text, "=") {
		return dnsbl.List{Zone: text}, nil
	}
	return dnsbl.ParseList(text)
}

// setOf returns the set of these mailboxes, nil if there are none.
func setOf(addresses []string) envelope.Set[envelope.Mailbox] {
	if addresses == nil {
		return nil
	}
	return envelope.SetOf(func(m envelope.Mailbox) bool { return slices.Contains(addresses, m.String()) })
}

// number returns a setting that is a number, 0 without one.
func number(s play.Site, name string) (int, error) {
	values := s.Settings[name]
	if len(values) == 0 {
		return 0, nil
	}
	return strconv.Atoi(values[0])
}
