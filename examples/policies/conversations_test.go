package policies_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/examples/internal/rulebook"
	"mxrules.example/verdict/scenario"
	"mxrules.example/verdict/scenario/play"
)

// conversations are the files that show what each check, each policy and the law of
// package verdict do on the wire. The policy "rules" of these files has the rules that
// the lines "set rules" name.
const conversations = scenario.Dir("testdata/conversations")

func TestConversations(t *testing.T) { scenario.Run(t, conversations, rulebook.WithRules()) }

// A server of go-smtp gives the same replies over TCP.
func TestConversationsOverTCP(t *testing.T) {
	overTCP(t, conversations, rulebook.WithRules())
}

// Every check of the library occurs in the conversations, with each outcome that
// matters: it passes and fails.
func TestConversationsHaveEveryCheck(t *testing.T) {
	outcomes := scenario.Measure(t, conversations, rulebook.WithRules()).Outcomes
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

// A program that plays the conversations reaches what the tests reach.
func TestConversationsReachTheSameOutsideOfATest(t *testing.T) {
	want := scenario.Measure(t, conversations, rulebook.WithRules())
	got, err := play.Measure(t.Context(), conversations, rulebook.WithRules())
	if err != nil {
		t.Fatal(err)
	}
	var texts [2]strings.Builder
	for i, c := range []scenario.Coverage{want, got} {
		if err := c.WriteText(&texts[i]); err != nil {
			t.Fatal(err)
		}
	}
	if texts[0].String() != texts[1].String() {
		t.Errorf("got\n%s\nwant\n%s", &texts[1], &texts[0])
	}
}
