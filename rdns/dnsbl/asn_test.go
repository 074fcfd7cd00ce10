package dnsbl_test

import (
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/rdns/dnsbl"
)

const (
	origin4 = "Origin.Example."
	origin6 = "origin6.example"
)

// routes is the zone of origins. The last octet of an address is the number of its
// case.
func routes() *zone.Zone {
	return zone.MustParse(`
		1.2.0.192.origin.example.   TXT "64500 | 192.0.2.0/24 | ZZ | registry | 2026-01-02"
		2.2.0.192.origin.example.   TXT "64511 | 192.0.2.0/24 | ZZ | registry | 2026-01-02"
		; 4: several systems; 5: a set; 6: other spellings
		4.2.0.192.origin.example.   TXT "64511 64500 | 192.0.2.0/24 | ZZ | registry |"
		5.2.0.192.origin.example.   TXT "{64511,64500} | 192.0.2.0/24"
		6.2.0.192.origin.example.   TXT "AS64500|192.0.2.0/24"
		; 7: the smallest network counts, whatever its place; 8: two networks of one size
		7.2.0.192.origin.example.   TXT "64500 | 192.0.0.0/16 | ZZ"
		                            TXT "64511 | 192.0.2.0/24 | ZZ"
		                            TXT "64500 | 192.0.0.0/20 | ZZ"
		8.2.0.192.origin.example.   TXT "64511 | 192.0.2.0/24 | ZZ"
		                            TXT "64500 | 192.0.2.0/24 | ZZ"
		; 10 to 15: invalid records; 16: one of two is valid
		10.2.0.192.origin.example.  TXT "64500"
		11.2.0.192.origin.example.  TXT "64500 | 198.51.100.0/24 | ZZ"
		12.2.0.192.origin.example.  TXT "sixty | 192.0.2.0/24 | ZZ"
		13.2.0.192.origin.example.  TXT " | 192.0.2.0/24 | ZZ"
		14.2.0.192.origin.example.  TXT "4294967296 | 192.0.2.0/24"
		15.2.0.192.origin.example.  TXT "0 | 192.0.2.0/24"
		16.2.0.192.origin.example.  TXT "no such service"
		                            TXT "64500 | 192.0.2.0/24"
		; 17: many; 18: no TXT
		17.2.0.192.origin.example.  TXT "64511 64510 64509 64508 64511 | 192.0.2.0/24"
		18.2.0.192.origin.example.  A   127.0.0.2
		19.2.0.192.origin.example.  TXT "4294967294 | 192.0.2.0/24"
		1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.origin6.example. TXT "64501 | 2001:db8::/32 | ZZ"
		2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.origin6.example. TXT "64511 | 2001:db8::/32 | ZZ"
	`).
		Failing("30.2.0.192.origin.example.", zone.SERVFAIL).Failing("31.2.0.192.origin.example.", zone.REFUSED).
		Failing("32.2.0.192.origin.example.", zone.Timeout)
}

