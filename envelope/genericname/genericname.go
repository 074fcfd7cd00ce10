// Package genericname recognises host names that a network generated for a range of
// addresses, as opposed to names that were chosen for a host.
//
// Generated names follow a formula: the address in some notation, a word for the
// kind of line, and the domain of the network. Mail from such hosts mostly comes
// from machines that are not mail servers, so many sites treat it with suspicion.
// No RFC defines these names; draft-msullivan-dnsop-generic-naming-schemes
// describes usual ones. The package computes a score from the name and the address
// of the client.
//
// Two signs speak for a generated name:
//
//   - an address in the name: decimal or hexadecimal, with or without leading
//     zeros, in any order of its parts; the address of the client, a part of it,
//     or another address,
//   - a word for dynamic addresses or subscriber lines, such as dyn, dhcp, pool,
//     dsl or customer.
//
// Three kinds of words speak against it:
//
//   - a server that handles mail: mail, mx, smtp,
//   - an address that one customer keeps: static,
//   - a business line: business, biz.
//
// One kind of word against outweighs one sign, and two outweigh two:
//
//	192-0-2-1.isp.example                 generic: the address
//	gw7.dsl.isp.example                   generic: a word
//	static-192-0-2-1.isp.example          not generic: the address is static
//	mail.dsl.isp.example                  not generic: a mail server
//	static-192-0-2-1.dsl.isp.example      generic: the address and a word
//	mail-192-0-2-1.dyn.isp.example        generic: the address and a word
//	static-192-0-2-1.dsl.biz.example.net  not generic: two signs, two kinds against
//
// The last two octets of the address alone are a sign if they end a label and have
// at least four digits. They are not if the name has a word for a server or its
// domain has "mail", because servers are numbered too: c121-142.isp.example is
// generic, web121-142.isp.example is not.
//
// Words are matched as a whole, so pool does not match poolside. A few distinctive
// words, such as dsl, are also found within other words, such as athedsl. Words of
// the registered domain have no effect, because mail.cable.example need not be
// about cables; only "business" there counts if the name has a word such as static.
// The registered domain is taken to be the last two labels, or three if the second
// last is a registry label such as co in co.uk. That is an approximation: the
// package has no list of public suffixes, and asks DNS nothing.
package genericname

import (
	"net/netip"

	"mxrules.example/envelope"
)

// Points of a sign.
const (
	slight = 1 // also found in names of servers, so it needs a second sign
	strong = 2 // sufficient alone
	enough = 2 // the points from which a name is generic
)

// Judge reports whether name is generic for a client address. If it is, sign is
// the reason as a part of a sentence:
//
//	it contains the client's address 192-0-2-1
//	it contains the word "dhcp"
//	it contains the client's address c0000201 and the word "pool"
//
// An invalid client address means that it is unknown.
func Judge(name envelope.Host, client netip.Addr) (sign string, generic bool) {
	address := findAddress(string(name), client.Unmap().WithZone(""))
	words := readWords(string(name), address)
	if address.bare && words.points == 0 && !words.planned {
		address.points = strong // c121-142.isp.example: no word explains the numbers
	}
	if address.points+words.points-words.against < enough {
		return "", false
	}
	// A slight sign beside a strong one is not mentioned: in host192-0-2-1 the
	// address is sufficient.
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
