package waterfall_test

import (
	"os"
	"time"

	"mxrules.example/verdict"
	"mxrules.example/verdict/waterfall"
)

// A program judges, and shows what the judgement waited for. Here the verdict is
// written by hand, so that the times are always the same.
func ExampleText() {
	v := verdict.Verdict{Action: verdict.Accept, Trace: verdict.Trace{
		{Rule: "rdns.confirmed", Questions: []verdict.Question{
			{Type: "PTR", Name: "192.0.2.1", Duration: 20 * time.Millisecond},
			{Type: "A", Name: "mail.example.org.", Began: 20 * time.Millisecond, Duration: 30 * time.Millisecond},
		}},
		{Rule: "helo.resolves", Questions: []verdict.Question{
			{Type: "A", Name: "mail.example.org.", Began: 20 * time.Millisecond, Reused: true, Duration: 30 * time.Millisecond},
		}},
	}}
	_ = waterfall.Text(os.Stdout, v)
	// Output:
	//        began      took  question                0s      10ms    20ms    30ms    40ms    50ms
	//           0s      20ms  PTR 192.0.2.1          |################                        | rdns.confirmed
	//         20ms      30ms  A   mail.example.org.  |                ========================| rdns.confirmed: shared with helo.resolves
	//     # answered  = shared  ~ in vain  ! failed  * the rule that decided
}
