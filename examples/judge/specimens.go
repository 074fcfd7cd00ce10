package main

import (
	"maps"
	"net/netip"
	"slices"

	"mxrules.example/verdict/analysis/specimen"
)

// specimens returns values that the checks of the site are about.
func (f *facts) specimens() (s specimen.Site) {
	for _, network := range f.Networks {
		s.Clients = append(s.Clients, host(network))
	}
	s.Helo = f.Names
	for _, domain := range f.apexes() {
		s.Recipients = append(s.Recipients, "bob@"+domain, "postmaster@"+domain)
	}
	s.Senders, s.Signers = s.Recipients, f.apexes()
	for _, login := range slices.Sorted(maps.Keys(f.addresses)) {
		s.Logins = append(s.Logins, login)
		s.Senders = slices.Concat(f.addresses[login], s.Senders)
	}
	return s
}

// host returns an address of a network, which is not that of the network if there is
// another one.
func host(network netip.Prefix) netip.Addr {
	if next := network.Masked().Addr().Next(); network.Contains(next) {
		return next
	}
	return network.Addr()
}
