package dmarc_test

import (
	"fmt"
	"strings"
	"testing"

	"mxrules.example/dmarc"
	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

// TestFailedPolicyLookupDoesNotDeferAuthenticatedMail has mail that SPF or DKIM
// authenticates as exactly its author domain, and a failed lookup of one of the names
// that may have the policy. No answer could make such mail fail.
func TestFailedPolicyLookupDoesNotDeferAuthenticatedMail(t *testing.T) {
	checks := policyChecks(new(dmarc.Checker), "example.net", ".example.net")
	bySPF := from(good, "ann@sub.example.net", "ann@sub.example.net")
	byDKIM := signed(t, from(bad, "list@evil.example", "ann@sub.example.net"), "sub.example.net")
	for _, broken := range []string{"_dmarc.sub.example.net.", "_dmarc.example.net.", "_dmarc.net."} {
		for _, fault := range []string{zone.SERVFAIL, zone.REFUSED, zone.Timeout} {
			for published, want := range map[string]string{
				"": "temperror pass pass temperror pass",
				`_dmarc.example.net. TXT "v=DMARC1; p=reject"`:     "temperror pass pass temperror pass",
				`_dmarc.sub.example.net. TXT "v=DMARC1; p=reject"`: "pass pass pass pass pass",
			} {
				if strings.HasPrefix(published, broken) {
					continue
				}
				for by, e := range map[string]*envelope.Envelope{"SPF": bySPF, "DKIM": byDKIM} {
					dns := zone.MustParse(published+"\n"+
						`sub.example.net. TXT "v=spf1 ip4:192.0.2.1 -all"`+"\n"+
						"s._domainkey.sub.example.net. TXT "+publicKey()).Failing(broken+" TXT", fault)
					if got := outcomes(t, dns, e, checks...); got != want {
						t.Errorf("%s, %v of %s, %s: %s, want %s", by, fault, broken, published, got, want)
					}
				}
			}
		}
	}
}

// TestTempErrorOnlyIfAnAnswerMatters has one policy and one failed lookup in each case.
// A finding is TempError only if another answer could change it.
func TestTempErrorOnlyIfAnAnswerMatters(t *testing.T) {
	checks := policyChecks(new(dmarc.Checker), "example.net", ".example.net", "b.example")
	const org = `_dmarc.example.net. TXT "v=DMARC1; p=reject"` + "\n"
	for _, tc := range []struct {
		name, dns, broken, sender, author string
		want                              string // in the order of policyChecks
	}{
		{"nothing is authenticated, so nothing can pass", "", "_dmarc.example.net. TXT", "a@evil.example", "a@example.net", "fail temperror temperror temperror fail"},
		{"the authenticated domain is unrelated to the author", "", "_dmarc.example.net. TXT", "a@good.example", "a@example.net", "fail temperror temperror temperror fail"},
		{"a name below, and the record could be strict", "", "_dmarc.example.net. TXT", "a@m.example.net", "a@example.net", "temperror temperror temperror temperror temperror"},
		{"a name below, and psd of the registry makes no difference", org, "_dmarc.net. TXT", "a@m.example.net", "a@example.net", "pass pass pass pass pass"},
		{"a name below that could be an organization of its own", org, "_dmarc.m.example.net. TXT", "a@m.example.net", "a@example.net", "temperror temperror pass pass temperror"},
		{"a sibling that could be of the same organization", org, "_dmarc.net. TXT", "a@other.net", "a@example.net", "temperror temperror pass pass temperror"},
		{"a record of its own that could be relaxed", `_dmarc.example.net. TXT "v=DMARC1; p=reject; aspf=s"`, "_dmarc.x.example.net. TXT", "a@m.example.net", "a@x.example.net", "temperror temperror temperror temperror temperror"},
		{"a name that is not on the walk", org, "_dmarc.other.net. TXT", "a@other.net", "a@example.net", "fail fail pass pass fail"},
		{"a name above the record of the author", org + `_dmarc.sub.example.net. TXT "v=DMARC1; p=quarantine"`, "_dmarc.net. TXT", "a@evil.example", "a@sub.example.net", "fail pass fail pass fail"},
		{"a record without a policy below it", `_dmarc.example.net. TXT "v=DMARC1; p=x"`, "_dmarc.net. TXT", "a@evil.example", "a@example.net", "fail pass pass fail fail"},
		{"whether a name exists, with the same policy either way", `_dmarc.example.net. TXT "v=DMARC1; p=none; sp=reject; np=reject"`, "x.example.net. *", "a@evil.example", "a@x.example.net", "fail fail pass pass fail"},
		{"whether a name exists", `_dmarc.example.net. TXT "v=DMARC1; p=none; sp=quarantine; np=reject"`, "x.example.net. *", "a@evil.example", "a@x.example.net", "fail temperror temperror pass fail"},
		{"SPF of the author domain", org, "example.net. TXT", "a@example.net", "a@example.net", "temperror temperror pass pass temperror"},
		{"SPF of another domain", org, "good.example. TXT", "a@good.example", "a@example.net", "fail fail pass pass fail"},
		{"SPF, with p=none", `_dmarc.example.net. TXT "v=DMARC1; p=none"`, "example.net. TXT", "a@example.net", "a@example.net", "temperror pass pass pass temperror"},
		{"SPF, without a policy", "", "example.net. TXT", "a@example.net", "a@example.net", "fail pass pass fail temperror"},
		{"two authors, and one is certain to be rejected", org, "_dmarc.b.example. TXT", "a@evil.example", "b@b.example, a@example.net", "fail fail pass temperror fail"},
		{"two authors, and one has no policy", org, "_dmarc.example.net. TXT", "a@good.example", "b@b.example, a@example.net", "fail temperror temperror fail fail"},
		{"two authors, one of them authenticated", org, "_dmarc.b.example. TXT", "a@example.net", "b@b.example, a@example.net", "fail temperror temperror temperror fail"},
	} {
		text := tc.dns + "\n" + `evil.example. TXT "v=spf1 -all"` + "\n"
		for _, name := range []string{"m.example.net", "other.net", "example.net", "good.example"} {
			text += name + `. TXT "v=spf1 ip4:192.0.2.1 -all"` + "\n"
		}
		dns := zone.MustParse(text).Failing(tc.broken, zone.SERVFAIL)
		if got := outcomes(t, dns, from(good, tc.sender, tc.author), checks...); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

// TestNoQuestionsAfterAFailedLookup tests that no question is asked after a failed
// lookup if the finding does not need one.
func TestNoQuestionsAfterAFailedLookup(t *testing.T) {
	for name, tc := range map[string]struct {
		check  envelope.Check
		sender string
		want   envelope.Outcome
		asks   int
	}{
		"authenticated":                    {dmarc.NotReject, "a@x.y.example.net", envelope.Pass, 1},
		"authenticated, held to alignment": {dmarc.AlignedFor("x.y.example.net"), "a@x.y.example.net", envelope.Pass, 1},
		"nothing authenticated":            {dmarc.Pass, "a@evil.example", envelope.Fail, 1},
		"and held to alignment":            {dmarc.AlignedFor("x.y.example.net"), "a@evil.example", envelope.Fail, 1},
		"unknown":                          {dmarc.NotReject, "a@evil.example", envelope.TempError, 1},
		"a policy is missing":              {dmarc.Published, "a@evil.example", envelope.TempError, 1},
	} {
		dns := zone.MustParse(`x.y.example.net. TXT "v=spf1 ip4:192.0.2.1 -all"`).Failing("_dmarc.x.y.example.net. TXT", zone.Timeout)
		f := tc.check(envelope.WithJudgement(t.Context()), dns, from(good, tc.sender, "a@x.y.example.net"))
		if asked := records(dns); f.Outcome != tc.want || asked != tc.asks {
			t.Errorf("%s: %v with %d questions, want %v with %d", name, f.Outcome, asked, tc.want, tc.asks)
		}
		if result := f.Detail.(*dmarc.Result); result.OrgDomain != "" || result.PolicyDomain != "" || strings.HasPrefix(result.Reason, "no ") {
			t.Errorf("%s: unknown, but the result has %q, %q, %q", name, result.OrgDomain, result.PolicyDomain, result.Reason)
		}
	}
}

// records returns the number of questions for DMARC records.
func records(dns *zone.Zone) (asked int) {
	for _, q := range dns.Asked() {
		if strings.HasPrefix(q, "_dmarc.") {
			asked++
		}
	}
	return asked
}

// TestQuestionsAreBoundedIfAllLookupsFail has a message that needs as many questions as
// possible.
func TestQuestionsAreBoundedIfAllLookupsFail(t *testing.T) {
	author := "a.b.c.d.e.f.example.net"
	in := dmarc.Input{From: []string{author, "x." + author, "y." + author, "z." + author}}
	for i := range 100 {
		in.DKIM = append(in.DKIM, dmarc.DKIM{Domain: fmt.Sprintf("%c.%c.%s", 'a'+i%26, 'a'+i/26, author), Result: []string{"pass", "temperror"}[i%2]})
	}
	dns := zone.MustParse("").Failing("*.", zone.SERVFAIL)
	if result := dmarc.Judge(t.Context(), dns, in); result.Outcome != envelope.TempError {
		t.Errorf("%s", words(result))
	}
	in.SPF = dmarc.SPF{Domain: author, Result: "pass"}
	in.From = in.From[:1]
	dns = zone.MustParse("_dmarc."+author+`. TXT "v=DMARC1; p=reject"`).Failing("*.", zone.SERVFAIL).
		Answering("_dmarc."+author+". TXT", zone.AsWritten)
	if result := dmarc.Judge(t.Context(), dns, in); result.Outcome != envelope.Pass || !result.SPFAligned || result.DKIMAligned {
		t.Errorf("authenticated: %s", words(result))
	}
	if n := len(dns.Asked()); n > 8+11*8 {
		t.Errorf("%d questions", n)
	}
}

// TestKnownForwarderIfThePolicyLookupFails has mail of a known forwarder, which is
// unrelated to the author domain.
func TestKnownForwarderIfThePolicyLookupFails(t *testing.T) {
	site := checker(t, dmarc.Options{Forwarders: []string{"forwarder.net"}})
	e := from(good, "someone@forwarder.net", "a@mail.bank.example")
	for _, tc := range []struct {
		name  string
		check envelope.Check
		spf   string
		want  envelope.Outcome
		asks  int
	}{
		{"authenticated", site.NotReject, "v=spf1 ip4:192.0.2.1 -all", envelope.Pass, 1},
		{"authenticated, held to alignment", site.AlignedFor(".bank.example"), "v=spf1 ip4:192.0.2.1 -all", envelope.Pass, 3},
		{"SPF unknown", site.NotReject, "", envelope.TempError, 1},
		{"SPF unknown, held to alignment", site.AlignedFor(".bank.example"), "", envelope.TempError, 1},
		{"SPF unknown, not a known forwarder", dmarc.AlignedFor(".bank.example"), "", envelope.Fail, 1},
		{"not authenticated", site.NotReject, "v=spf1 -all", envelope.TempError, 1},
		{"not authenticated, held to alignment", site.AlignedFor(".bank.example"), "v=spf1 -all", envelope.Fail, 1},
	} {
		dns := zone.MustParse("forwarder.net. TXT \""+tc.spf+"\"").Failing("_dmarc.mail.bank.example. TXT", zone.SERVFAIL)
		if tc.spf == "" {
			dns.Failing("forwarder.net. TXT", zone.SERVFAIL)
		}
		f := tc.check(envelope.WithJudgement(t.Context()), dns, e)
		if f.Outcome != tc.want || records(dns) != tc.asks {
			t.Errorf("%s: %v %s, after %s", tc.name, f.Outcome, f.Text, dns.Asked())
		}
	}
}
