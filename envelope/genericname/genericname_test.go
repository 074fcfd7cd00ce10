package genericname_test

import (
	"net/netip"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/genericname"
)

// The names in these tables are invented. They follow the conventions of providers
// on five continents.

// judged is the expected result for a client and a name: the sign without "it
// contains", or "" for a name that is not generic.
type judged struct{ client, name, sign string }

func expect(t *testing.T, table []judged) {
	t.Helper()
	for _, tc := range table {
		t.Run(tc.name, func(t *testing.T) {
			want := ""
			if tc.sign != "" {
				want = "it contains " + tc.sign
			}
			if sign, generic := judge(t, tc.name, tc.client); sign != want || generic != (want != "") {
				t.Errorf("Judge(%s, %s) = %q, %t, want %q", tc.name, tc.client, sign, generic, want)
			}
		})
	}
}

func judge(t *testing.T, name, client string) (string, bool) {
	t.Helper()
	host, err := envelope.ParseHost(name)
	if err != nil {
		t.Fatalf("invalid name in the table: %v", err)
	}
	addr, err := netip.ParseAddr(client)
	if client != "" && err != nil {
		t.Fatal(err)
	}
	return genericname.Judge(host, addr)
}

func TestGenericNamesOfIPv4(t *testing.T) {
	const a, b = "192.0.2.1", "198.51.100.27"
	expect(t, []judged{
		// The whole address in decimal.
		{a, "192-0-2-1.isp.example", "the client's address 192-0-2-1"},
		{a, "192.0.2.1.isp.example", "the client's address 192.0.2.1"},
		{a, "192_0_2_1.isp.example", "the client's address 192_0_2_1"},
		{a, "192x0x2x1.isp.example", "the client's address 192x0x2x1"},
		{a, "host192-0-2-1.isp.example", "the client's address 192-0-2-1"},
		{a, "ip-192-0-2-1.eu-north.compute.cloud.example", "the client's address 192-0-2-1"},
		{a, "ec2-192-0-2-1.compute-1.cloud.example", "the client's address 192-0-2-1"},
		{"192.0.1.2", "ec2-192-0-1-2.cloud.example", "the client's address 192-0-1-2"}, // and not 2-192-0-1
		{"192.0.1.2", "h192-2-1-0-192.cloud.example", "the client's address 2-1-0-192"},
		{a, "vps-192-0-2-1.hoster.example", "the client's address 192-0-2-1"},
		{a, "server-192-0-2-1.hoster.example", "the client's address 192-0-2-1"},
		{a, "node-192-0-2-1.rack.hoster.example", "the client's address 192-0-2-1"},
		{a, "192-0-2-1.mobile.telco.example", "the client's address 192-0-2-1"},
		{a, "user192-0-2-1.telco.example", "the client's address 192-0-2-1"},
		{a, "h192-0-2-1.city.isp.example", "the client's address 192-0-2-1"},
		{a, "c-192-0-2-1.hsd1.ca.cableco.example", "the client's address 192-0-2-1"},
		{a, "r192-0-2-1-region.isp.example", "the client's address 192-0-2-1"},
		{a, "a192-0-2-1b.isp.example", "the client's address 192-0-2-1"},
		{a, "192-0-2-1.com-example.net", "the client's address 192-0-2-1"},
		{a, "ip192-0-2-1.example", "the client's address 192-0-2-1"},
		{b, "198-51-100-27.ip.telco.example", "the client's address 198-51-100-27"},
		{b, "198.51.100.27.clients.hoster.example", `the client's address 198.51.100.27 and the word "clients"`},
		{b, "ppp-198-51-100-27.example.co.th", `the client's address 198-51-100-27 and the word "ppp"`},
		{b, "host-198-51-100-27.tedata.example.eg", "the client's address 198-51-100-27"},
		{b, "i198-51-100-27.s41.a013.ap.example.ne.jp", "the client's address 198-51-100-27"},
		{b, "n198-51-100-27.mas1.nsw.example.com.au", "the client's address 198-51-100-27"},
		{b, "bb198-51-100-27.example.com.sg", "the client's address 198-51-100-27"},
		// With leading zeros.
		{a, "192-000-002-001.isp.example", "the client's address 192-000-002-001"},
		{a, "192000002001.isp.example", "the client's address 192000002001"},
		{a, "p192000002001.tokyo.isp.example", "the client's address 192000002001"},
		{a, "192-0-002-1.isp.example", "the client's address 192-0-002-1"},
		{a, "192000-002001.isp.example", "the client's address 192000-002001"},
		{a, "syn-192-000-002-001.inf.spectral.example", "the client's address 192-000-002-001"},
		{b, "cpc-198051100027.north.cable.example", "the client's address 198051100027"},
		{b, "softbank198051100027.bbtec.example", "the client's address 198051100027"},
		{b, "cable198-051-100-027.isp.example", `the client's address 198-051-100-027 and the word "cable"`},
		// Backwards.
		{a, "1-2-0-192.isp.example", "the client's address 1-2-0-192"},
		{a, "1.2.0.192.isp.example", "the client's address 1.2.0.192"},
		{a, "1.2.0.192.bc.clouduser.example", "the client's address 1.2.0.192"},
		{a, "001002000192.isp.example", "the client's address 001002000192"},
		{b, "27.100.51.198.rev.isp.example", "the client's address 27.100.51.198"},
		{b, "27.100-51-198.adsl-dyn.isp.example", `the client's address 27.100-51-198 and the word "adsl"`},
		{b, "host27-100-dynamic.51-198-r.retail.telco.example", `the client's address 27-100-dynamic.51-198 and the word "dynamic"`},
		{b, "static.27.100.51.198.clients.your-server.example", `the client's address 27.100.51.198 and the word "clients"`},
		// The last octet first, swapped halves, octets with text between them.
		{a, "1.red-192-0-2.dynamicip.telco.example", `the client's address 1.red-192-0-2 and the word "dynamicip"`},
		{a, "ip1.ip-192-0-2.eu", "the client's address 1.ip-192-0-2"},
		{b, "ns27.ip-198-51-100.net", "the client's address 27.ip-198-51-100"},
		{b, "lfbn-idf1-1-100-27.w198-51.abo.telco.example", "the client's address 100-27.w198-51"},
		// Hexadecimal.
		{a, "pc0000201.dip0.telco.example", "the client's address c0000201"},
		{a, "c0000201.isp.example", "the client's address c0000201"},
		{a, "c0-00-02-01.isp.example", "the client's address c0-00-02-01"},
		{a, "c000-0201.isp.example", "the client's address c000-0201"},
		{a, "010200c0.isp.example", "the client's address 010200c0"},
		{a, "0xc0000201.isp.example", "the client's address c0000201"},
		{b, "c633641b.catv.isp.example.ne.jp", `the client's address c633641b and the word "catv"`},
		{b, "xdsl-c633641b.isp.example", `the client's address c633641b and the word "xdsl"`},
		{b, "bcc633641b.skbroad.example", "the client's address c633641b"},
		{b, "cpe-c6-33-64-1b.isp.example", `the client's address c6-33-64-1b and the word "cpe"`},
		// One number.
		{a, "3221225985.isp.example", "the client's address 3221225985"},
		{b, "bras-base-mtrlpq02-3325256731.sdsl.telco.example", `the client's address 3325256731 and the word "bras"`},
		// A part of the address.
		{a, "2-1.isp.example", "the part 2-1 of the client's address"},
		{a, "2.1.isp.example", "the part 2.1 of the client's address"},
		{a, "002001.isp.example", "the part 002001 of the client's address"},
		{a, "host-2-1.isp.example", `the part 2-1 of the client's address and the word "host"`},
		{a, "user-1-2.isp.example", `the part 1-2 of the client's address and the word "user"`},
		{a, "ip-2-1.city.isp.example", `the part 2-1 of the client's address and the word "ip"`},
		{b, "100-27.isp.example", "the part 100-27 of the client's address"},
		{b, "27.100.isp.example", "the part 27.100 of the client's address"},
		{b, "h51-100-27.isp.example", "the part 51-100-27 of the client's address"},
		{b, "net-198-51-100.isp.example", "the part 198-51-100 of the client's address"},
		{b, "mob-100-27.telco.example", `the part 100-27 of the client's address and the word "mob"`},
		{b, "home-100-27.city.isp.example", `the part 100-27 of the client's address and the word "home"`},
		{b, "dsl-100-27.isp.example", `the word "dsl"`},
		// Another address.
		{a, "ip-10-0-0-5.internal.example", "the address 10-0-0-5"},
		{a, "host-203-0-113-77.isp.example", "the address 203-0-113-77"},
		{a, "203.0.113.77.isp.example", "the address 203.0.113.77"},
		{a, "203000113077.isp.example", "the address 203000113077"},
		{"", "192-0-2-1.isp.example", "the address 192-0-2-1"},
		{"2001:db8::1", "198-51-100-27.isp.example", "the address 198-51-100-27"},
		// Words.
		{a, "dyn.isp.example", `the word "dyn"`},
		{a, "dyn17.isp.example", `the word "dyn"`},
		{a, "a17.dynamic.isp.example", `the word "dynamic"`},
		{a, "dhcp.campus.example.org", `the word "dhcp"`},
		{a, "dhcp-4711.campus.example.edu", `the word "dhcp"`},
		{a, "pool-7.isp.example", `the word "pool"`},
		{a, "b12.pool8023.isp.example", `the word "pool"`},
		{a, "dsl-hki7.isp.example", `the word "dsl"`},
		{a, "x7.adsl2.isp.example", `the word "adsl"`},
		{a, "gw7.vdsl.isp.example", `the word "vdsl"`},
		{a, "node7.cable.isp.example", `the word "cable"`},
		{a, "cablemodem7.isp.example", `the word "cablemodem"`},
		{a, "ppp7.isp.example", `the word "ppp"`},
		{a, "pppoe-gw7.isp.example", `the word "pppoe"`},
		{a, "dialup7.isp.example", `the word "dialup"`},
		{a, "dial-in7.isp.example", `the word "dial"`},
		{a, "isdn7.isp.example", `the word "isdn"`},
		{a, "customer-kbs-7.isp.example", `the word "customer"`},
		{a, "cust7.city.isp.example", `the word "cust"`},
		{a, "client42.isp.example", `the word "client"`},
		{a, "cliente7.example.com.br", `the word "cliente"`},
		{a, "kunde7.isp.example", `the word "kunde"`},
		{a, "abonent7.isp.example", `the word "abonent"`},
		{a, "cpe7.isp.example", `the word "cpe"`},
		{a, "residential7.isp.example", `the word "residential"`},
		{a, "ae7.ftth.isp.example", `the word "ftth"`},
		{a, "v7.gpon.isp.example", `the word "gpon"`},
		{a, "g7.broadband.isp.example", `the word "broadband"`},
		{a, "lte7.telco.example", `the word "lte"`},
		{a, "unassigned.isp.example", `the word "unassigned"`},
		{a, "unallocated-space.isp.example", `the word "unallocated"`},
		{a, "unknown.isp.example", `the word "unknown"`},
		{a, "unused-7.isp.example", `the word "unused"`},
		{a, "no-rdns.dhcp_7.isp.example", `the word "dhcp"`},
		{a, "DYN-7.ISP.Example.", `the word "dyn"`},
		{a, "dinamico7.example.com.ar", `the word "dinamico"`},
		{a, "pool.example.co.uk", `the word "pool"`},
		{a, "x.pool.example.co.uk", `the word "pool"`},
		{a, "gate.pool.co.example", `the word "pool"`},
		// Two signs and one kind of word against.
		{a, "static-192-0-2-1.dsl.isp.example", `the client's address 192-0-2-1 and the word "dsl"`},
		{a, "mail-192-0-2-1.dyn.isp.example", `the client's address 192-0-2-1 and the word "dyn"`},
		{a, "smtp.192-0-2-1.pool.isp.example", `the client's address 192-0-2-1 and the word "pool"`},
	})
}

