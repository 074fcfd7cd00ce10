package main

import (
	"strings"
	"testing"

	"mxrules.example/envelope/zone"
	"mxrules.example/rdns/dnsbl"
)

func TestListsThatDoNotServeAreReported(t *testing.T) {
	dns := zone.MustParse(`
		2.0.0.127.addresses.example. A 127.0.0.2
		test.names.example.          A 127.0.1.2
		*.127.names.example.         A 127.0.1.255
		*.world.example.             A 127.0.0.2
	`)
	addresses := dnsbl.List{Zone: "addresses.example"}
	names := dnsbl.List{Zone: "names.example", Codes: []string{"127.0.1.0/24"}}
	for _, tc := range []struct {
		name         string
		lists, names []dnsbl.List
		want         string
	}{
		{"each serves its kind", []dnsbl.List{addresses}, []dnsbl.List{names}, ""},
		{"each is of the other kind", []dnsbl.List{names}, []dnsbl.List{addresses},
			"DNS list may not list addresses: names.example: serving (IPv4 absent, IPv6 absent, names serving) [127.0.1.2 127.0.1.255]\n" +
				"DNS list may not list domains: addresses.example: serving (IPv4 serving, IPv6 absent, names absent) [127.0.0.2]\n"},
		{"a misspelt zone", []dnsbl.List{{Zone: "adresses.example"}}, nil,
			"DNS list may not list addresses: adresses.example: absent (IPv4 absent, IPv6 absent, names absent)\n"},
		{"codes of another list", []dnsbl.List{{Zone: "addresses.example", Codes: []string{"127.0.0.4"}}}, nil,
			"DNS list may not list addresses: addresses.example: other codes (IPv4 other codes, IPv6 absent, names absent) [127.0.0.2]\n"},
		{"a list of everything", []dnsbl.List{{Zone: "world.example"}}, nil,
			"DNS list may not list addresses: world.example: lists all (IPv4 lists all, IPv6 lists all, names lists all) [127.0.0.2]\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			site := facts{domainLists: tc.names}
			site.Lists = tc.lists
			var got strings.Builder
			probeLists(dns, site, func(err error) { got.WriteString(err.Error() + "\n") })
			if got.String() != tc.want {
				t.Errorf("got\n%s\nwant\n%s", &got, tc.want)
			}
		})
	}
}

func TestListsOfRealDNSAreProbed(t *testing.T) {
	server, err := zone.MustParse("test.names.example. A 127.0.0.2").Serve("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	args := []string{"-dns", server.Addr(), "-dnsbl", "names.example=127.0.0.2", "-checks", "dnsbl.notlisted", "-ip", "192.0.2.9"}
	got := output(args, "")
	if !strings.Contains(got, "judge: DNS list may not list addresses: names.example: serving") || !strings.Contains(got, "-- exit status 0 --") {
		t.Errorf("got\n%s", got)
	}
}
