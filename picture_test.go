package mxrules_test

import (
	"strings"
	"testing"

	"mxrules.example/verdict"
	"mxrules.example/verdict/analysis"
	"mxrules.example/verdict/picture"
)

// A picture shows that a check asks DNS if, and only if, package analysis counts questions
// of it about a usual message.
func TestPicturesShowWhatAsksDNS(t *testing.T) {
	asking := 0
	for name, check := range everyCheck() {
		policy := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(check)}}
		loads, err := analysis.Cost(policy)
		if err != nil {
			t.Fatal(err)
		}
		asks := len(loads) > 0 && loads[len(loads)-1].Most.Questions > 0
		if asks {
			asking++
		}
		var drawn strings.Builder
		if err := picture.DOT(&drawn, "", policy); err != nil {
			t.Fatal(err)
		}
		if shown := strings.Contains(drawn.String(), "asks DNS for"); shown != asks {
			t.Errorf("%s: the picture shows questions: %v, analysis counts %v", name, shown, loads)
		}
		ofDomains := name == "dkim.PassFor" || name == "rdns.BacksHelo" // which are not those of the message
		if some := strings.Contains(drawn.String(), "(some mail)"); some != ofDomains {
			t.Errorf("%s: the picture shows no types of questions: %v", name, some)
		}
	}
	if asking < 20 {
		t.Errorf("only %d checks ask DNS", asking)
	}
}
