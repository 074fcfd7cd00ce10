package genericname_test

import (
	"net/netip"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/genericname"
)

// FuzzJudge includes invalid host names, because a Host is only a string.
func FuzzJudge(f *testing.F) {
	for _, name := range []string{
		"", ".", "..", "a", "192-0-2-1.isp.example", "192000002001.isp.example", "mail.example.org",
		"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.isp.example", "2001-db8--1.isp.example",
		"000000000000000000000000000000.dhcp.isp.example", "\x00\xff-1-2-3-4", "c0000201.dsl.isp.example", "2-1",
	} {
		f.Add(name, []byte{192, 0, 2, 1})
		f.Add(name, []byte{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1})
		f.Add(name, []byte(nil))
	}
	f.Fuzz(func(t *testing.T, name string, address []byte) {
		client, _ := netip.AddrFromSlice(address)
		sign, generic := genericname.Judge(envelope.Host(name), client)
		if generic != (sign != "") {
			t.Fatalf("Judge(%q, %s) = %q, %t", name, client, sign, generic)
		}
		if generic && !strings.HasPrefix(sign, "it contains ") {
			t.Errorf("Judge(%q, %s) = %q, which is not a part of a sentence", name, client, sign)
		}
		if again, _ := genericname.Judge(envelope.Host(name), client); again != sign {
			t.Errorf("Judge(%q, %s) = %q, then %q", name, client, sign, again)
		}
		host, err := envelope.ParseHost(name)
		if err != nil || !client.IsValid() || generic {
			return
		}
		// The address and a word before any name are two signs. Two kinds of words against
		// outweigh them, one does not.
		dashed := strings.NewReplacer(".", "-", ":", "-").Replace(client.Unmap().StringExpanded())
		sign, generic = genericname.Judge(envelope.Host("x"+dashed+".dhcp."+string(host)), client)
		if !generic && !bothOutweigh(host) {
			t.Errorf("%q with an address and a word before it is not generic", host)
		} else if generic && !strings.Contains(sign, dashed) {
			t.Errorf("the sign %q does not name the address %s", sign, dashed)
		}
	})
}

// bothOutweigh reports whether a name has words against of two kinds, which outweigh
// two signs.
func bothOutweigh(host envelope.Host) bool {
	_, generic := genericname.Judge("192-0-2-1.dhcp.x."+host, netip.MustParseAddr("192.0.2.1"))
	return !generic
}
