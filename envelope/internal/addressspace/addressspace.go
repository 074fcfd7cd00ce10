// Package addressspace tells which IP addresses are reachable over the public
// Internet.
//
// Some blocks of addresses are not: those of private networks, of one link or host,
// for documentation, and those that are not assigned. DNS can have such addresses
// by mistake or on purpose. Mail for them is lost, or goes to a host of the
// sender's own network.
//
// IANA keeps registries of these blocks (RFC 6890) with a column "Globally
// Reachable" (RFC 8190). Blocks are nested: 192.0.0.9 is reachable, the block
// 192.0.0.0/24 around it is not. So [Of] returns the narrowest block of an address.
// A block without a value in that column is deprecated, and counts as not
// reachable.
//
// Some IPv6 addresses contain an IPv4 address. They are as reachable as that one:
//
//   - IPv4-mapped addresses (RFC 4291, section 2.5.5.2),
//   - NAT64 addresses with the well-known prefix 64:ff9b::/96 (RFC 6052),
//   - 6to4 addresses (RFC 3056), for which the registry has no value,
//   - Teredo addresses (RFC 4380), for which the registry has no value; they
//     contain the address of the client with inverted bits.
//
// NAT64 addresses with the local-use prefix 64:ff9b:1::/48 (RFC 8215) are not
// reachable.
//
// The tables are those of 9 October 2025, with two additions: multicast, which has
// its own registries, and the IPv6 space that IANA has not allocated.
//
// The package does not know whether an address is in use or announced.
package addressspace

import "net/netip"

// Block is a block of addresses with one purpose.
type Block struct {
	Prefix netip.Prefix
	Name   string // the name in the registry, such as "Private-Use"
	Source string // the document that defines the block, such as "RFC 1918"
	// GloballyReachable is true if packets for the block may be forwarded on the
	// public Internet (RFC 8190, section 2.1).
	GloballyReachable bool
}

// Of returns the narrowest block that contains addr. For an IPv6 address that
// contains an IPv4 address, it is the block of the IPv4 address. The zone of addr
// is ignored. For an invalid address it returns the zero Block, which is not
// reachable.
func Of(addr netip.Addr) Block {
	addr = plain(addr)
	narrowest := &Block{}
	for i := range blocks {
		b := &blocks[i]
		if b.Prefix.Contains(addr) && (narrowest.Name == "" || b.Prefix.Bits() > narrowest.Prefix.Bits()) {
			narrowest = b
		}
	}
	return *narrowest
}

var (
	nat64  = netip.MustParsePrefix("64:ff9b::/96")
	sixTo4 = netip.MustParsePrefix("2002::/16")
	teredo = netip.MustParsePrefix("2001::/32")
)

// plain returns the IPv4 address that addr contains, or addr itself.
func plain(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if !addr.Is6() {
		return addr
	}
	b := addr.As16()
	switch {
	case nat64.Contains(addr): // RFC 6052, section 2.2
		return netip.AddrFrom4([4]byte(b[12:]))
	case sixTo4.Contains(addr): // RFC 3056, section 2
		return netip.AddrFrom4([4]byte(b[2:6]))
	case teredo.Contains(addr): // RFC 4380, section 4
		return netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]})
	}
	return addr
}
