package addressspace

import (
	"net/netip"
	"strings"
	"testing"
)

// registry is the column Globally Reachable of the IANA Special-Purpose Address
// Registries of 2025-10-09: T is true, F is false, - is no value.
const registry = `
	0.0.0.0/8           F   0.0.0.0/32         F   10.0.0.0/8          F   100.64.0.0/10     F
	127.0.0.0/8         F   169.254.0.0/16     F   172.16.0.0/12       F   192.0.0.0/24      F
	192.0.0.0/29        F   192.0.0.8/32       F   192.0.0.9/32        T   192.0.0.10/32     T
	192.0.0.170/32      F   192.0.0.171/32     F   192.0.2.0/24        F   192.31.196.0/24   T
	192.52.193.0/24     T   192.88.99.0/24     -   192.88.99.2/32      F   192.168.0.0/16    F
	192.175.48.0/24     T   198.18.0.0/15      F   198.51.100.0/24     F   203.0.113.0/24    F
	240.0.0.0/4         F   255.255.255.255/32 F
	::1/128             F   ::/128             F   64:ff9b:1::/48      F   100::/64          F
	100:0:0:1::/64      F   2001::/23          F   2001:1::1/128       T   2001:1::2/128     T
	2001:1::3/128       T   2001:2::/48        F   2001:3::/32         T   2001:4:112::/48   T
	2001:10::/28        -   2001:20::/28       T   2001:30::/28        T   2001:db8::/32     F
	2620:4f:8000::/48   T   3fff::/20          F   5f00::/16           F   fc00::/7          F
	fe80::/10           F
`

// added are the blocks that the registries do not have.
var added = map[string]bool{
	"0.0.0.0/0": true, "::/0": true, "2000::/3": true, "224.0.0.0/4": true, "ff00::/8": true,
}

func TestTableHasTheBlocksOfTheRegistries(t *testing.T) {
	want := make(map[string]bool)
	fields := strings.Fields(registry)
	for i := 0; i < len(fields); i += 2 {
		want[fields[i]] = fields[i+1] == "T"
	}
	for _, b := range blocks {
		prefix := b.Prefix.String()
		reachable, found := want[prefix]
		switch {
		case added[prefix]:
		case !found:
			t.Errorf("%s is not in the registries, or twice in the table", prefix)
		case reachable != b.GloballyReachable:
			t.Errorf("%s: reachable is %t, the registry says %t", prefix, b.GloballyReachable, reachable)
		}
		delete(want, prefix)
		if b.Name == "" || !strings.HasPrefix(b.Source, "RFC ") || b.Prefix != b.Prefix.Masked() {
			t.Errorf("the row of %s is %+v", prefix, b)
		}
	}
	for prefix := range want {
		t.Errorf("%s is missing", prefix)
	}
}

// The first and last address of each block are in it, or in a narrower one.
func TestEveryBlockContainsItsEnds(t *testing.T) {
	for _, b := range blocks {
		for _, addr := range []netip.Addr{b.Prefix.Addr(), last(b.Prefix)} {
			if plain(addr) != addr {
				continue // the IPv4 address decides
			}
			got := Of(addr)
			if got != b && (got.Prefix.Bits() <= b.Prefix.Bits() || !b.Prefix.Overlaps(got.Prefix)) {
				t.Errorf("%s of %s is in %+v", addr, b.Prefix, got)
			}
		}
	}
}

func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	addr, _ := netip.AddrFromSlice(b)
	return addr
}

