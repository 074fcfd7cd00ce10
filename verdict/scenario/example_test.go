package scenario_test

import (
	"os"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/scenario"
)

// What Measure returns, as a table.
func ExampleCoverage_WriteText() {
	coverage := scenario.Coverage{
		Policies: []scenario.PolicyCoverage{{Policy: "inbound", Rules: []scenario.RuleCoverage{
			{Place: 1, Rule: "recipient.ours", Took: map[verdict.Action]int{verdict.Reject: 3}, PassedBy: 12},
			{Place: 2, Rule: "rdns.exists", PassedBy: 12, Fault: 1},
		}}},
		Outcomes: map[string][]envelope.Outcome{
			"recipient.ours": {envelope.Pass, envelope.Fail},
			"rdns.exists":    {envelope.Pass, envelope.TempError},
		},
	}
	coverage.WriteText(os.Stdout)
	// Output:
	// policy inbound
	//     1  recipient.ours                   rejects 3, passed by 12
	//     2  rdns.exists                      passed by 12, unknown 1
	// checks
	//   rdns.exists                           pass temperror
	//   recipient.ours                        pass fail
}
