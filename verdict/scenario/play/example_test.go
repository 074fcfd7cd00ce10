package play_test

import (
	"context"
	"fmt"
	"os"
	"testing/fstest"

	"mxrules.example/envelope/recipient"
	"mxrules.example/verdict"
	"mxrules.example/verdict/scenario/play"
)

// A program prints what the scenarios of a policy reach.
func ExampleMeasure() {
	scenarios := fstest.MapFS{"relay.scenario": &fstest.MapFile{Data: []byte(`
policy inbound
case an attempt to relay
  to=ann@example.com
  = reject by recipient.ours
`)}}
	coverage, err := play.Measure(context.Background(), scenarios, play.Policies{
		"inbound": func(play.Site) (verdict.Policy, error) {
			return verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(recipient.Ours("example.org"))}}, nil
		},
	})
	if err != nil {
		fmt.Println(err)
	}
	coverage.WriteText(os.Stdout)
	// Output:
	// policy inbound
	//     1  recipient.ours                   rejects 1, passed by 0
	//        missing: rule 1 (recipient.ours) is never passed by
	// checks
	//   recipient.ours                        fail
}
