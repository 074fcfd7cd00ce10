package dmarc_test

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mxrules.example/dmarc"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
	"mxrules.example/verdict/headers"
)

// TestResultHasTheRowOfAReport shows where a result has the elements of RFC 9990,
// section 3.1.
func TestResultHasTheRowOfAReport(t *testing.T) {
	dns := zone.MustParse(`
		_dmarc.example.org. TXT "v=DMARC1; p=none; sp=reject; np=quarantine; adkim=s; fo=1; t=y; rua=mailto:dmarc@example.org; ruf=mailto:forensics@example.org"
		news.example.org. A 192.0.2.1`)
	result := dmarc.Judge(t.Context(), dns, dmarc.Input{
		From: []string{"News.example.org"},
		SPF:  dmarc.SPF{Domain: "bounce.example.net", Result: "pass"},
		DKIM: []dmarc.DKIM{{Domain: "example.org", Selector: "s1", Result: "pass"}, {Domain: "news.example.org", Selector: "s2", Result: "fail"}},
	})
	record := result.Record
	got := map[string]any{
		"policy_published/domain":           result.PolicyDomain,
		"policy_published/discovery_method": result.Discovery,
		"policy_published/p":                record.Policy,
		"policy_published/sp":               record.SubdomainPolicy,
		"policy_published/np":               record.NonexistentPolicy,
		"policy_published/adkim":            record.DKIMAlignment,
		"policy_published/aspf":             record.SPFAlignment,
		"policy_published/fo":               record.FailureOptions,
		"policy_published/testing":          record.Testing,
		"policy_evaluated/disposition":      result.Disposition,
		"policy_evaluated/dkim":             result.DKIMAligned,
		"policy_evaluated/spf":              result.SPFAligned,
		"policy_evaluated/reason":           result.Overrides,
		"identifiers/header_from":           result.Domain,
		"auth_results/spf":                  fmt.Sprint(result.SPF.Domain, " ", result.SPF.Word),
		"auth_results/dkim":                 spoke(result.DKIM),
		"rua":                               record.AggregateReports,
	}
	want := map[string]any{
		"policy_published/domain":           envelope.Host("example.org"),
		"policy_published/discovery_method": "treewalk",
		"policy_published/p":                "none",
		"policy_published/sp":               "reject",
		"policy_published/np":               "quarantine",
		"policy_published/adkim":            "s",
		"policy_published/aspf":             "r",
		"policy_published/fo":               "1",
		"policy_published/testing":          true,
		"policy_evaluated/disposition":      "quarantine",
		"policy_evaluated/dkim":             false,
		"policy_evaluated/spf":              false,
		"policy_evaluated/reason":           []dmarc.Override{{Type: "policy_test_mode", Comment: "t=y at example.org"}},
		"identifiers/header_from":           envelope.Host("news.example.org"),
		"auth_results/spf":                  "bounce.example.net pass",
		"auth_results/dkim":                 "example.org s1 pass, news.example.org s2 fail",
		"rua":                               []string{"mailto:dmarc@example.org"},
	}
	for name, value := range want {
		if !reflect.DeepEqual(got[name], value) {
			t.Errorf("%s is %v, want %v", name, got[name], value)
		}
	}
	old := checker(t, dmarc.Options{RFC7489: true}).Judge(t.Context(), dns, dmarc.Input{From: []string{"example.org"}})
	if old.Discovery != "psl" {
		t.Errorf("by RFC 7489 it is found by %s", old.Discovery)
	}
}

// spoke returns the results of signatures in words.
func spoke(result *dkim.Result) string {
	var all []string
	for _, s := range result.Signatures {
		all = append(all, fmt.Sprint(s.Domain, " ", s.Selector, " ", s.Word))
	}
	return strings.Join(all, ", ")
}

