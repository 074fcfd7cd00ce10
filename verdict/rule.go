package verdict

import (
	"errors"
	"fmt"
	"slices"

	"mxrules.example/envelope"
)

// Rule says what to do about the finding of one check. Make one with AcceptIf,
// RejectUnless, RejectIf, TempFailUnless, TempFailIf, MarkUnless or MarkIf, and
// refine it with the methods. Each returns a changed copy.
//
// An invalid rule, such as one without a check or with an unknown reply code, never
// accepts mail: its finding is a TempError with the reason. [Policy.Validate] finds
// such rules before the first mail.
type Rule struct {
	name       string
	check      envelope.Check
	described  description
	actions    [envelope.PermError + 1]Action // zero: the next rule is tried, or the law decides
	mark       string
	conditions []condition
	status     envelope.Status
	text       string
	help       []string
	ignores    bool // TempErrors, also those of the conditions
	shadow     bool
	mistake    error
}

// condition holds if its check passes, or with unless if it does not pass.
type condition struct {
	check     envelope.Check
	described description
	unless    bool
}

// description is what a check says of itself, kept because asking for it runs the check.
type description struct {
	name string
	from envelope.Stage // from which the check answers
}

func describe(check envelope.Check) (d description) {
	d.name, d.from = check.Describe()
	return d
}

// Rules is a list of rules in the order in which they are tried.
type Rules []Rule

// AcceptIf returns a rule that accepts if check passes. Later rules are not tried
// then.
func AcceptIf(check envelope.Check) Rule {
	return newRule(check, envelope.Pass, Accept)
}

// RejectUnless returns a rule that rejects if check fails.
func RejectUnless(check envelope.Check) Rule {
	return newRule(check, envelope.Fail, Reject)
}

// RejectIf returns a rule that rejects if check passes.
func RejectIf(check envelope.Check) Rule {
	return newRule(check, envelope.Pass, Reject)
}

// TempFailUnless returns a rule that answers with a tempfail if check fails. Its
// status is that of the rejection, converted with [envelope.Status.Deferral].
func TempFailUnless(check envelope.Check) Rule {
	return newRule(check, envelope.Fail, TempFail)
}

// TempFailIf returns a rule that answers with a tempfail if check passes.
func TempFailIf(check envelope.Check) Rule {
	return newRule(check, envelope.Pass, TempFail)
}

// MarkUnless returns a rule that sets mark on an accepted message if check fails. The
// next rule is tried in any case. The mark must be printable and not empty. It never
// changes the action of a verdict: if check is a TempError, the mark is in
// [Verdict].Undecided.
func MarkUnless(check envelope.Check, mark string) Rule {
	return newRule(check, envelope.Fail, Mark).marking(mark)
}

// MarkIf returns a rule that sets mark on an accepted message if check passes, and is
// otherwise like MarkUnless.
func MarkIf(check envelope.Check, mark string) Rule {
	return newRule(check, envelope.Pass, Mark).marking(mark)
}

func newRule(check envelope.Check, on envelope.Outcome, action Action) Rule {
	r := Rule{check: check, described: describe(check)}
	r.name = r.described.name
	r.actions[on] = action
	return r
}

func (r Rule) marking(mark string) Rule {
	if mark == "" {
		return r.mistaken(errors.New("the mark is empty"))
	}
	r.mark = mark
	return r
}

// Name returns the name of the rule: that of Named, or the name of its check.
func (r Rule) Name() string { return r.name }

// Named returns the rule with another name, for traces, logs and metrics.
func (r Rule) Named(name string) Rule {
	r.name = name
	return r
}

// When returns the rule with a condition: it acts only if check passes. If there are
// several conditions, all must hold.
func (r Rule) When(check envelope.Check) Rule { return r.under(condition{check: check}) }

// Unless returns the rule with a condition: it does not act if check passes.
func (r Rule) Unless(check envelope.Check) Rule {
	return r.under(condition{check: check, unless: true})
}

func (r Rule) under(c condition) Rule {
	if c.check == nil {
		return r.mistaken(errors.New("the check of a condition is nil"))
	}
	c.described = describe(c.check)
	r.conditions = append(slices.Clip(slices.Clone(r.conditions)), c)
	return r
}

