package main

import (
	"slices"
	"strings"
	"testing"
)

func TestQuestionsAboutAPolicy(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string // the beginning of the first line
	}{
		{[]string{"-vet"}, "no mistakes found\n"},
		{slices.Concat(lists, []string{"-vet", "-policy", "strict"}), "rule 31 (dnsbl.notlisted) rejects because of dnsbl.notlisted alone\n"},
		{[]string{"-cost", "-policy", "submission"}, "questions to DNS for a message, in rounds of waiting:\nrcpt     typically 1 in 1 round, at most "},
		{[]string{"-policy", "strict", "-implies", "standard"}, "standard accepts all that strict accepts\n"},
		{[]string{"-policy", "standard", "-implies", "strict"}, "standard accepts mail that strict does not: accept by no rule, but reject by "},
		{[]string{"-find", "accept client.in=fail client.authenticated=fail recipient.ours=fail"}, "there is no such case\n"},
		{[]string{"-policy", "submission", "-find", "reject rule=client.tls"}, "reject by rule 1 (client.tls), if client.tls fails\n"},
	} {
		t.Run(strings.Join(tc.args, " "), func(t *testing.T) {
			got := output(slices.Concat(site, tc.args), "not read")
			if !strings.HasPrefix(got, tc.want) || !strings.HasSuffix(got, "-- errors --\n-- exit status 0 --\n") {
				t.Errorf("got\n%s", got)
			}
		})
	}
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"-find", "take"}, `action "take" is not one of`},
		{[]string{"-find", "client.tls=bad"}, `outcome "bad" is not one of`},
		{[]string{"-find", "client.tsl=fail"}, `"client.tsl"`},
		{[]string{"-implies", "lax"}, `unknown policy "lax"`},
		{[]string{"-vet", "-helo", "a"}, "judge nothing"},
		{[]string{"-cost", "-checks", "all"}, "judge nothing"},
	} {
		t.Run(strings.Join(tc.args, " "), func(t *testing.T) {
			if got := output(slices.Concat(site, tc.args), ""); !strings.Contains(got, tc.want) || strings.Contains(got, "exit status 0") {
				t.Errorf("got\n%s", got)
			}
		})
	}
}