func TestASN(t *testing.T) {
	check := dnsbl.ASN(origin4, origin6, 64500, 64501, 4294967294)
	dns := routes()
	for _, tc := range []row{
		{"1", pass, "1-origin TXT", "the client 192.0.2.1 is in AS64500", `{"asns":[64500],"prefix":"192.0.2.0/24"}`},
		{"::ffff:192.0.2.1", pass, "1-origin TXT", "the client 192.0.2.1 is in AS64500", `{"asns":[64500],"prefix":"192.0.2.0/24"}`},
		{"2", fail, "2-origin TXT", "the client 192.0.2.2 is in AS64511, which is not in the list of autonomous systems", `{"asns":[64511],"prefix":"192.0.2.0/24"}`},
		{"3", fail, "3-origin TXT", "no autonomous system announces the address of the client 192.0.2.3", `{"asns":[],"prefix":""}`},
		{"4", pass, "4-origin TXT", "the client 192.0.2.4 is in AS64500, AS64511", `{"asns":[64500,64511],"prefix":"192.0.2.0/24"}`},
		{"5", pass, "5-origin TXT", "the client 192.0.2.5 is in AS64500, AS64511", `{"asns":[64500,64511],"prefix":"192.0.2.0/24"}`},
		{"6", pass, "6-origin TXT", "the client 192.0.2.6 is in AS64500", `{"asns":[64500],"prefix":"192.0.2.0/24"}`},
		{"7", fail, "7-origin TXT", "the client 192.0.2.7 is in AS64511, which is not in the list of autonomous systems", `{"asns":[64511],"prefix":"192.0.2.0/24"}`},
		{"8", pass, "8-origin TXT", "the client 192.0.2.8 is in AS64500, AS64511", `{"asns":[64500,64511],"prefix":"192.0.2.0/24"}`},
		{"10", perm, "10-origin TXT", "the TXT records for the autonomous system of the client 192.0.2.10 are invalid", "null"},
		{"11", perm, "11-origin TXT", "the TXT records for the autonomous system of the client 192.0.2.11 are invalid", "null"},
		{"12", perm, "12-origin TXT", "the TXT records for the autonomous system of the client 192.0.2.12 are invalid", "null"},
		{"13", perm, "13-origin TXT", "the TXT records for the autonomous system of the client 192.0.2.13 are invalid", "null"},
		{"14", perm, "14-origin TXT", "the TXT records for the autonomous system of the client 192.0.2.14 are invalid", "null"},
		{"15", perm, "15-origin TXT", "the TXT records for the autonomous system of the client 192.0.2.15 are invalid", "null"},
		{"16", pass, "16-origin TXT", "the client 192.0.2.16 is in AS64500", `{"asns":[64500],"prefix":"192.0.2.0/24"}`},
		{"17", fail, "17-origin TXT", "the client 192.0.2.17 is in AS64508, AS64509, AS64510 and 1 more, which is not in the list of autonomous systems", `{"asns":[64508,64509,64510,64511],"prefix":"192.0.2.0/24"}`},
		{"18", fail, "18-origin TXT", "no autonomous system announces the address of the client 192.0.2.18", `{"asns":[],"prefix":""}`},
		{"19", pass, "19-origin TXT", "the client 192.0.2.19 is in AS4294967294", `{"asns":[4294967294],"prefix":"192.0.2.0/24"}`},
		{"30", temp, "30-origin TXT", "the DNS lookup of 30.2.0.192.origin.example failed", "null"},
		{"31", temp, "31-origin TXT", "the DNS lookup of 31.2.0.192.origin.example failed", "null"},
		{"32", temp, "32-origin TXT", "the DNS lookup of 32.2.0.192.origin.example failed", "null"},
		{"2001:db8::1", pass, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.origin6 TXT", "the client 2001:db8::1 is in AS64501", `{"asns":[64501],"prefix":"2001:db8::/32"}`},
		{"2001:db8::2", fail, "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.origin6 TXT", "the client 2001:db8::2 is in AS64511, which is not in the list of autonomous systems", `{"asns":[64511],"prefix":"2001:db8::/32"}`},
		{"10.0.0.1", fail, "", "no autonomous system announces the address of the client 10.0.0.1", `{"asns":[],"prefix":""}`},
		{"", fail, "", "the client address is unknown", "null"},
	} {
		c := tc.of(unwanted, tc.detail)
		if tc.want == perm {
			c.Status = unwanted
		}
		c.Run(t, check, dns)
	}
}

func TestASNIsNoneForAFamilyWithoutZone(t *testing.T) {
	for _, tc := range []struct {
		zone4, zone6 string
		client       string
		want         envelope.Outcome
	}{
		{origin4, "", "1", pass},
		{origin4, "", "2001:db8::1", none},
		{"", origin6, "1", none},
		{"", origin6, "2001:db8::1", pass},
	} {
		dns := routes()
		got := dnsbl.ASN(tc.zone4, tc.zone6, 64500, 64501)(t.Context(), dns, &envelope.Envelope{ClientIP: address(tc.client)})
		if got.Outcome != tc.want || tc.want == none && len(dns.Asked()) > 0 {
			t.Errorf("%q %q %s: %v, asked %v", tc.zone4, tc.zone6, tc.client, got.Outcome, dns.Asked())
		}
	}
}