func TestGenericNamesOfIPv6(t *testing.T) {
	const (
		full  = "2001:db8:1a2b:3c4d:5e6f:7081:92a3:b4c5"
		short = "2001:db8:1:2::a:b"
		tiny  = "2001:db8::25"
	)
	expect(t, []judged{
		{full, "2001-db8-1a2b-3c4d-5e6f-7081-92a3-b4c5.isp.example", "the client's address 2001-db8-1a2b-3c4d-5e6f-7081-92a3-b4c5"},
		{full, "2001-0db8-1a2b-3c4d-5e6f-7081-92a3-b4c5.isp.example", "the client's address 2001-0db8-1a2b-3c4d-5e6f-7081-92a3-b4c5"},
		{full, "2001.0db8.1a2b.3c4d.5e6f.7081.92a3.b4c5.isp.example", "the client's address 2001.0db8.1a2b.3c4d.5e6f.7081.92a3.b4c5"},
		{full, "p20010db81a2b3c4d5e6f708192a3b4c5.dip0.telco.example", "the client's address 20010db81a2b3c4d5e6f708192a3b4c5"},
		{full, "node-20010db81a2b3c4d-5e6f708192a3b4c5.isp.example", "the client's address 20010db81a2b3c4d-5e6f708192a3b4c5"},
		{full, "5.c.4.b.3.a.2.9.1.8.0.7.f.6.e.5.d.4.c.3.b.2.a.1.8.b.d.0.1.0.0.2.ip6.isp.example",
			"the client's address 5.c.4.b.3.a.2.9.1.8.0.7.f.6.e.5.d.4.c.3.b.2.a.1.8.b.d.0.1.0.0.2"},
		{full, "2001-db8-1a2b-3c4d.pool.isp.example", `the part 2001-db8-1a2b-3c4d of the client's address and the word "pool"`},
		{full, "dynamic-20010db81a2b3c4d.isp.example", `the part 20010db81a2b3c4d of the client's address and the word "dynamic"`},
		{full, "5e6f-7081-92a3-b4c5.cust.isp.example", `the part 5e6f-7081-92a3-b4c5 of the client's address and the word "cust"`},
		{full, "5e6f708192a3b4c5.v6.isp.example", "the part 5e6f708192a3b4c5 of the client's address"},
		{full, "ptr-5e6f708192a3b4c5.18120a2.ip6.access.telco.example", "the part 5e6f708192a3b4c5 of the client's address"},
		{short, "2001-db8-1-2--a-b.isp.example", "the client's address 2001-db8-1-2--a-b"},
		{short, "2001-db8-1-2-0-0-a-b.isp.example", "the client's address 2001-db8-1-2-0-0-a-b"},
		{short, "2001-0db8-0001-0002-0000-0000-000a-000b.isp.example", "the client's address 2001-0db8-0001-0002-0000-0000-000a-000b"},
		{short, "2001-db8-1-2.v6.isp.example", "the part 2001-db8-1-2 of the client's address"},
		{short, "0-0-a-b.v6.isp.example", "the part 0-0-a-b of the client's address"},
		{tiny, "2001-db8--25.isp.example", "the client's address 2001-db8--25"},
		{tiny, "20010db8000000000000000000000025.isp.example", "the client's address 20010db8000000000000000000000025"},
		{tiny, "static.2001-db8--25.clients.hoster.example", `the client's address 2001-db8--25 and the word "clients"`},
		{"::ffff:192.0.2.1", "192-0-2-1.isp.example", "the client's address 192-0-2-1"},
		{"fe80::192:0:2:1%eth0", "fe80--192-0-2-1.isp.example", "the client's address fe80--192-0-2-1"},
		{full, "cpe-7.isp.example", `the word "cpe"`},
		{full, "static-2001-db8-1a2b-3c4d-5e6f-7081-92a3-b4c5.isp.example", ""},
		{full, "mail.v6.isp.example", ""},
		{short, "2001-db81-2.v6.isp.example", ""},
		{full, "mx1a.v6.isp.example", ""},
		{full, "1a2b.isp.example", ""},
		{full, "db8-1a2b.isp.example", ""},
		{tiny, "mail-25.isp.example", ""},
		{tiny, "web-0-0-0-25.example.org", ""},
		{tiny, "v6-25.isp.example", ""},
	})
}

