// Package genericname tells names that a network gave to its addresses by rote
// from names that somebody gave to a host.
//
// Networks name whole ranges by a formula: the address in some spelling, a
// word for the kind of line, the domain of the network. Mail from such a host
// comes mostly from a machine that was never meant to send it, which is why
// many sites treat it with suspicion (RFC 5321 has no rule about it; the
// conventions are those that draft-msullivan-dnsop-generic-naming-schemes
// wrote down). The names are the only public sign of it, so all that this
// package can do is to read them as a postmaster would.
//
// There are two signs. One is an address in the name: the client's own, in
// decimal or hexadecimal, padded or not, forwards or backwards, whole or in
// part. The other is a word such as dyn, dhcp, pool, dsl or customer. Against
// them stand words that speak of a server that sends mail (mail, mx, smtp), and
// words that speak of an address that stays (static). One word of the other
// kind outweighs one sign, and not two:
//
//	192-0-2-1.isp.example             generic: the address
//	gw7.dsl.isp.example               generic: a word
//	static-192-0-2-1.isp.example      not generic: the address stays with one customer
//	mail.dsl.isp.example              not generic: somebody named it for its mail
//	static-192-0-2-1.dsl.isp.example  generic: the address and a word
//	mail-192-0-2-1.dyn.isp.example    generic: the address and a word
//
// Words count only where a host is named: not in the domain that was registered
// (mail.cable.example says nothing of cables), and never as a part of other
// words (poolside, dynamo). What was registered is taken to be the last two
// labels, or three where the last but one is that of a registry (co.uk). That
// is a guess; the package knows no list of public suffixes, and asks nothing of
// DNS.
package genericname

import (
	"net/netip"

	"mxrules.example/envelope"
)

// Points of the signs. A name is generic that has enough of them.
const (
	slight = 1 // what servers have too, and what counts only beside another sign
	strong = 2 // what counts alone
	enough = 2
)

// Judge reports whether name follows the conventions of dynamic or unnamed
// address space. If it does, sign says what was seen, to follow the name and a
// colon in a sentence to the sender:
//
//	it contains the client's address 192-0-2-1
//	it contains the word "dhcp"
//	it contains the client's address c0000201 and the word "pool"
//
// If client is unknown (the invalid address) the name can only be seen to hold
// an address, not whose.
func Judge(name envelope.Host, client netip.Addr) (sign string, generic bool) {
	address := findAddress(string(name), client.Unmap().WithZone(""))
	words := readWords(hostPart(string(name)))
	if address.points+words.points-words.against < enough {
		return "", false
	}
	// What is slight says nothing beside what is strong: host192-0-2-1 is an
	// address, with or without its host.
	switch {
	case address.points > words.points:
		words.points = 0
	case words.points > address.points:
		address.points = 0
	}
	word := `the word "` + words.word + `"`
	switch {
	case address.points == 0:
		return "it contains " + word, true
	case words.points == 0:
		return "it contains " + address.String(), true
	}
	return "it contains " + address.String() + " and " + word, true
}
