package main

import (
	"net/netip"
	"testing"

	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/message"
	"mxrules.example/envelope/zone"
	"mxrules.example/spf"
	"mxrules.example/verdict"
)

// A rule refuses only what no message could save. Here SPF fails for the first client, and
// DNS for the second.
func TestRulesThatDependOnTheMessage(t *testing.T) {
	dns := zone.MustParse(`
		example.net.  TXT "v=spf1 -all"
		broken.example. A 192.0.2.9
	`).Failing("broken.example. TXT", zone.SERVFAIL)
	never := client.In([]netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")})
	always := client.In([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")})
	for _, tc := range []struct {
		name           string
		rule           verdict.Rule
		fails, unknown verdict.Action
	}{
		{"without the message", verdict.RejectUnless(spf.NotFail), verdict.Reject, verdict.TempFail},
		{"the message alone", verdict.RejectUnless(dkim.Pass), verdict.Accept, verdict.Accept},
		{"unless the message", verdict.RejectUnless(spf.NotFail).Unless(dkim.Pass), verdict.Accept, verdict.Accept},
		{"when the message", verdict.RejectUnless(spf.NotFail).When(message.Bulk), verdict.Accept, verdict.Accept},
		{"or the message", verdict.RejectUnless(envelope.Any(spf.Pass, dkim.Pass)), verdict.Accept, verdict.Accept},
		{"and the message", verdict.RejectUnless(envelope.All(spf.NotFail, dkim.Pass)), verdict.Reject, verdict.Accept},
		{"not the message", verdict.RejectIf(envelope.Not(dkim.Pass)), verdict.Accept, verdict.Accept},
		{"deep in a condition", verdict.RejectUnless(spf.NotFail).Unless(envelope.Any(never, envelope.Not(dkim.Pass))), verdict.Accept, verdict.Accept},
		{"the message does not matter", verdict.RejectIf(envelope.Any(always, dkim.Pass)), verdict.Reject, verdict.Reject},
		{"a tempfail", verdict.TempFailUnless(message.Dated), verdict.Accept, verdict.Accept},
		{"an acceptance", verdict.AcceptIf(dkim.Pass), verdict.Accept, verdict.Accept},
	} {
		for _, reports := range []bool{true, false} {
			policy := withoutMessage(verdict.Policy{Rules: verdict.Rules{tc.rule}}, reports)
			if err := policy.Validate(); err != nil {
				t.Fatal(err)
			}
			for from, want := range map[string]verdict.Action{"ann@example.net": tc.fails, "ann@broken.example": tc.unknown} {
				v := policy.Judge(t.Context(), dns, &envelope.Envelope{
					ClientIP: netip.MustParseAddr("192.0.2.9"), Helo: "mail.example.net", MailFrom: from, RcptTo: "bob@example.org",
				})
				if v.Action != want {
					t.Errorf("%s, from %s: %s", tc.name, from, v.Explain())
				}
			}
		}
	}
}

// A rule that never does anything is asked only for what its conditions report.
func TestLeavesOutInertRules(t *testing.T) {
	bySPF := verdict.RejectUnless(spf.NotFail)
	for _, tc := range []struct {
		name                 string
		rule                 verdict.Rule
		reporting, otherwise bool // whether the rule stays
	}{
		{"not about the message", bySPF.Unless(spf.Pass), true, true},
		{"about the message", verdict.RejectUnless(dkim.Pass), false, false},
		{"about two things in the message", verdict.RejectUnless(envelope.All(dkim.Pass, envelope.Not(message.Bulk))), false, false},
		{"also about something else", verdict.RejectUnless(envelope.All(dkim.Pass, spf.Pass)), true, true},
		{"with a condition that reports", verdict.RejectUnless(dkim.Pass).Unless(spf.Pass), true, false},
		{"with a condition about the message", bySPF.Unless(dkim.Pass), true, false},
		{"with a condition also about the message", bySPF.Unless(envelope.Any(dkim.Pass, spf.Pass)), true, true},
		{"without a check", verdict.RejectIf(nil), true, true},
	} {
		for reports, want := range map[bool]bool{true: tc.reporting, false: tc.otherwise} {
			policy := withoutMessage(verdict.Policy{Rules: verdict.Rules{tc.rule}}, reports)
			if stays := len(policy.Rules) > 0; stays != want {
				t.Errorf("%s, reports %t: stays: %t", tc.name, reports, stays)
			}
		}
	}
}
