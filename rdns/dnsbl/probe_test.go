package dnsbl_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/rdns/dnsbl"
)

// The nibbles of ::ffff:7f00:2 and ::ffff:7f00:1.
const (
	entry6  = "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
	absent6 = "1.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
)

func TestProbe(t *testing.T) {
	dns := func() *zone.Zone {
		return zone.MustParse(`
			2.0.0.127.four.example.   A 127.0.0.2
			                          A 127.0.0.10
			2.0.0.127.both.example.   A 127.0.0.2
			`+entry6+`both.example. A 127.0.0.2
			test.names.example.       A 127.0.0.2
			; a list of names that answers for each address that it has none
			test.polite.example.      A 127.0.0.2
			*.127.polite.example.     A 127.0.1.255
			2.0.0.127.other.example.  A 127.0.1.2
			*.world.example.          A 127.0.0.2
			*.parked.example.         A 203.0.113.9
			*.closed.example.         A 127.255.255.254
			*.shy.example.            A 127.0.0.1
			2.0.0.127.half.example.   A 127.0.0.2
			2.0.0.127.one.example.    A 127.0.0.2
			1.0.0.127.one.example.    A 127.0.0.2
		`).
			Failing("*.broken.example.", zone.SERVFAIL).
			Failing("*.silent.example.", zone.Timeout).
			Failing("*.unwilling.example.", zone.REFUSED).
			Failing("1.0.0.127.half.example.", zone.SERVFAIL)
	}
	for zoneName, want := range map[string]string{
		"four.example":      "four.example: serving (IPv4 serving, IPv6 absent, names absent) [127.0.0.2 127.0.0.10]",
		"both.example":      "both.example: serving (IPv4 serving, IPv6 serving, names absent) [127.0.0.2]",
		"names.example":     "names.example: serving (IPv4 absent, IPv6 absent, names serving) [127.0.0.2]",
		"polite.example":    "polite.example: serving (IPv4 absent, IPv6 absent, names serving) [127.0.0.2 127.0.1.255]",
		"other.example":     "other.example: other codes (IPv4 other codes, IPv6 absent, names absent) [127.0.1.2]",
		"dead.example":      "dead.example: absent (IPv4 absent, IPv6 absent, names absent)",
		"world.example":     "world.example: lists all (IPv4 lists all, IPv6 lists all, names lists all) [127.0.0.2]",
		"parked.example":    "parked.example: no list (IPv4 no list, IPv6 no list, names no list) [203.0.113.9]",
		"closed.example":    "closed.example: refusing (IPv4 refusing, IPv6 refusing, names refusing) [127.255.255.254]",
		"shy.example":       "shy.example: other codes (IPv4 other codes, IPv6 other codes, names other codes) [127.0.0.1]",
		"one.example":       "one.example: lists all (IPv4 lists all, IPv6 absent, names absent) [127.0.0.2]",
		"broken.example":    "broken.example: unanswered (IPv4 unanswered, IPv6 unanswered, names unanswered)",
		"silent.example":    "silent.example: unanswered (IPv4 unanswered, IPv6 unanswered, names unanswered)",
		"unwilling.example": "unwilling.example: unanswered (IPv4 unanswered, IPv6 unanswered, names unanswered)",
		"half.example":      "half.example: unanswered (IPv4 unanswered, IPv6 absent, names absent) [127.0.0.2]",
	} {
		dns := dns()
		reports, err := dnsbl.Probe(t.Context(), dns, dnsbl.List{Zone: zoneName})
		if err != nil || len(reports) != 1 {
			t.Fatalf("%s: %v, %v", zoneName, reports, err)
		}
		report := reports[0]
		if report.String() != want {
			t.Errorf("got  %s\nwant %s", report, want)
		}
		if failed := strings.Contains(want, "unanswered"); failed != (report.Err != nil) {
			t.Errorf("%s: the error %v", zoneName, report.Err)
		}
		asked := strings.ReplaceAll(dns.Asked().String(), zoneName, "L")
		if wanted := "2.0.0.127.L. A, 1.0.0.127.L. A, " + entry6 + "L. A, " + absent6 + "L. A, test.L. A, invalid.L. A"; asked != wanted {
			t.Errorf("asked %s, want %s", asked, wanted)
		}
	}
}

func TestReportForAddressesAndForNames(t *testing.T) {
	for _, tc := range []struct {
		four, six, names       string
		forAddresses, forNames string
	}{
		{"serving", "absent", "absent", "serving", "absent"},
		{"absent", "serving", "absent", "serving", "absent"},
		{"absent", "absent", "serving", "absent", "serving"},
		{"serving", "unanswered", "unanswered", "serving", "unanswered"},
		{"absent", "unanswered", "serving", "unanswered", "serving"},
		{"unanswered", "other codes", "absent", "other codes", "absent"},
		{"serving", "serving", "lists all", "lists all", "lists all"},
		{"no list", "absent", "serving", "no list", "no list"},
		{"refusing", "lists all", "serving", "refusing", "refusing"},
		{"", "", "", "", ""}, // of a Report that is not from Probe
	} {
		report := dnsbl.Report{IPv4: tc.four, IPv6: tc.six, Names: tc.names}
		if report.ForAddresses() != tc.forAddresses || report.ForNames() != tc.forNames {
			t.Errorf("%s: got %q for addresses, %q for names", report, report.ForAddresses(), report.ForNames())
		}
	}
}

func TestProbeReportsInOrder(t *testing.T) {
	reports, err := dnsbl.Probe(t.Context(), zone.MustParse(""), first, dnsbl.List{Zone: "k3y.example", Name: "Lists"}, second)
	if err != nil || len(reports) != 3 || reports[0].Zone != "first.example" || reports[1].Zone != "Lists" || reports[2].Zone != "second.example" {
		t.Errorf("got %v, %v", reports, err)
	}
}

func TestProbeNamesTheInvalidValue(t *testing.T) {
	dns := zone.MustParse("")
	_, err := dnsbl.Probe(t.Context(), dns, first, dnsbl.List{Zone: "a..b"})
	var syntax *envelope.SyntaxError
	if !errors.As(err, &syntax) || syntax.Value != "a..b" || len(dns.Asked()) > 0 {
		t.Errorf("got %v, asked %v", err, dns.Asked())
	}
}

func TestProbeEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, r := range []envelope.Resolver{nil, world()} {
		reports, err := dnsbl.Probe(ctx, r, first)
		if err != nil || reports[0].ForAddresses() != "unanswered" || reports[0].Err == nil {
			t.Errorf("got %v, %v", reports, err)
		}
	}
}
