package dnsbl_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/zone"
	"mxrules.example/rdns/dnsbl"
)

const loginHint = "; users with an account here should log in (port 465 or 587)"

var (
	blocked   = envelope.Status{Code: 554, Subject: 7, Detail: 1}
	unwanted  = envelope.Status{Code: 550, Subject: 7, Detail: 1}
	noAnswer  = envelope.Status{Code: 451, Subject: 4, Detail: 3}
	misplaced = envelope.Status{Code: 451, Subject: 3, Detail: 5}
)

// The lists of all tests. The first has Codes, the others have the default ones.
var (
	first  = dnsbl.List{Zone: "first.example", Codes: []string{"127.0.0.2-127.0.0.9", "127.0.0.11"}}
	second = dnsbl.List{Zone: "Second.Example."}
	third  = dnsbl.List{Zone: "third.example"}
)

// world is one zone for all tests. The last octet of a client address is the number
// of its case.
func world() *zone.Zone {
	return zone.MustParse(`
		; 1: on the first list; 2: on none; 3: a name without an A record
		1.2.0.192.first.example.    A    127.0.0.2
		                            TXT  "see https://first.example/q/192.0.2.1"
		3.2.0.192.first.example.    TXT  "no address"
		3.2.0.192.second.example.   AAAA ::1
		; 4: on the second list, without a reason; 5: on both
		4.2.0.192.second.example.   A    127.0.0.255
		5.2.0.192.first.example.    A    127.0.0.3
		5.2.0.192.first.example.    TXT  "first reason"
		5.2.0.192.second.example.   A    127.0.0.4
		5.2.0.192.second.example.   TXT  "second reason"
		; 6: codes that are not accepted; 7: one of several is accepted; 8: codes that are not default codes
		6.2.0.192.first.example.    A    127.0.0.10
		                            A    127.0.0.1
		                            A    127.0.1.2
		                            A    127.0.0.12
		7.2.0.192.first.example.    A    127.0.0.11
		                            A    127.0.0.10
		                            A    127.0.0.2
		8.2.0.192.second.example.   A    127.0.0.1
		                            A    127.0.1.2
		; 9 to 13: invalid answers
		9.2.0.192.first.example.    A    127.255.255.254
		10.2.0.192.first.example.   A    203.0.113.9
		11.2.0.192.first.example.   A    0.0.0.0
		12.2.0.192.first.example.   A    127.0.0.2
		                            A    127.255.255.252
		13.2.0.192.first.example.   A    127.255.255.255
		13.2.0.192.second.example.  A    127.0.0.2
		; 14: an alias
		14.2.0.192.first.example.   CNAME entry.first.example.
		entry.first.example.        A    127.0.0.2
		                            TXT  "an alias"
		; 15 to 19: reasons that are not clean, and several reasons
		15.2.0.192.first.example.   A    127.0.0.2
		                            TXT  "evil\013\010250 ok"
		16.2.0.192.first.example.   A    127.0.0.2
		                            TXT  "\255\254"
		                            TXT  "  good\009 reason "
		17.2.0.192.first.example.   A    127.0.0.2
		                            TXT  "b"
		                            TXT  "a"
		                            TXT  "b"
		18.2.0.192.first.example.   A    127.0.0.2
		                            TXT  ""
		; 20: a list of names
		20.2.0.192.first.example.   A    127.0.1.255
		; 30 to 36: a lookup fails
		33.2.0.192.second.example.  A    127.0.0.2
		34.2.0.192.first.example.   A    127.0.0.2
		35.2.0.192.first.example.   A    127.255.255.254
		36.2.0.192.second.example.  A    127.255.255.254
		; IPv6
		1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.first.example. A   127.0.0.2
		1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.first.example. TXT "six"
	`).
		Failing("30.2.0.192.first.example. A", zone.SERVFAIL).Failing("31.2.0.192.first.example. A", zone.REFUSED).
		Failing("32.2.0.192.first.example. A", zone.Timeout).Failing("33.2.0.192.first.example. A", zone.SERVFAIL).
		Failing("34.2.0.192.first.example. TXT", zone.SERVFAIL).Failing("35.2.0.192.second.example. A", zone.Timeout).
		Failing("36.2.0.192.first.example. A", zone.Timeout)
}

