package policies_test

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
	"mxrules.example/greylist/quota"
	"mxrules.example/greylist/reputation"
	"mxrules.example/verdict"
	"mxrules.example/verdict/scenario"
)

// conversations are the files that show what each check, each policy and the law of
// package verdict do on the wire. The policy "rules" of these files has the rules that
// the lines "set rules" name.
const conversations = scenario.Dir("testdata/conversations")

func TestConversations(t *testing.T) { scenario.Run(t, conversations, forConversations()) }

// A server of go-smtp gives the same replies over TCP.
func TestConversationsOverTCP(t *testing.T) {
	overTCP(t, conversations, forConversations())
}

// forConversations returns the five policies, and the one of the lines "set rules".
func forConversations() scenario.Policies {
	all := forSites()
	all["rules"] = func(s scenario.Site) (verdict.Policy, error) {
		checks, err := checksFor(s)
		if err != nil {
			return verdict.Policy{}, err
		}
		policy := verdict.Policy{Rules: rulesFrom(s.Settings["rules"], checks), Timeout: time.Minute}
		return policy, policy.Validate()
	}
	return all
}

// Every check of the library occurs in the conversations, with each outcome that
// matters: it passes and fails.
func TestConversationsHaveEveryCheck(t *testing.T) {
	outcomes := scenario.Measure(t, conversations, forConversations()).Outcomes
	for _, name := range exportedChecks(t) {
		seen := outcomes[strings.ToLower(name)]
		for _, want := range []envelope.Outcome{envelope.Pass, envelope.Fail} {
			if !slices.Contains(seen, want) {
				t.Errorf("%s never has the outcome %s, but %v", name, want, seen)
			}
		}
	}
}

// exportedChecks returns the checks of the library, such as "helo.Syntax", from the list
// of its exported names.
func exportedChecks(t *testing.T) (names []string) {
	t.Helper()
	text, err := os.ReadFile("../../.ci/api.txt")
	if err != nil {
		t.Fatal(err)
	}
	isCheck := regexp.MustCompile(`^func (\w+)\(.*\) envelope\.(Finding|Check)$`)
	path := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if found, ok := strings.CutPrefix(line, "package "); ok {
			path = found
		}
		m := isCheck.FindStringSubmatch(line)
		if m == nil || strings.HasPrefix(path, "verdict/") || strings.HasSuffix(m[1], "Set") { // the same check as without Set
			continue
		}
		if strings.HasPrefix(path, "verdict/") { // what verdict/postfix reads from a main.cf
			continue
		}
		names = append(names, path[strings.LastIndex(path, "/")+1:]+"."+m[1])
	}
	if len(names) < 60 {
		t.Fatalf("the list of exported names has only %d checks", len(names))
	}
	return names
}

// harvesting is the history of clients that try out addresses.
func harvesting(s scenario.Site) reputation.Options {
	options := reputation.Options{Name: "harvesting", Enough: 4, Memory: 24 * time.Hour}
	record := reputation.Recorder(s.Store, options)
	if !slices.Contains(s.Settings["rules"], "reputation.Good") {
		return options
	}
	s.OnReply(func(ctx context.Context, event verdict.Event) {
		check := event.Verdict.Finding.Check
		if event.Stage == envelope.Data || check == "recipient.listed" {
			record(ctx, nil, reputation.Reply{
				Envelope: event.Envelope, Recipients: len(event.Recipients), Status: event.Reply.Status, Check: check,
			})
		}
	})
	return options
}

// perLogin is the quota of the conversations: three messages of a login in an hour.
func perLogin(s scenario.Site) envelope.Check {
	return quota.Within(s.Store, quota.Key{Of: quota.Login}, 3, time.Hour)
}

// grey are the settings of greylisting in the conversations.
var grey = greylist.Options{Delay: 5 * time.Minute, Promote: 2}
