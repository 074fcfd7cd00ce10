package dnsbl_test

import (
	"errors"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/rdns/dnsbl"
)

// The zone may contain the key of a subscriber.
func TestNameHidesTheZone(t *testing.T) {
	secret := dnsbl.List{Zone: "s3cret.lists.example", Name: "Lists"}
	dns := zone.MustParse(`
		1.2.0.192.s3cret.lists.example. A 127.0.0.2
		9.2.0.192.s3cret.lists.example. A 127.255.255.254
	`).Failing("30.2.0.192.s3cret.lists.example.", zone.SERVFAIL)
	for client, want := range map[string]envelope.Outcome{"1": fail, "9": perm, "30": temp} {
		got := dnsbl.NotListed(secret)(t.Context(), dns, &envelope.Envelope{ClientIP: address(client)})
		if got.Outcome != want || !strings.Contains(got.Text, "DNS list Lists") {
			t.Errorf("%s: %v %q", client, got.Outcome, got.Text)
		}
		if public := got.Text + encode(t, got.Detail); strings.Contains(public, "s3cret") {
			t.Errorf("%s: %s", client, public)
		}
	}
	got := dnsbl.Listed(secret)(t.Context(), dns, &envelope.Envelope{ClientIP: address("2")})
	if got.Outcome != fail || strings.Contains(got.Text, "s3cret") {
		t.Errorf("%v %q", got.Outcome, got.Text)
	}
}

func TestErrHasAllFaultsWhateverTheOutcome(t *testing.T) {
	for client, want := range map[string][]string{
		"9":  {"the DNS list first.example refuses to answer this server: it returned 127.255.255.254"},
		"10": {"the zone first.example is not a DNS list: it returned 203.0.113.9, which is outside 127.0.0.0/8"},
		"13": {"the DNS list first.example refuses to answer this server: it returned 127.255.255.255"},
		"33": {"SERVFAIL"},
		"35": {"127.255.255.254", "timeout"},
		"36": {"timeout", "127.255.255.254"},
	} {
		for _, check := range []envelope.Check{dnsbl.NotListed(first, second), dnsbl.Listed(first, second)} {
			got := check(t.Context(), world(), &envelope.Envelope{ClientIP: address(client)})
			for _, part := range want {
				if got.Err == nil || !strings.Contains(got.Err.Error(), part) {
					t.Errorf("%s of %s: %v", got.Check, client, got.Err)
				}
			}
		}
	}
	got := dnsbl.Listed(first)(t.Context(), world(), &envelope.Envelope{ClientIP: address("2")})
	if got.Err != nil {
		t.Errorf("an error without a fault: %v", got.Err)
	}
}

func TestWithoutLists(t *testing.T) {
	for want, check := range map[string]envelope.Check{
		"dnsbl.notlisted pass":     dnsbl.NotListed(),
		"dnsbl.scorebelow pass":    dnsbl.ScoreBelow(1),
		"dnsbl.listed fail":        dnsbl.Listed(),
		"dnsbl.helonotlisted pass": dnsbl.HeloNotListed(),
	} {
		dns := world()
		got := check(t.Context(), dns, &envelope.Envelope{ClientIP: address("1"), Helo: "bad.example"})
		if got.Check+" "+got.Outcome.String() != want || len(dns.Asked()) > 0 {
			t.Errorf("got %s %v, want %s; asked %v", got.Check, got.Outcome, want, dns.Asked())
		}
	}
}

func TestInvalidArgumentsAreTempErrors(t *testing.T) {
	wrong := dnsbl.List{Zone: "first.example", Codes: []string{"192.0.2.1"}}
	for value, check := range map[string]envelope.Check{
		"192.0.2.1":  dnsbl.NotListed(second, wrong),
		"not a zone": dnsbl.Listed(dnsbl.List{Zone: "not a zone"}),
		"":           dnsbl.NotListed(dnsbl.List{}),
		"0":          dnsbl.ScoreBelow(0, first),
		"-1":         dnsbl.ScoreBelow(-1, first),
		"1001":       dnsbl.ScoreBelow(1, dnsbl.List{Zone: "first.example", Weight: 1001}),
		"-1001":      dnsbl.ScoreBelow(1, dnsbl.List{Zone: "first.example", Weight: -1001}),
		"127.0.0.":   dnsbl.HeloNotListed(dnsbl.List{Zone: "first.example", Codes: []string{"127.0.0."}}),
		"a..b":       dnsbl.ASN("origin.example", "a..b", 64500),
		"b..a":       dnsbl.ASN("b..a", "", 64500),
	} {
		dns := world()
		got := check(t.Context(), dns, &envelope.Envelope{ClientIP: address("1"), Helo: "bad.example"})
		var syntax *envelope.SyntaxError
		if got.Outcome != temp || got.Status != misplaced || !errors.As(got.Err, &syntax) || syntax.Value != value {
			t.Errorf("got %v %v, %v for the value %q", got.Outcome, got.Status, got.Err, value)
		}
		if strings.Contains(got.Text, "example") || len(dns.Asked()) > 0 {
			t.Errorf("text %q, asked %v", got.Text, dns.Asked())
		}
	}
	got := dnsbl.ASN("", "", 64500)(t.Context(), world(), &envelope.Envelope{ClientIP: address("1")})
	if got.Outcome != temp || got.Status != misplaced {
		t.Errorf("got %v %v", got.Outcome, got.Status)
	}
}

func TestChecksCopyTheirArguments(t *testing.T) {
	lists := []dnsbl.List{{Zone: "first.example", Codes: []string{"127.0.0.2"}}}
	numbers := []uint32{64500}
	check := dnsbl.NotListed(lists...)
	origin := dnsbl.ASN(origin4, origin6, numbers...)
	lists[0].Codes[0], lists[0].Zone, numbers[0] = "127.0.0.99", "elsewhere.example", 64999
	if got := check(t.Context(), world(), &envelope.Envelope{ClientIP: address("1")}); got.Outcome != fail {
		t.Errorf("NotListed: %v", got.Outcome)
	}
	if got := origin(t.Context(), routes(), &envelope.Envelope{ClientIP: address("1")}); got.Outcome != pass {
		t.Errorf("ASN: %v", got.Outcome)
	}
}