func TestNamesChosenForAHost(t *testing.T) {
	const a, b = "192.0.2.1", "198.51.100.27"
	for _, tc := range []struct{ client, name string }{
		// Mail servers of large and small sites.
		{a, "mail.example.org"},
		{a, "mx.example.org"},
		{a, "mx1.example.org"},
		{a, "mx0a-00ab12c3.filter.example"},
		{a, "smtp.example.org"},
		{a, "smtp-out-3.example.org"},
		{a, "mail-wr1-f41.search.example"},
		{a, "mail-db8eur05on2081.outbound.protection.office.example"},
		{a, "sonic304-21.consmr.mail.ne1.portal.example"},
		{a, "out-17.smtp.hub.example"},
		{a, "outbound-ip42a.ess.gateway.example"},
		{a, "relay7.isp.example"},
		{a, "mta-p7.mail.phone.example"},
		{a, "mout.kundenserver.example"},
		{a, "mailout2.stadt.example.de"},
		{a, "vger.kernel.example"},
		{a, "lists.example.org"},
		{a, "example.org"},
		{a, "o2.ptr1234.em.shop.example"},
		{a, "nov-007-i123.relay.channels.example"},
		{a, "xtrwkhkc.outbound-mail.send.example"},
		{a, "e2i54.smtp2.go.example"},
		{a, "bounce.newsletter.shop.example"},
		{a, "postfix.example.net"},
		{a, "exchange.firm.example.com.au"},
		{a, "mail.gov.example.kg"},
		{a, "smtp1.example.ac.jp"},
		{a, "zimbra.univ.example.ac.id"},
		{a, "correo.example.com.mx"},
		{a, "posta.example.it"},
		// One sign and a word for mail.
		{a, "mail.dsl.isp.example"},
		{a, "mx1.customer.isp.example"},
		{a, "mail.customers.adsl.isp.example"},
		{a, "smtp.pool.isp.example"},
		{a, "outbound-pool-3.esp.example"},
		{a, "mail-192-0-2-1.esp.example"},
		{a, "mta192-0-2-1.send.esp.example"},
		{a, "2-1.smtp-out.esp.example"},
		{a, "a2-1.smtp-out.cloudmail.example"},
		{a, "mail.dyn.hobby.example"},
		{a, "smtp-dhcp-team.example.org"},
		// One sign and a word for a static address or a business.
		{a, "static-192-0-2-1.isp.example"},
		{a, "192-0-2-1.static.isp.example"},
		{a, "1.2.0.192.static.isp.example"},
		{a, "fixed-192-0-2-1.isp.example"},
		{a, "192-0-2-1.business.isp.example"},
		{a, "static-ip-192-0-2-1.isp.example"},
		{a, "static7.dsl.isp.example"},
		{a, "static-pc0000201.isp.example"},
		// Words in the registered domain.
		{a, "mail.cablecompany.example"},
		{a, "mx1.dslprovider.example"},
		{a, "www.cable.example"},
		{a, "host.dsl.example"},
		{a, "gate.dynamic.example"},
		{a, "gate.pool.ch"},
		{a, "gate.customer.co.nz"},
		{a, "web.dial.com.br"},
		{a, "dhcp.example"},
		{a, "pool.example"},
		{a, "my-dsl.example"},
		{a, "web.dsl-home.example"},
		// Words within other words.
		{a, "poolside.hotel.example"},
		{a, "whirlpool.appliance.example.org"},
		{a, "liverpool.city.example.org"},
		{a, "dynamo.sport.example.org"},
		{a, "aerodynamics.lab.example.edu"},
		{a, "clientele.fashion.example.org"},
		{a, "cablegram.news.example.org"},
		{a, "sundial.clock.example.org"},
		{a, "dialogue.forum.example.org"},
		{a, "hostel.travel.example.org"},
		{a, "customs.border.example.org"},
		{a, "accustomed.blog.example.org"},
		{a, "dynasty.games.example.org"},
		{a, "carpool.traffic.example.org"},
		{a, "unknowns.science.example.org"},
		{a, "vestibule.office.example.org"},
		{a, "lilypond.music.example.org"},
		{a, "remodeling.shop.example.org"},
		// Numbers that are not an address, or too small a part of one.
		{a, "web1.hoster.example.org"},
		{a, "web2-1.rack.hoster.example"},
		{a, "srv2-1.rack.hoster.example"},
		{a, "s192.rack0.row2.unit1.hoster.example"},
		{a, "vps1234567.hoster.example"},
		{a, "m12-169.gun.example"},
		{a, "host17.hoster.example"},
		{a, "ip17.hoster.example"},
		{a, "node-7.cluster.hoster.example"},
		{a, "home.user.example.org"},
		{a, "mobile.shop.example.org"},
		{a, "v1-2-3.release.example.org"},
		{a, "backup-2026-01-02.example.org"},
		{a, "n20260102030405.queue.example.org"},
		{a, "r300-400-500-600.lab.example.org"},
		{a, "ac00002010.lab.example.org"},
		{a, "32212259850.lab.example.org"},
		{a, "1192-0-2-1a.lab.example.org"},
		{a, "n192000002001123045.lab.example.org"},
		{a, "0-10-20-30.lab.example.org"},
		{b, "m100-27.gun.example"},
		{b, "s100.row27.hoster.example"},
		{b, "srv198.hoster.example"},
		{b, "27.example.org"},
		{b, "c633641bff.lab.example.org"},
		{b, "1c633641b.lab.example.org"},
		// Addresses whose octets appear by chance.
		{"1.2.1.2", "mx1.rack2.row1.dc2.example"},
		{"1.2.1.2", "web1.rack2.row1.dc2.example.org"},
		{"1.2.1.2", "s1-2.rack1-2.example.org"},
		{"1.1.1.1", "web11-1.dc1.row1.example.org"},
		{"10.1.1.1", "app1-1.dc1.example.org"},
		{"1.2.3.4", "gw12.r34.example.org"},
		{"1.0.0.1", "core1-0.dc0.r1.example.org"},
		{"", "mail.example.org"},
		{"", "web1-2-3.example.org"},
	} {
		expect(t, []judged{{tc.client, tc.name, ""}})
	}
}
