// Package genericname tells names that a network generated for its addresses
// from names that were chosen for a host.
//
// Networks name whole ranges by a formula: the address in some spelling, a
// word for the kind of line, the domain of the network. Mail from such a host
// mostly comes from a machine that was never meant to send it, and many sites
// treat it with suspicion. RFC 5321 has no rule about it; the conventions are
// those that draft-msullivan-dnsop-generic-naming-schemes describes. The name is
// the only public sign, so the package reads it as a postmaster would.
//
// There are two signs. One is an address in the name: decimal or hexadecimal,
// padded or not, in any order, the client's or another, or a part of the
// client's. The other is a word such as dyn, dhcp, pool, dsl or customer. Three
// kinds of words speak against them: those of a server that sends mail (mail,
// mx, smtp), of an address that stays with one customer (static), and of a line
// that a business rents (business, biz). One word against outweighs one sign;
// two outweigh two:
//
//	192-0-2-1.isp.example             generic: the address
//	gw7.dsl.isp.example               generic: a word
//	static-192-0-2-1.isp.example      not generic: the address stays with one customer
//	mail.dsl.isp.example              not generic: it is named for its mail
//	static-192-0-2-1.dsl.isp.example  generic: the address and a word
//	mail-192-0-2-1.dyn.isp.example    generic: the address and a word
//	static-192-0-2-1.dsl.biz.example.net  not generic: two signs and two words against
//
// The two last octets alone are a sign if they end a label, have four digits or
// more, and neither a word for a server stands in the name nor "mail" in its
// domain: c121-142.isp.example is generic, and web121-142.isp.example is not,
// because owners number their servers too.
//
// Words count only where a host is named, not in the registered domain
// (mail.cable.example says nothing about cables), except that "business" there
// counts beside static. They count as a whole (not in poolside or dynamo). A few that
// no other word resembles, such as dsl, are found in compounds too (athedsl). The registered domain is taken to be the last two
// labels, or three if the last but one is that of a registry (co.uk). That is a
// guess; the package has no list of public suffixes and does not query DNS.
package genericname

import (
	"net/netip"

	"mxrules.example/envelope"
)

// Points of the signs. A name with enough points is generic.
const (
	slight = 1 // found in names of servers too: counts only beside another sign
	strong = 2 // counts alone
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
// If client is unknown (the invalid address), every address in the name counts
// as another's.
func Judge(name envelope.Host, client netip.Addr) (sign string, generic bool) {
	address := findAddress(string(name), client.Unmap().WithZone(""))
	words := readWords(string(name), address)
	if address.bare && words.points == 0 && !words.planned {
		address.points = strong // c121-142.isp.example: no word gives another reason for the numbers
	}
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