// address parses an address, or the last octet of one in 192.0.2.0/24. "" is the
// unknown address.
func address(s string) netip.Addr {
	if s == "" {
		return netip.Addr{}
	}
	if !strings.ContainsAny(s, ".:") {
		s = "192.0.2." + s
	}
	return netip.MustParseAddr(s)
}

// row is one line of a table: a client, the outcome, the questions, the text, and the
// Detail, "" for one without listings.
type row struct {
	client string
	want   envelope.Outcome
	asked  string
	text   string
	detail string
}

func run(t *testing.T, check envelope.Check, failure envelope.Status, rows []row) {
	t.Helper()
	dns := world()
	for _, tc := range rows {
		tc.of(failure, `{"listed":[`+tc.detail+`]}`).Run(t, check, dns)
	}
}

// of returns the case of a row. A finding of None may have no detail.
func (tc row) of(failure envelope.Status, detail string) envelopetest.Case {
	status := failure
	switch tc.want {
	case temp:
		status = noAnswer
	case perm:
		status = blocked
	}
	return envelopetest.Case{
		Name: tc.client, Envelope: &envelope.Envelope{ClientIP: address(tc.client)},
		Outcome: tc.want, Status: status, Asks: full(tc.asked),
		Also: func(t *testing.T, f envelope.Finding) {
			envelopetest.Says(t, f, tc.text)
			if (tc.want == perm || tc.want == temp) && f.Err == nil {
				t.Errorf("a %v without a cause", f.Outcome)
			}
			if got := encode(t, f.Detail); got != detail && (f.Outcome != none || got != "null") {
				t.Errorf("detail %s, want %s", got, detail)
			}
		},
	}
}

// full expands the questions of a row: "1-first A" is that for 192.0.2.1 in
// first.example.
func full(asked string) string {
	names := []string{"-", ".2.0.192."}
	for _, zone := range []string{"first", "second", "third", "origin", "origin6"} {
		names = append(names, zone+" ", zone+".example. ")
	}
	return strings.NewReplacer(names...).Replace(asked)
}

