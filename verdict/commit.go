package verdict

import (
	"context"
	"fmt"
	"time"

	"mxrules.example/envelope"
)

// commitTimeout bounds each Commit. It is independent of Policy.Timeout, so that a
// decision that was made in time is not lost because of a deadline soon after it.
const commitTimeout = 5 * time.Second

// settle walks the rules and, if the decision is final, commits it. A Commit that
// fails makes its finding a TempError, and the rules are walked again, so that mail
// is not accepted because of something that could not be written. If anything is
// written by then, the verdict is final, because a later stage would write it again:
// where the walk would wait, the verdict is a tempfail.
func (j *judgement) settle(parent context.Context) decision {
	for {
		d := j.walk()
		if d.action == Continue && j.wrote {
			d.action, d.forced, d.rule = TempFail, true, j.unwritten
		}
		if !d.action.final() || d.forced || d.action == Accept && j.held || j.commit(parent, d) {
			return d
		}
	}
}

// commit calls the Commit of the rule that decided, or on accept those of all rules
// that were reached, in order, each once. It reports whether all succeeded.
func (j *judgement) commit(parent context.Context, d decision) bool {
	for i := range j.rules {
		finding := &j.steps[i].Finding
		reached := i == d.rule || d.action == Accept && i < d.rule
		if !reached || !j.writes(i) {
			continue
		}
		if err := write(parent, finding.Commit); err != nil {
			j.unwritten = i
			j.wrote = j.wrote || writers(*finding) > 1 // one of them may have succeeded
			f := envelope.Unavailable(finding.Check, fmt.Errorf("writing failed: %w", err))
			f.Text = "server write error"
			f.Detail = finding.Detail
			*finding = f
			return false
		}
		j.progress[i].committed = true
		j.wrote = true
	}
	return true
}

// writers returns how many checks write with the Commit of a finding. A combined
// check can have several.
func writers(f envelope.Finding) int {
	operands, combined := f.Detail.([]envelope.Finding)
	switch {
	case f.Commit == nil:
		return 0
	case !combined:
		return 1
	}
	n := 0
	for _, operand := range operands {
		n += writers(operand)
	}
	return n
}

// writes reports whether the finding of a rule must be committed: the rule was asked,
// its conditions certainly hold, and its finding has a Commit. Shadow rules are asked
// only after all Commits.
func (j *judgement) writes(i int) bool {
	p, finding := &j.progress[i], &j.steps[i].Finding
	return p.asked.Load() && !p.committed && p.state == holds && finding.Outcome.Known() && finding.Commit != nil
}

func write(parent context.Context, commit func(context.Context) error) (err error) {
	ctx, cancel := context.WithTimeout(parent, commitTimeout)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return commit(ctx)
}
