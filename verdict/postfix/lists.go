package postfix

import (
	"fmt"
	"slices"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/rdns/dnsbl"
)

// knownOfLists returns what is known of restrictions with DNS lists.
func knownOfLists(name string) (restriction, bool) {
	r := restriction{argument: true, differs: []string{"127.255.255.0/24, 127.0.1.255 and answers outside 127.0.0.0/8 are not listings"}}
	switch name {
	case "reject_rbl_client":
		r.carry = listing("NotListed", dnsbl.NotListed)
	case "reject_rhsbl_client":
		r.differs = append(r.differs, "all names in PTR records are looked up, confirmed or not")
		r.carry = listing("PTRNotListed", dnsbl.PTRNotListed)
	case "reject_rhsbl_reverse_client":
		r.differs = append(r.differs, "all names in PTR records are looked up")
		r.carry = listing("PTRNotListed", dnsbl.PTRNotListed)
	case "reject_rhsbl_helo":
		r.stage = envelope.Helo
		r.carry = listing("HeloNotListed", dnsbl.HeloNotListed)
	case "reject_rhsbl_sender":
		r.stage = envelope.Mail
		r.carry = listing("SenderNotListed", dnsbl.SenderNotListed)
	case "permit_dnswl_client":
		r.stage = envelope.Rcpt
		r.carry = (*importer).goodList
	case "reject_rhsbl_recipient", "permit_rhswl_client":
		r.refusal = "there is no such check in package dnsbl"
	default:
		return restriction{}, false
	}
	return r, true
}

// listing is a restriction that refuses what is on a DNS list.
func listing(name string, check func(...dnsbl.List) envelope.Check) func(*importer, *scope, string) error {
	return func(im *importer, s *scope, argument string) error {
		list, source, err := parseList(argument)
		if err != nil {
			return err
		}
		x := expr{fmt.Sprintf("dnsbl.%s(%s)", name, source), check(list)}
		im.emit(s, refusalWith(im.code("maps_rbl_reject_code"), x, status(554, 7, 1)).ignoring())
		return nil
	}
}

// goodList is permit_dnswl_client, which does not make an open relay.
func (im *importer) goodList(s *scope, argument string) error {
	list, source, err := parseList(argument)
	if err != nil {
		return err
	}
	im.permit(s, all(im.ours(), expr{"dnsbl.Listed(" + source + ")", dnsbl.Listed(list)}))
	return nil
}

// parseList parses zone, or zone=filter.
func parseList(argument string) (dnsbl.List, string, error) {
	zone, filter, filtered := strings.Cut(argument, "=")
	if !filtered {
		filter = "127.0.0.0/8" // any answer that can be a listing
	}
	list := dnsbl.List{Zone: zone, Codes: []string{strings.ReplaceAll(filter, " ", "")}}
	if err := list.Validate(); err != nil {
		return list, "", err
	}
	return list, fmt.Sprintf("dnsbl.List{Zone: %q, Codes: []string{%s}}", list.Zone, quoted(slices.Clone(list.Codes))), nil
}

// serverName returns the server of check_policy_service without its options.
func serverName(argument string) string {
	inner := strings.Trim(argument, "{} \t")
	if i := strings.IndexAny(inner, ", \t"); i >= 0 {
		inner = inner[:i]
	}
	return inner
}