// TestHeaderHasSPFAndDKIMOnce tests that the header has the results of SPF and DKIM if
// only a rule of DMARC evaluated them, and has them once if other rules did too.
func TestHeaderHasSPFAndDKIMOnce(t *testing.T) {
	stamp, err := headers.For("mx.example.org")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		e    *envelope.Envelope
		want string
	}{
		{"pass", signed(t, from(good, "someone@bank.example", "someone@bank.example"), "bank.example"), `
			spf=pass smtp.mailfrom=bank.example;
			dkim=pass header.d=bank.example header.i=@bank.example header.s=s header.a=ed25519-sha256 header.b=...;
			dmarc=pass header.from=bank.example policy.dmarc=reject`},
		{"fail", from(bad, "someone@evil.example", "someone@shop.example"), `
			spf=pass smtp.mailfrom=evil.example;
			dkim=none;
			dmarc=fail header.from=shop.example policy.dmarc=quarantine`},
		{"test", from(bad, "someone@evil.example", "someone@trial.example"), `
			spf=pass smtp.mailfrom=evil.example;
			dkim=none;
			dmarc=fail reason="policy_test_mode: t:y at trial.example" header.from=trial.example policy.dmarc=quarantine`},
		{"no policy", from(bad, "someone@evil.example", "someone@quiet.example"), `
			spf=pass smtp.mailfrom=evil.example;
			dkim=none;
			dmarc=none reason="no DMARC record is published for the author domain" header.from=quiet.example`},
		{"no author", from(bad, "someone@evil.example", "a@b.example\r\nFrom: c@d.example"), `
			dmarc=permerror reason="the message has more than one From field"`},
		{"DNS failed", from(bad, "someone@evil.example", "someone@broken.example"), `
			spf=pass smtp.mailfrom=evil.example;
			dkim=none;
			dmarc=temperror reason="temporary lookup failure" header.from=broken.example`},
	} {
		policy := verdict.Policy{Rules: verdict.Rules{
			verdict.MarkUnless(dmarc.NotReject, "a"), verdict.MarkUnless(dmarc.Pass, "b"), verdict.MarkUnless(dmarc.NotQuarantine, "c"),
		}}
		field := stamp.AuthenticationResults(tc.e, policy.Judge(t.Context(), mail(), tc.e))
		got := signatureData.ReplaceAllString(strings.Join(strings.Fields(field), " "), "header.b=...")
		if want := "Authentication-Results: mx.example.org; " + strings.Join(strings.Fields(tc.want), " "); got != want {
			t.Errorf("%s:\n got %s\nwant %s", tc.name, got, want)
		}
	}
}

// signatureData matches the property of a signature that differs in every run.
var signatureData = regexp.MustCompile(`header\.b=[^ ;]*`)

// TestAlignedForWritesNoSecondResult tests that the header has at most one result of
// DMARC for a domain without a policy, whatever the site requires.
func TestAlignedForWritesNoSecondResult(t *testing.T) {
	held := verdict.MarkUnless(dmarc.AlignedFor("quiet.example", "bank.example"), "a")
	asked := verdict.MarkUnless(dmarc.NotReject, "b")
	for _, tc := range []struct {
		name, author string
		rules        verdict.Rules
		want         string
	}{
		{"no policy", "a@quiet.example", verdict.Rules{held}, "spf=pass dkim=none"},
		{"no policy, and DMARC was asked", "a@quiet.example", verdict.Rules{held, asked}, "spf=pass dkim=none dmarc=none"},
		{"not listed", "a@shop.example", verdict.Rules{held}, ""},
		{"a policy", "a@bank.example", verdict.Rules{held, asked}, "spf=pass dkim=none dmarc=fail"},
	} {
		e := from(bad, "someone@evil.example", tc.author)
		var got []string
		for _, step := range (verdict.Policy{Rules: tc.rules}).Judge(t.Context(), mail(), e).Trace {
			detail, ok := step.Finding.Detail.(interface {
				AuthenticationResults() []envelope.AuthenticationResult
			})
			if !ok {
				continue
			}
			for _, entry := range detail.AuthenticationResults() {
				if word := entry.Method + "=" + entry.Result; !slices.Contains(got, word) {
					got = append(got, word)
				}
			}
		}
		if got := strings.Join(got, " "); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

// TestExplanations tests the lines of Result.Explain.
func TestExplanations(t *testing.T) {
	site := checker(t, dmarc.Options{Forwarders: []string{"forwarder.example"}})
	for _, tc := range []struct {
		name string
		e    *envelope.Envelope
		want string
	}{
		{"aligned", signed(t, from(good, "someone@bank.example", "someone@bank.example"), "bank.example"),
			"DMARC of bank.example: SPF is aligned | DMARC of bank.example: DKIM is aligned | DMARC record of bank.example: reject"},
		{"no policy", from(bad, "someone@evil.example", "someone@quiet.example"), "no DMARC record is published for the author domain"},
		{"t=y", from(bad, "someone@evil.example", "someone@trial.example"),
			"DMARC record of trial.example: quarantine | DMARC override policy_test_mode: t=y at trial.example"},
		{"forwarded", from(bad, "someone@forwarder.example", "someone@bank.example"),
			"DMARC record of bank.example: reject | DMARC override trusted_forwarder: SPF domain forwarder.example"},
		{"the existence of the domain is unknown", from(bad, "someone@evil.example", "someone@x.torn.example"), "DMARC of x.torn.example: temporary lookup failure"},
	} {
		dns := mail().
			Answering("_dmarc.torn.example. TXT", `"v=DMARC1; p=none; np=reject"`).
			Failing("x.torn.example.", zone.SERVFAIL)
		result := site.NotReject(t.Context(), dns, tc.e).Detail.(*dmarc.Result)
		if got := strings.Join(result.Explain(), " | "); got != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", tc.name, got, tc.want)
		}
	}
}
