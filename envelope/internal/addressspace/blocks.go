package addressspace

import "net/netip"

// blocks has the rows of the registries. The blocks whose addresses contain IPv4
// addresses (::ffff:0:0/96, 64:ff9b::/96, 2001::/32 and 2002::/16) are missing,
// because plain replaces these addresses first.
//
// To update the table, compare each part with its source, and change the date here
// and in the package documentation.
//
// As of 2025-10-09.
var blocks = []Block{
	// Addresses without a narrower block. IANA allocates IPv6 addresses from 2000::/3
	// only (https://www.iana.org/assignments/ipv6-address-space/).
	block("0.0.0.0/0", "Global Unicast", "RFC 791", reachable),
	block("::/0", "Reserved by IETF", "RFC 4291, section 2.4", unreachable),
	block("2000::/3", "Global Unicast", "RFC 4291, section 2.5.4", reachable),

	// https://www.iana.org/assignments/multicast-addresses/ and
	// https://www.iana.org/assignments/ipv6-multicast-addresses/: groups, which TCP
	// cannot connect to.
	block("224.0.0.0/4", "Multicast", "RFC 5771", unreachable),
	block("ff00::/8", "Multicast", "RFC 4291, section 2.7", unreachable),

	// https://www.iana.org/assignments/iana-ipv4-special-registry/
	block("0.0.0.0/8", "This network", "RFC 791, section 3.2", unreachable),
	block("0.0.0.0/32", "This host on this network", "RFC 1122, section 3.2.1.3", unreachable),
	block("10.0.0.0/8", "Private-Use", "RFC 1918", unreachable),
	block("100.64.0.0/10", "Shared Address Space", "RFC 6598", unreachable),
	block("127.0.0.0/8", "Loopback", "RFC 1122, section 3.2.1.3", unreachable),
	block("169.254.0.0/16", "Link Local", "RFC 3927", unreachable),
	block("172.16.0.0/12", "Private-Use", "RFC 1918", unreachable),
	block("192.0.0.0/24", "IETF Protocol Assignments", "RFC 6890, section 2.1", unreachable),
	block("192.0.0.0/29", "IPv4 Service Continuity Prefix", "RFC 7335", unreachable),
	block("192.0.0.8/32", "IPv4 dummy address", "RFC 7600", unreachable),
	block("192.0.0.9/32", "Port Control Protocol Anycast", "RFC 7723", reachable),
	block("192.0.0.10/32", "Traversal Using Relays around NAT Anycast", "RFC 8155", reachable),
	block("192.0.0.170/32", "NAT64/DNS64 Discovery", "RFC 7050", unreachable),
	block("192.0.0.171/32", "NAT64/DNS64 Discovery", "RFC 7050", unreachable),
	block("192.0.2.0/24", "Documentation (TEST-NET-1)", "RFC 5737", unreachable),
	block("192.31.196.0/24", "AS112-v4", "RFC 7535", reachable),
	block("192.52.193.0/24", "AMT", "RFC 7450", reachable),
	block("192.88.99.0/24", "Deprecated (6to4 Relay Anycast)", "RFC 7526", unreachable),
	block("192.88.99.2/32", "6a44-relay anycast address", "RFC 6751", unreachable),
	block("192.168.0.0/16", "Private-Use", "RFC 1918", unreachable),
	block("192.175.48.0/24", "Direct Delegation AS112 Service", "RFC 7534", reachable),
	block("198.18.0.0/15", "Benchmarking", "RFC 2544", unreachable),
	block("198.51.100.0/24", "Documentation (TEST-NET-2)", "RFC 5737", unreachable),
	block("203.0.113.0/24", "Documentation (TEST-NET-3)", "RFC 5737", unreachable),
	block("240.0.0.0/4", "Reserved", "RFC 1112, section 4", unreachable),
	block("255.255.255.255/32", "Limited Broadcast", "RFC 919, section 7", unreachable),

	// https://www.iana.org/assignments/iana-ipv6-special-registry/
	block("::/128", "Unspecified Address", "RFC 4291", unreachable),
	block("::1/128", "Loopback Address", "RFC 4291", unreachable),
	block("64:ff9b:1::/48", "IPv4-IPv6 Translation", "RFC 8215", unreachable),
	block("100::/64", "Discard-Only Address Block", "RFC 6666", unreachable),
	block("100:0:0:1::/64", "Dummy IPv6 Prefix", "RFC 9780", unreachable),
	block("2001::/23", "IETF Protocol Assignments", "RFC 2928", unreachable),
	block("2001:1::1/128", "Port Control Protocol Anycast", "RFC 7723", reachable),
	block("2001:1::2/128", "Traversal Using Relays around NAT Anycast", "RFC 8155", reachable),
	block("2001:1::3/128", "DNS-SD Service Registration Protocol Anycast", "RFC 9665", reachable),
	block("2001:2::/48", "Benchmarking", "RFC 5180", unreachable),
	block("2001:3::/32", "AMT", "RFC 7450", reachable),
	block("2001:4:112::/48", "AS112-v6", "RFC 7535", reachable),
	block("2001:10::/28", "Deprecated (previously ORCHID)", "RFC 4843", unreachable),
	block("2001:20::/28", "ORCHIDv2", "RFC 7343", reachable),
	block("2001:30::/28", "Drone Remote ID Protocol Entity Tags (DETs) Prefix", "RFC 9374", reachable),
	block("2001:db8::/32", "Documentation", "RFC 3849", unreachable),
	block("2620:4f:8000::/48", "Direct Delegation AS112 Service", "RFC 7534", reachable),
	block("3fff::/20", "Documentation", "RFC 9637", unreachable),
	block("5f00::/16", "Segment Routing (SRv6) SIDs", "RFC 9602", unreachable),
	block("fc00::/7", "Unique-Local", "RFC 4193", unreachable),
	block("fe80::/10", "Link-Local Unicast", "RFC 4291", unreachable),
}

// Values of the column Globally Reachable.
const (
	reachable   = true
	unreachable = false
)

func block(prefix, name, source string, globallyReachable bool) Block {
	return Block{netip.MustParsePrefix(prefix), name, source, globallyReachable}
}
