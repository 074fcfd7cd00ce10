package verdict

import (
	"context"
	"fmt"
	"time"

	"mxrules.example/envelope"
)

// commitTimeout bounds what a verdict writes, beyond Policy.Timeout: a decision
// that was made in time shall not be lost to a deadline that falls behind it.
const commitTimeout = 5 * time.Second

// settle walks the rules and, if the decision is final, writes what it must.
// A write that fails makes its finding a TempError, and the walk is taken
// again with that: mail is not accepted on the strength of something that
// could not be written. What is written then makes the verdict final: a later
// stage would write it a second time. So where the walk would wait it asks for
// another try instead.
func (j *judgement) settle(parent context.Context) decision {
	for {
		d := walk(j.rules, j.mayWait, j.readings())
		if d.action == Continue && j.wrote {
			d.action, d.forced, d.rule = TempFail, true, j.unwritten
		}
		if !d.action.final() || d.forced || d.action == Accept && j.held || j.commit(parent, d) {
			return d
		}
	}
}

// commit calls the Commit of the rule that decided, or on accept those of all
// rules that were reached, in order, each once. It reports whether all is
// written.
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

// writers returns how many checks write with the Commit of a finding: several
// of a combined check.
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

// writes reports whether acting on the finding of a rule means writing: it was
// asked, and its conditions hold for certain. (Shadow rules are asked only when
// all is written.)
func (j *judgement) writes(i int) bool {
	p, finding := &j.progress[i], &j.steps[i].Finding
	return p.asked && !p.committed && p.state == holds && finding.Outcome.Known() && finding.Commit != nil
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
