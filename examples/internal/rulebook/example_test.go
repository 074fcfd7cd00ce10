package rulebook_test

import (
	"fmt"
	"maps"
	"slices"

	"mxrules.example/examples/internal/rulebook"
	"mxrules.example/verdict/scenario/play"
)

// The rules of a policy are a setting of a scenario.
func Example() {
	all := rulebook.WithRules()
	fmt.Println(slices.Sorted(maps.Keys(all)))
	policy, err := all["rules"](play.Site{Settings: map[string][]string{
		"rules": {"RejectUnless", "helo.Resolves", "Unless", "client.Authenticated"},
	}})
	fmt.Println(len(policy.Rules), err)
	_, err = all["rules"](play.Site{Settings: map[string][]string{"rules": {"RejectUnless", "helo.Polite"}}})
	fmt.Println(err)
	// Output:
	// [bulk rules standard strict submission trial]
	// 1 <nil>
	// rule 1 (helo.Polite): there is no check "helo.Polite"
}
