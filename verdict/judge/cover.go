package judge

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"mxrules.example/envelope"
	"mxrules.example/verdict/scenario/play"
)

// printCoverage prints what the scenarios of -cover reach: in each policy that they name, or
// in that of -policy.
func (j *judge) printCoverage(ctx context.Context, w io.Writer, o options) error {
	var only []string
	if o.hasPolicy {
		only = []string{j.name}
	}
	coverage, err := play.Measure(ctx, play.Dir(o.cover), j.command.Policies, only...)
	if err != nil {
		return err
	}
	if len(coverage.Policies) == 0 {
		return fmt.Errorf("no scenario of %s is about the policy %q", o.cover, envelope.Excerpt(j.name))
	}
	if o.coverHTML != "" {
		var page bytes.Buffer
		if err := coverage.WriteHTML(&page); err != nil {
			return err
		}
		if err := os.WriteFile(o.coverHTML, page.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return coverage.WriteText(w)
}