func TestOf(t *testing.T) {
	const public, private = "Global Unicast", "Private-Use"
	for _, tc := range []struct {
		addr      string
		name      string
		reachable bool
	}{
		{"1.1.1.1", public, true},
		{"9.255.255.255", public, true},
		{"10.0.0.0", private, false},
		{"10.255.255.255", private, false},
		{"11.0.0.0", public, true},
		{"172.15.255.255", public, true},
		{"172.16.0.0", private, false},
		{"172.31.255.255", private, false},
		{"172.32.0.0", public, true},
		{"100.63.255.255", public, true},
		{"100.64.0.0", "Shared Address Space", false},
		{"100.128.0.0", public, true},
		{"0.0.0.0", "This host on this network", false},
		{"0.1.2.3", "This network", false},
		{"127.0.0.1", "Loopback", false},
		{"169.254.1.1", "Link Local", false},
		{"192.0.0.9", "Port Control Protocol Anycast", true}, // within a block that is not reachable
		{"192.0.0.11", "IETF Protocol Assignments", false},
		{"192.175.48.6", "Direct Delegation AS112 Service", true},
		{"198.19.255.255", "Benchmarking", false},
		{"223.255.255.255", public, true},
		{"224.0.0.1", "Multicast", false},
		{"239.255.255.255", "Multicast", false},
		{"240.0.0.1", "Reserved", false},
		{"255.255.255.255", "Limited Broadcast", false},

		{"::", "Unspecified Address", false},
		{"::1", "Loopback Address", false},
		{"::2", "Reserved by IETF", false},
		{"::10.0.0.1", "Reserved by IETF", false}, // IPv4-compatible, RFC 4291, section 2.5.5.1
		{"2001:200::1", public, true},
		{"2606:4700::1111", public, true},
		{"2001:db8::1", "Documentation", false},
		{"3fff:fff:ffff::1", "Documentation", false},
		{"3fff:1000::1", public, true},
		{"2001:1::1", "Port Control Protocol Anycast", true},
		{"2001:1::4", "IETF Protocol Assignments", false},
		{"4000::1", "Reserved by IETF", false},
		{"fc00::1", "Unique-Local", false},
		{"fdff::1", "Unique-Local", false},
		{"fe80::1", "Link-Local Unicast", false},
		{"fe80::1%eth0", "Link-Local Unicast", false},
		{"fec0::1", "Reserved by IETF", false}, // site-local, RFC 3879
		{"ff0e::1", "Multicast", false},

		{"::ffff:1.1.1.1", public, true},
		{"::ffff:10.0.0.1", private, false},
		{"64:ff9b::1.1.1.1", public, true},
		{"64:ff9b::10.0.0.1", private, false},
		{"64:ff9b::ffff:ffff", "Limited Broadcast", false},
		{"64:ff9b::1:0:0", "Reserved by IETF", false}, // just after the prefix
		{"64:ff9b:1::1.1.1.1", "IPv4-IPv6 Translation", false},
		{"64:ff9b:2::1.1.1.1", "Reserved by IETF", false},
		{"2002:101:101::1", public, true},
		{"2002:a00:1::1", private, false},
		{"2002:7f00:1::101:101", "Loopback", false},
		{"2001:0:101:101::fefe:fefe", public, true},    // the bits of 1.1.1.1 inverted
		{"2001:0:101:101::f5ff:fffe", private, false},  // 10.0.0.1
		{"2001:0:101:101::101:101", "Reserved", false}, // 254.254.254.254
		{"2001:0:101:101::ffff:ffff", "This host on this network", false},
	} {
		got := Of(netip.MustParseAddr(tc.addr))
		if got.Name != tc.name || got.GloballyReachable != tc.reachable {
			t.Errorf("%s: got %s, %t; want %s, %t", tc.addr, got.Name, got.GloballyReachable, tc.name, tc.reachable)
		}
	}
}

func TestInvalidAddressIsNotReachable(t *testing.T) {
	if got := Of(netip.Addr{}); got != (Block{}) {
		t.Errorf("got %+v", got)
	}
}

func BenchmarkOf(b *testing.B) {
	for _, text := range []string{"193.0.6.139", "10.1.2.3", "2606:4700::1111", "64:ff9b::10.1.2.3"} {
		b.Run(text, func(b *testing.B) {
			addr := netip.MustParseAddr(text)
			b.ReportAllocs()
			for b.Loop() {
				Of(addr)
			}
		})
	}
}
