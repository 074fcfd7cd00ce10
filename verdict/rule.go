package verdict

import (
	"errors"
	"fmt"
	"slices"

	"mxrules.example/envelope"
)

// Rule says what to do about the finding of one check. Make one with AcceptIf,
// RejectUnless, RejectIf, TempFailUnless, TempFailIf, MarkUnless or MarkIf, and
// refine it; each refinement returns a copy that shares nothing with the rule it
// came from.
//
// A rule that was made wrongly (no check, a reply code that no RFC knows) never
// lets mail in: its finding is a TempError that says so. [Policy.Validate]
// finds such rules before mail does.
type Rule struct {
	name       string
	check      envelope.Check
	actions    [envelope.PermError + 1]Action // zero: go on, or for unknowns the law
	mark       string
	conditions []condition
	status     envelope.Status
	text       string
	help       []string
	ignores    bool // TempErrors, those of the conditions too
	shadow     bool
	mistake    error
}

// condition holds if its check passes, or with unless if it does not.
type condition struct {
	check  envelope.Check
	unless bool
}

// Rules is a list of rules in the order in which they are tried.
type Rules []Rule

// AcceptIf makes a rule that accepts when check passes, and ends the list
// there: no later rule is asked.
func AcceptIf(check envelope.Check) Rule {
	return newRule(check, envelope.Pass, Accept)
}

// RejectUnless makes a rule that rejects when check fails.
func RejectUnless(check envelope.Check) Rule {
	return newRule(check, envelope.Fail, Reject)
}

// RejectIf makes a rule that rejects when check passes.
func RejectIf(check envelope.Check) Rule {
	return newRule(check, envelope.Pass, Reject)
}

// TempFailUnless makes a rule that asks for another try when check fails. The
// reply is that of a rejection, softened: see [envelope.Status.Deferral].
func TempFailUnless(check envelope.Check) Rule {
	return newRule(check, envelope.Fail, TempFail)
}

// TempFailIf makes a rule that asks for another try when check passes.
func TempFailIf(check envelope.Check) Rule {
	return newRule(check, envelope.Pass, TempFail)
}

// MarkUnless makes a rule that sets mark on an accepted message when check
// fails, and goes on. The mark must be printable, and not empty. It never
// changes the action of a verdict: if check fails to answer, the mark is among
// [Verdict].Undecided.
func MarkUnless(check envelope.Check, mark string) Rule {
	return newRule(check, envelope.Fail, Mark).marking(mark)
}

// MarkIf makes a rule that sets mark on an accepted message when check passes,
// and goes on. The mark is as in MarkUnless.
func MarkIf(check envelope.Check, mark string) Rule {
	return newRule(check, envelope.Pass, Mark).marking(mark)
}

func newRule(check envelope.Check, on envelope.Outcome, action Action) Rule {
	r := Rule{check: check}
	r.name, _ = envelope.Describe(check)
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

// Name returns the name of the rule: that of its check, unless Named gave it
// another.
func (r Rule) Name() string { return r.name }

// Named gives the rule a name of its own, for traces, logs and metrics.
func (r Rule) Named(name string) Rule {
	r.name = name
	return r
}

// When lets the rule act only if check passes. Several conditions are all
// needed.
func (r Rule) When(check envelope.Check) Rule { return r.under(condition{check: check}) }

// Unless keeps the rule from acting if check passes.
func (r Rule) Unless(check envelope.Check) Rule {
	return r.under(condition{check: check, unless: true})
}

func (r Rule) under(c condition) Rule {
	if c.check == nil {
		return r.mistaken(errors.New("a condition has no check"))
	}
	r.conditions = append(slices.Clip(slices.Clone(r.conditions)), c)
	return r
}

// On sets what the rule does for one outcome of its check. For TempError it
// replaces the law by the rule's own will, as Ignoring does; Pending waits
// whatever is said, so that it has no action.
func (r Rule) On(outcome envelope.Outcome, action Action) Rule {
	switch {
	case !outcome.Known() && outcome != envelope.TempError:
		return r.mistaken(fmt.Errorf("no action can be given for the outcome %q", outcome))
	case !action.valid():
		return r.mistaken(fmt.Errorf("the outcome %q was given no action", outcome))
	}
	r.actions[outcome] = action
	return r
}

// Ignoring makes the rule do nothing where it, or one of its conditions, can't
// be decided because of a failure. Only [envelope.TempError] can be ignored. It
// is the one way to say that a failure shall not matter.
func (r Rule) Ignoring(outcome envelope.Outcome) Rule {
	if outcome != envelope.TempError {
		return r.mistaken(fmt.Errorf("the outcome %q can't be ignored", outcome))
	}
	r.ignores = true
	r.actions[outcome] = Continue
	return r
}

// Reply gives the rule a reply of its own. The status must be of RFC 5321 or
// an extension of it, and a rule that rejects needs a 5yz; where the rule asks
// for another try the status is softened. The text may have the placeholders
// of See.
func (r Rule) Reply(status envelope.Status, text string) Rule {
	if !status.IsFailure() && !status.IsDeferral() {
		return r.mistaken(fmt.Errorf("%s is no reply of a refusal", status))
	}
	if err := checkPlaceholders(text); err != nil {
		return r.mistaken(err)
	}
	r.status, r.text = status, text
	return r
}

// See adds a line to the reply where the rule rejects or asks for another try:
// a link, or a sentence. These placeholders are replaced, as parts of a link
// in the escaped form that links want: {ip}, {helo}, {from}, {to}, {rule},
// {code} (550) and {status} (5.7.25).
func (r Rule) See(line string) Rule {
	if err := checkPlaceholders(line); err != nil {
		return r.mistaken(err)
	}
	r.help = append(slices.Clip(slices.Clone(r.help)), line)
	return r
}

// Shadow makes the rule a trial: it is asked, and the trace shows what it
// would have done, but it decides nothing, marks nothing and writes nothing. It
// is asked after the verdict is settled, so that it can't even use up the time
// of the others.
func (r Rule) Shadow() Rule {
	r.shadow = true
	return r
}

func (r Rule) mistaken(err error) Rule {
	r.mistake = errors.Join(r.mistake, err)
	return r
}

// fault says what is wrong with the rule as it was put together, nil if
// nothing is.
func (r *Rule) fault() error {
	switch {
	case r.mistake != nil:
		return r.mistake
	case r.check == nil:
		return errors.New("the rule has no check")
	case r.status.IsDeferral() && slices.Contains(r.actions[:], Reject):
		return fmt.Errorf("the rule rejects, and its reply %s does not", r.status)
	case slices.Contains(r.actions[:], Mark):
		return checkMark(r.tag())
	}
	return nil
}

// may returns every action that the rule can take once what is unknown is
// known.
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

// checkMark finds a mark that no header, log or name of a folder could show as
// it is.
func checkMark(mark string) error {
	switch {
	case mark == "":
		return errors.New("the rule sets a mark, and has no name for it")
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
