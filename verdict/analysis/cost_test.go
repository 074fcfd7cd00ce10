package analysis_test

import (
	"fmt"
	"strings"
	"testing"

	"mxrules.example/dmarc"
	"mxrules.example/envelope"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/spf"
	"mxrules.example/verdict"
	"mxrules.example/verdict/analysis"
)

func TestCost(t *testing.T) {
	worse := dnsbl.NotListed(dnsbl.List{Zone: "worse.example"})
	own := table{}.check("corp.lookup", envelope.Rcpt)
	for _, tc := range []struct {
		name   string
		policy verdict.Policy
		want   string
	}{
		{"nothing", verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(helo.Syntax)}}, "whole: most 0 in 0 rounds, typical 0 in 0 rounds"},
		{"one question of two rules", verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(rdns.Exists), verdict.RejectUnless(rdns.Confirmed)}},
			"connect: most 11 in 2 rounds, typical 2 in 2 rounds; whole: most 11 in 2 rounds, typical 2 in 2 rounds"},
		{"conditions, operands and shadow rules", verdict.Policy{Rules: verdict.Rules{
			verdict.RejectUnless(helo.FQDN).Unless(rdns.Exists), verdict.RejectUnless(envelope.Any(helo.Matches, envelope.Not(helo.Syntax))), verdict.RejectUnless(helo.Resolves).Shadow()}},
			"connect: most 1 in 1 round, typical 1 in 1 round; helo: most 3 in 2 rounds, typical 1 in 1 round; whole: most 4 in 2 rounds, typical 2 in 1 round"},
		{"what an earlier stage has asked", verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(spf.NotFail), verdict.RejectUnless(dmarc.NotReject).Unless(spf.Pass)}},
			"mail: most 112 in 13 rounds, typical 3 in 2 rounds; data: most 142 in 4 rounds, typical 2 in 2 rounds; whole: most 254 in 16 rounds, typical 5 in 3 rounds"},
		{"one after another", verdict.Policy{Sequential: true, Rules: verdict.Rules{verdict.RejectUnless(rdns.Confirmed), verdict.RejectUnless(rdns.NotGeneric), verdict.RejectUnless(helo.Matches)}},
			"connect: most 11 in 2 rounds, typical 2 in 2 rounds; helo: most 1 in 1 round, typical 1 in 1 round; whole: most 12 in 3 rounds, typical 3 in 3 rounds"},
		{"two lists, of which one twice", verdict.Policy{Rules: verdict.Rules{verdict.MarkUnless(bad, "bad"), verdict.MarkUnless(worse, "worse"), verdict.TempFailUnless(bad)}},
			"connect: most 4 in 2 rounds, typical 2 in 1 round; whole: most 4 in 2 rounds, typical 2 in 1 round"},
		{"a check of the site", verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(own)}},
			"rcpt: most 9 in 3 rounds, typical 1 in 1 round; whole: most 9 in 3 rounds, typical 1 in 1 round"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			loads, err := analysis.Cost(tc.policy, analysis.Asks("corp.lookup", analysis.Load{Questions: 9, Rounds: 3}, analysis.Load{Questions: 1, Rounds: 1}))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, l := range loads {
				got = append(got, fmt.Sprintf("%v: most %v, typical %v", l.Stage, l.Most, l.Typical))
			}
			if text := strings.Join(got, "; "); text != tc.want {
				t.Errorf("got  %s\nwant %s", text, tc.want)
			}
		})
	}
}

func TestVetFindsUnboundedPolicies(t *testing.T) {
	rules := verdict.Rules{verdict.RejectUnless(isOurs), verdict.AcceptIf(isRole), verdict.MarkUnless(spf.NotFail, "spf")}
	for _, tc := range []struct {
		policy verdict.Policy
		want   string
	}{
		{verdict.Policy{Rules: rules, Timeout: 30e9}, ""},
		{verdict.Policy{Rules: rules}, "the policy has no Timeout: a judgement takes as long as DNS and stores do"},
		{verdict.Policy{Rules: rules, Timeout: 600e9}, "the Timeout of 10m0s is longer than clients wait"},
		{verdict.Policy{Rules: rules, Timeout: 30e9, MaxQuestions: 111}, "a message can need 112 questions to DNS, and the policy allows 111"},
		{verdict.Policy{Rules: rules, Timeout: 30e9, MaxQuestions: 112}, ""},
	} {
		found, err := analysis.Vet(tc.policy)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range found {
			got = append(got, m.String())
		}
		if text := strings.Join(got, "; "); text != tc.want {
			t.Errorf("got %q, want %q", text, tc.want)
		}
	}
}