func encode(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const (
	pass = envelope.Pass
	fail = envelope.Fail
	none = envelope.None
	temp = envelope.TempError
	perm = envelope.PermError
)

func TestNotListed(t *testing.T) {
	run(t, dnsbl.NotListed(first, second), blocked, []row{
		{"1", fail, "1-first A, 1-first TXT",
			`the client 192.0.2.1 is on the DNS list first.example, which says "see https://first.example/q/192.0.2.1"` + loginHint,
			`{"zone":"first.example","codes":["127.0.0.2"],"reason":"see https://first.example/q/192.0.2.1"}`},
		{"::ffff:192.0.2.1", fail, "1-first A, 1-first TXT",
			`the client 192.0.2.1 is on the DNS list first.example, which says "see https://first.example/q/192.0.2.1"` + loginHint,
			`{"zone":"first.example","codes":["127.0.0.2"],"reason":"see https://first.example/q/192.0.2.1"}`},
		{"2", pass, "2-first A, 2-second A", "", ""},
		{"3", pass, "3-first A, 3-second A", "", ""},
		{"4", fail, "4-first A, 4-second A, 4-second TXT",
			"the client 192.0.2.4 is on the DNS list second.example" + loginHint,
			`{"zone":"second.example","codes":["127.0.0.255"],"reason":""}`},
		// One listing is enough. The lists after it are not asked.
		{"5", fail, "5-first A, 5-first TXT",
			`the client 192.0.2.5 is on the DNS list first.example, which says "first reason"` + loginHint,
			`{"zone":"first.example","codes":["127.0.0.3"],"reason":"first reason"}`},
		{"6", pass, "6-first A, 6-second A",
			"the DNS list first.example returned 127.0.0.1, 127.0.0.10, 127.0.0.12 and 1 more for the client 192.0.2.6, which is not an accepted code",
			`],"ignored":[{"zone":"first.example","codes":["127.0.0.1","127.0.0.10","127.0.0.12","127.0.1.2"],"reason":""}`},
		{"7", fail, "7-first A, 7-first TXT",
			"the client 192.0.2.7 is on the DNS list first.example" + loginHint,
			`{"zone":"first.example","codes":["127.0.0.2","127.0.0.11"],"reason":""}],"ignored":[{"zone":"first.example","codes":["127.0.0.10"],"reason":""}`},
		{"8", pass, "8-first A, 8-second A",
			"the DNS list second.example returned 127.0.0.1, 127.0.1.2 for the client 192.0.2.8, which is not an accepted code",
			`],"ignored":[{"zone":"second.example","codes":["127.0.0.1","127.0.1.2"],"reason":""}`},
		// Invalid answers are not listings.
		{"9", perm, "9-first A, 9-second A", "the DNS list first.example returned an invalid answer for the client 192.0.2.9", ""},
		{"10", perm, "10-first A, 10-second A", "the DNS list first.example returned an invalid answer for the client 192.0.2.10", ""},
		{"11", perm, "11-first A, 11-second A", "the DNS list first.example returned an invalid answer for the client 192.0.2.11", ""},
		{"12", perm, "12-first A, 12-second A", "the DNS list first.example returned an invalid answer for the client 192.0.2.12", ""},
		{"13", fail, "13-first A, 13-second A, 13-second TXT",
			"the client 192.0.2.13 is on the DNS list second.example" + loginHint,
			`{"zone":"second.example","codes":["127.0.0.2"],"reason":""}`},
		// The answer of lists of names to every address.
		{"20", perm, "20-first A, 20-second A", "the DNS list first.example returned an invalid answer for the client 192.0.2.20", ""},
		{"14", fail, "14-first A, 14-first TXT",
			`the client 192.0.2.14 is on the DNS list first.example, which says "an alias"` + loginHint,
			`{"zone":"first.example","codes":["127.0.0.2"],"reason":"an alias"}`},
		// Lookups that fail, and whether they matter.
		{"30", temp, "30-first A, 30-second A", "the lookup in the DNS list first.example failed", ""},
		{"31", temp, "31-first A, 31-second A", "the lookup in the DNS list first.example failed", ""},
		{"32", temp, "32-first A, 32-second A", "the lookup in the DNS list first.example failed", ""},
		{"33", fail, "33-first A, 33-second A, 33-second TXT",
			"the client 192.0.2.33 is on the DNS list second.example" + loginHint,
			`{"zone":"second.example","codes":["127.0.0.2"],"reason":""}`},
		{"34", fail, "34-first A, 34-first TXT",
			"the client 192.0.2.34 is on the DNS list first.example" + loginHint,
			`{"zone":"first.example","codes":["127.0.0.2"],"reason":""}`},
		{"35", temp, "35-first A, 35-second A", "the lookup in the DNS list second.example failed", ""},
		{"36", temp, "36-first A, 36-second A", "the lookup in the DNS list first.example failed", ""},
		{"2001:db8::1", fail,
			"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.first A, 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.first TXT",
			`the client 2001:db8::1 is on the DNS list first.example, which says "six"` + loginHint,
			`{"zone":"first.example","codes":["127.0.0.2"],"reason":"six"}`},
		{"2001:db8:ab:cd::ef", pass,
			"f.e.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.c.0.0.b.a.0.0.8.b.d.0.1.0.0.2.first A, f.e.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.c.0.0.b.a.0.0.8.b.d.0.1.0.0.2.second A", "", ""},
		{"", none, "", "", ""},
	})
}

func TestListed(t *testing.T) {
	run(t, dnsbl.Listed(first, second), unwanted, []row{
		{"1", pass, "1-first A", "", `{"zone":"first.example","codes":["127.0.0.2"],"reason":""}`},
		{"::ffff:192.0.2.1", pass, "1-first A", "", `{"zone":"first.example","codes":["127.0.0.2"],"reason":""}`},
		{"2", fail, "2-first A, 2-second A", "the client 192.0.2.2 is on none of the DNS lists first.example, second.example", ""},
		{"3", fail, "3-first A, 3-second A", "the client 192.0.2.3 is on none of the DNS lists first.example, second.example", ""},
		{"4", pass, "4-first A, 4-second A", "", `{"zone":"second.example","codes":["127.0.0.255"],"reason":""}`},
		{"6", fail, "6-first A, 6-second A", "the client 192.0.2.6 is on none of the DNS lists first.example, second.example",
			`],"ignored":[{"zone":"first.example","codes":["127.0.0.1","127.0.0.10","127.0.0.12","127.0.1.2"],"reason":""}`},
		{"9", perm, "9-first A, 9-second A", "the DNS list first.example returned an invalid answer for the client 192.0.2.9", ""},
		{"10", perm, "10-first A, 10-second A", "the DNS list first.example returned an invalid answer for the client 192.0.2.10", ""},
		{"13", pass, "13-first A, 13-second A", "", `{"zone":"second.example","codes":["127.0.0.2"],"reason":""}`},
		{"30", temp, "30-first A, 30-second A", "the lookup in the DNS list first.example failed", ""},
		{"31", temp, "31-first A, 31-second A", "the lookup in the DNS list first.example failed", ""},
		{"32", temp, "32-first A, 32-second A", "the lookup in the DNS list first.example failed", ""},
		{"33", pass, "33-first A, 33-second A", "", `{"zone":"second.example","codes":["127.0.0.2"],"reason":""}`},
		{"10.0.0.1", fail, "", "the client 10.0.0.1 is on none of the DNS lists first.example, second.example", ""},
		{"", fail, "", "the client address is unknown", ""},
	})
}

func TestListedNamesItsLists(t *testing.T) {
	fourth := dnsbl.List{Zone: "fourth.example", Name: "100% good"}
	for want, lists := range map[string][]dnsbl.List{
		"the client 192.0.2.2 is on no DNS list: none is configured":                                               nil,
		"the client 192.0.2.2 is not on the DNS list 100% good":                                                    {fourth},
		"the client 192.0.2.2 is on none of the DNS lists first.example, second.example, third.example":            {first, second, third},
		"the client 192.0.2.2 is on none of the DNS lists first.example, second.example, third.example and 1 more": {first, second, third, fourth},
	} {
		got := dnsbl.Listed(lists...)(t.Context(), world(), &envelope.Envelope{ClientIP: address("2")})
		if got.Outcome != fail || got.Text != want {
			t.Errorf("got %v %q, want %q", got.Outcome, got.Text, want)
		}
	}
}

func TestListsAreNotAskedAboutLocalAddresses(t *testing.T) {
	dns := world()
	for _, client := range []string{
		"127.0.0.1", "127.0.0.2", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1", "169.254.1.1",
		"100.64.0.1", "100.127.255.255", "0.0.0.0", "::", "::1", "fe80::1", "fd00::1", "::ffff:10.1.2.3",
	} {
		for want, check := range map[string]envelope.Check{
			"pass": dnsbl.NotListed(first, second),
			"fail": dnsbl.Listed(first, second),
			"none": dnsbl.PTRNotListed(first),
		} {
			dns.Forget()
			got := check(t.Context(), dns, &envelope.Envelope{ClientIP: address(client)})
			if got.Outcome.String() != want || len(dns.Asked()) > 0 {
				t.Errorf("%s of %s: %v, asked %v", got.Check, client, got.Outcome, dns.Asked())
			}
		}
	}
	for _, client := range []string{"172.32.0.1", "100.128.0.1", "11.0.0.1", "2001:db8::2"} {
		dns.Forget()
		dnsbl.NotListed(first)(t.Context(), dns, &envelope.Envelope{ClientIP: address(client)})
		if len(dns.Asked()) != 1 {
			t.Errorf("%s: asked %v", client, dns.Asked())
		}
	}
}

func TestReasons(t *testing.T) {
	dns := world().
		Answering("19.2.0.192.first.example. A", "127.0.0.2").
		Answering("19.2.0.192.first.example. TXT", `"`+strings.Repeat("long ", 50)+`" "`+strings.Repeat("x", 200)+`"`).
		Answering("20.2.0.192.first.example. A", "127.0.0.2").
		Answering("20.2.0.192.first.example. TXT", `"Dynamische Adresse f\195\188r Kunden"`)
	for client, want := range map[string]string{
		"14": "an alias",
		"15": "", // a line break
		"16": "good reason",
		"17": "a / b",
		"18": "",
		"19": strings.Repeat("long ", 50) + "xxx...",
		"20": "Dynamische Adresse für Kunden",
	} {
		got := dnsbl.NotListed(first)(t.Context(), dns, &envelope.Envelope{ClientIP: address(client)})
		result, ok := got.Detail.(*dnsbl.Result)
		if !ok || len(result.Listed) != 1 || result.Listed[0].Reason != want {
			t.Errorf("%s: %+v, want the reason %q", client, got.Detail, want)
		}
		if says := strings.Contains(got.Text, "which says"); says != (want != "") || !strings.Contains(got.Text, want) {
			t.Errorf("%s: the text %q", client, got.Text)
		}
	}
}
