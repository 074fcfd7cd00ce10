package judge

import (
	"context"
	"errors"
	"fmt"
	"io"

	"mxrules.example/verdict"
	"mxrules.example/verdict/analysis"
	"mxrules.example/verdict/analysis/specimen"
)

// specimens writes mail for the witnesses of -find and -implies into the file of -record,
// so that judge explains what was proven. Nil does nothing.
type specimens struct {
	judge *judge
	site  specimen.Site
}

// newSpecimens returns nil without -record.
func newSpecimens(j *judge) *specimens {
	if j.records == nil {
		return nil
	}
	site := j.command.Specimens
	site.Policy = j.policy
	return &specimens{j, site}
}

// add writes mail for a witness, and prints what became of it. The record has the answers
// for other policies too.
func (s *specimens) add(w io.Writer, witness *analysis.Witness, others ...verdict.Policy) error {
	if s == nil {
		return nil
	}
	ctx := context.Background()
	mail, err := specimen.Of(ctx, witness, s.site)
	switch {
	case errors.Is(err, specimen.ErrNone):
		fmt.Fprintf(w, "  not recorded: %v\n", err)
		return nil
	case err != nil:
		return err
	}
	l := line{ID: encode(witness.String())}
	if mail.Envelope.RcptTo != "" {
		l.RcptTo = []string{mail.Envelope.RcptTo}
	}
	verdicts, err := s.judge.records.judge(ctx, s.judge, mail.DNS, mail.Envelope, l, others...)
	if err == nil {
		fmt.Fprintf(w, "  recorded: %v\n", verdicts[0])
	}
	return err
}