// On returns the rule with an action for one outcome of its check. With an action for
// TempError the rule no longer follows the law for unknown findings. Pending cannot
// have an action.
func (r Rule) On(outcome envelope.Outcome, action Action) Rule {
	switch {
	case !outcome.Known() && outcome != envelope.TempError:
		return r.mistaken(fmt.Errorf("the outcome %q cannot have an action", outcome))
	case !action.valid():
		return r.mistaken(fmt.Errorf("the outcome %q has no valid action", outcome))
	}
	r.actions[outcome] = action
	return r
}

// Ignoring returns the rule so that it does nothing if its check or one of its
// conditions is a TempError. The outcome must be [envelope.TempError].
func (r Rule) Ignoring(outcome envelope.Outcome) Rule {
	if outcome != envelope.TempError {
		return r.mistaken(fmt.Errorf("the outcome %q cannot be ignored", outcome))
	}
	r.ignores = true
	r.actions[outcome] = Continue
	return r
}

// Reply returns the rule with another status and text for its refusals. RFC 5321 or
// an extension of it must define the reply code, and a rule that rejects needs a 5yz.
// In a tempfail a 5yz is converted with [envelope.Status.Deferral]. The text may have
// the placeholders of See.
func (r Rule) Reply(status envelope.Status, text string) Rule {
	if !status.IsFailure() && !status.IsDeferral() {
		return r.mistaken(fmt.Errorf("%s is not a valid status of a refusal", status))
	}
	if err := checkPlaceholders(text); err != nil {
		return r.mistaken(err)
	}
	r.status, r.text = status, text
	return r
}

// See returns the rule with one more line, such as a link, in the replies of its
// refusals. These placeholders are replaced, and escaped in a link: {ip}, {helo},
// {from}, {to}, {rule}, {code} (550) and {status} (5.7.25).
func (r Rule) See(line string) Rule {
	if err := checkPlaceholders(line); err != nil {
		return r.mistaken(err)
	}
	r.help = append(slices.Clip(slices.Clone(r.help)), line)
	return r
}

// Shadow returns the rule as a trial: it is asked, and the trace shows what it would
// have done, but it decides nothing, sets no mark and writes nothing. It is asked
// after the verdict is settled, so that it takes no time from other rules.
func (r Rule) Shadow() Rule {
	r.shadow = true
	return r
}

func (r Rule) mistaken(err error) Rule {
	r.mistake = errors.Join(r.mistake, err)
	return r
}

// fault returns an error if the rule is invalid.
func (r *Rule) fault() error {
	switch {
	case r.mistake != nil:
		return r.mistake
	case r.check == nil:
		return errors.New("the check is nil")
	case r.status.IsDeferral() && slices.Contains(r.actions[:], Reject):
		return fmt.Errorf("the rule rejects, but its reply %s is not a rejection", r.status)
	case slices.Contains(r.actions[:], Mark):
		return checkMark(r.tag())
	}
	return nil
}

// may returns every action that the rule can take for a known outcome.
func (r *Rule) may() actions {
	var s actions
	for _, outcome := range [...]envelope.Outcome{envelope.None, envelope.Pass, envelope.Fail, envelope.PermError} {
		s = s.with(r.action(outcome))
	}
	if own := r.actions[envelope.TempError]; own != 0 {
		s = s.with(own)
	}
	return s
}

// action returns what the rule does for a known outcome.
func (r *Rule) action(outcome envelope.Outcome) Action {
	if a := r.actions[outcome]; a != 0 {
		return a
	}
	return Continue
}

// checkMark returns an error for a mark that is empty or not printable.
func checkMark(mark string) error {
	switch {
	case mark == "":
		return errors.New("the mark is empty")
	case envelope.CleanText(mark, true) != mark:
		return fmt.Errorf("the mark %q is not printable", mark)
	}
	return nil
}

// tag returns the mark that the rule sets.
func (r *Rule) tag() string {
	if r.mark != "" {
		return r.mark
	}
	return r.name
}
