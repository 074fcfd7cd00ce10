// Package addressspace says which addresses are the public Internet's.
//
// Most addresses can be reached from everywhere. Some blocks can't: they are for
// private networks, for one link or one host, for documentation, or for nobody
// yet. DNS can hold such an address all the same, by mistake or by intent. What
// is sent there never arrives, or arrives at a machine of the sender's own
// network that happens to have the address.
//
// IANA keeps registries of these blocks (RFC 6890), with a column Globally
// Reachable (RFC 8190). Blocks lie in blocks: 192.0.0.9 is reachable, and
// 192.0.0.0/24 around it is not. So [Of] returns the narrowest block that holds
// an address, and what the registry says of that one holds. A block for which
// the column is empty, because it was given up, is not reachable.
//
// Some IPv6 addresses only carry an IPv4 address, and are as reachable as that:
// IPv4-mapped ones (RFC 4291, section 2.5.5.2), those of NAT64 under the
// well-known prefix 64:ff9b::/96 (RFC 6052), of 6to4 (RFC 3056), for which the
// registry gives no answer of its own, and of Teredo (RFC 4380), likewise, where
// the IPv4 address is that of the client, with every bit inverted. Addresses of
// NAT64 under a prefix for local use, 64:ff9b:1::/48 (RFC 8215), are reachable
// for their own site only.
//
// The tables are those of 9 October 2025. Multicast, which has registries of
// its own, and the IPv6 space that IANA gives to nobody are added to them.
//
// The package does not know whether somebody uses an address, or whether a
// network announces it.
package addressspace

import "net/netip"

// Block is a block of addresses that has one purpose.
type Block struct {
	// Prefix is the block.
	Prefix netip.Prefix
	// Name is what the registry calls it, such as "Private-Use".
	Name string
	// Source is the document that defines it, such as "RFC 1918".
	Source string
	// GloballyReachable says that a packet for an address of the block may cross
	// the public Internet (RFC 8190, section 2.1).
	GloballyReachable bool
}

// Of returns the narrowest block that holds addr; for an IPv6 address that
// carries an IPv4 address, the block of that one. A zone is not looked at. The
// zero Block, which is not reachable, is the answer for an invalid address.
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

// plain returns the address that decides whether addr can be reached: the IPv4
// address that it carries, or addr itself.
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
