package main

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/recipient"
	"mxrules.example/examples/policies"
	"mxrules.example/rdns/dnsbl"
)

// facts describe the site, as the flags state it: what policies need, and what
// only some checks need.
type facts struct {
	policies.Site
	gatewayNets  []netip.Prefix
	gatewayNames []string
	mailboxFile  string              // of Mailboxes, "" without one
	addresses    map[string][]string // of Owners, by login
	domainLists  []dnsbl.List
	origin4      string // zones for the check dnsbl.asn
	origin6      string
	systems      []uint32 // autonomous systems
}

// openMailboxes reads the file of mailboxes. It calls report if the file changes
// later and is invalid.
func (f *facts) openMailboxes(report func(error)) (err error) {
	if f.mailboxFile != "" {
		f.Mailboxes, err = directory.File(f.mailboxFile, report)
	}
	return err
}

// gateways returns the gateways of the site, nil if there are none.
func (f *facts) gateways() (*client.Gateways, error) {
	if len(f.gatewayNets)+len(f.gatewayNames) == 0 {
		return nil, nil
	}
	gateways, err := client.ParseGateways(f.gatewayNets, f.gatewayNames...)
	if err != nil {
		return nil, fmt.Errorf("-gateways and -gateway-names: %w", err)
	}
	return gateways, nil
}

// hosts returns the domains that are host names, as patterns of host names.
func (f *facts) hosts() []string {
	var patterns []string
	for _, domain := range f.Domains {
		if domain = strings.TrimPrefix(domain, "@"); !strings.ContainsAny(domain, "@[") {
			patterns = append(patterns, domain)
		}
	}
	return patterns
}

// hostsAndBelow returns patterns of host names that match the domains and all names
// below them.
func (f *facts) hostsAndBelow() []string {
	var patterns []string
	for _, host := range f.hosts() {
		patterns = append(patterns, host)
		if host[0] != '.' {
			patterns = append(patterns, "."+host)
		}
	}
	return patterns
}

// apexes returns the domains, with the name itself for a pattern of all names below
// it.
func (f *facts) apexes() []string {
	domains := f.hosts()
	for i := range domains {
		domains[i] = strings.TrimPrefix(domains[i], ".")
	}
	return domains
}

func (f *facts) addDomains(value string) error {
	patterns := splitPatterns(value)
	f.Domains = append(f.Domains, patterns...)
	return recipient.Ours(patterns...).Validate()
}

func (f *facts) addNames(value string) error {
	patterns := strings.Split(value, ",")
	f.Names = append(f.Names, patterns...)
	_, err := envelope.ParseHostSet(patterns...)
	return err
}

// addNetworks returns the function of a flag that adds to networks.
func addNetworks(networks *[]netip.Prefix) func(value string) error {
	return func(value string) error {
		for network := range strings.SplitSeq(value, ",") {
			prefix, err := netip.ParsePrefix(network)
			if err != nil {
				addr, err := netip.ParseAddr(network)
				if err != nil || addr.Zone() != "" {
					return &envelope.SyntaxError{Kind: "network", Value: network, Reason: "is neither an address nor a prefix such as 192.0.2.0/24"}
				}
				prefix = netip.PrefixFrom(addr, addr.BitLen())
			}
			*networks = append(*networks, prefix)
		}
		return nil
	}
}

func (f *facts) addOwners(value string) (err error) {
	login, addresses, found := strings.Cut(value, "=")
	if !found {
		return &envelope.SyntaxError{Kind: "owner", Value: value, Reason: "is not of the form LOGIN=ADDRESS,ADDRESS"}
	}
	if f.addresses == nil {
		f.addresses = map[string][]string{}
	}
	f.addresses[login] = append(f.addresses[login], splitPatterns(addresses)...)
	f.Owners, err = directory.OwnersFrom(f.addresses)
	return err
}

// addList returns the function of a flag that adds to DNS lists.
func addList(lists *[]dnsbl.List) func(value string) error {
	return func(value string) error {
		list, err := dnsbl.ParseList(value)
		*lists = append(*lists, list)
		return err
	}
}

func (f *facts) addOriginZones(value string) error {
	f.origin4, f.origin6, _ = strings.Cut(value, ",")
	for _, zone := range []string{f.origin4, f.origin6} {
		if zone == "" {
			continue
		}
		if _, err := envelope.ParseHost(zone); err != nil {
			return err
		}
	}
	return nil
}

func (f *facts) addSystems(value string) error {
	for text := range strings.SplitSeq(value, ",") {
		number, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return &envelope.SyntaxError{Kind: "autonomous system", Value: text, Reason: "is not a number"}
		}
		f.systems = append(f.systems, uint32(number))
	}
	return nil
}

// splitPatterns splits a list of patterns of mailboxes at commas, except those in a quoted
// local part: "a,b"@example.org.
func splitPatterns(list string) (patterns []string) {
	start, quoted := 0, false
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			patterns = append(patterns, list[start:i])
			start = i + 1
		}
	}
	return append(patterns, list[start:])
}

// settings returns what the policies are made from, but for the directories.
func (f *facts) settings() map[string][]string {
	all := map[string][]string{}
	add := func(name string, values ...string) {
		if len(values) > 0 {
			all[name] = append(all[name], values...)
		}
	}
	add("domains", f.Domains...)
	add("names", f.Names...)
	for _, network := range f.Networks {
		add("networks", network.String())
	}
	for _, list := range f.Lists {
		add("lists", list.Zone+"="+strings.Join(list.Codes, ","))
	}
	return all
}
