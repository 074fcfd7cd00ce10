package envelope

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// All passes when every check passes. Any passes when one check does. Not passes
// when its check fails. None is neutral in All and Any, and stays None in Not.
// PermError counts as Fail in All and Any, and stays PermError in Not. An unknown
// outcome (Pending, TempError) matters only if it could change the result; if both
// could, the result is Pending.
//
//	a          b          All(a, b)   Any(a, b)   Not(a)
//	None       None       None        None        None
//	None       Pass       Pass        Pass
//	None       Fail       Fail        Fail
//	None       PermError  Fail        Fail
//	None       Pending    Pending     Pending
//	None       TempError  TempError   TempError
//	Pass       Pass       Pass        Pass        Fail
//	Pass       Fail       Fail        Pass
//	Pass       PermError  Fail        Pass
//	Pass       Pending    Pending     Pass
//	Pass       TempError  TempError   Pass
//	Fail       Fail       Fail        Fail        Pass
//	Fail       PermError  Fail        Fail
//	Fail       Pending    Fail        Pending
//	Fail       TempError  Fail        TempError
//	PermError  PermError  Fail        Fail        PermError
//	PermError  Pending    Fail        Pending
//	PermError  TempError  Fail        TempError
//	Pending    Pending    Pending     Pending     Pending
//	Pending    TempError  Pending     Pending
//	TempError  TempError  TempError   TempError   TempError
//
// The table is the same with a and b exchanged. A finding without an outcome
// counts as TempError. All and Any of nothing are None.
//
// Checks run from left to right, and no more of them than the result needs. The
// finding is named "all(a, b)" and has the text, status and cause of the operand
// that decided it. Its Detail is a []Finding of all operands that ran, and its
// Commit calls theirs.
//
// A combination is misconfigured if one of its operands is ([Check.Validate]). When mail
// comes, the misconfigured operand is a TempError like any other, and matters only
// if it could change the result.
func All(checks ...Check) Check { return combine("all", Fail, checks) }

// Any is described with All.
func Any(checks ...Check) Check { return combine("any", Pass, checks) }

// Not is described with All. It keeps the Text of its check, which may be "" if the
// check passed, and drops the Commit.
func Not(check Check) Check {
	check = orMisconfigured(check)
	name := combinedName("not", []Check{check})
	return func(ctx context.Context, r Resolver, e *Envelope) Finding {
		inner := answered(check(ctx, r, e))
		if f, bad := misconfigured(name, e, []Finding{inner}); bad {
			return f
		}
		f := inner
		f.Check, f.Commit, f.Detail = name, nil, []Finding{inner}
		if e.Stage == Start {
			return f.With(combination{name, "not", []Check{check}})
		}
		switch inner.Outcome {
		case Pass:
			f.Outcome, f.Status = Fail, Status{Code: 550, Subject: 7, Detail: 1}
		case Fail:
			f = Finding{Check: f.Check, Outcome: Pass, Text: f.Text, Detail: f.Detail}
		}
		return f
	}
}

// combine returns All or Any. An operand whose outcome is settling decides the
// result alone.
func combine(word string, settling Outcome, checks []Check) Check {
	checks = slices.Clone(checks)
	for i := range checks {
		checks[i] = orMisconfigured(checks[i])
	}
	name := combinedName(word, checks)
	return func(ctx context.Context, r Resolver, e *Envelope) Finding {
		asked := make([]Finding, 0, len(checks))
		for _, f := range Concurrently(ctx, checks, func(ctx context.Context, check Check) Finding { return answered(check(ctx, r, e)) }) {
			asked = append(asked, f)
			if inCombination(f.Outcome) == settling && e.Stage != Start {
				break
			}
		}
		if f, bad := misconfigured(name, e, asked); bad {
			return f
		}
		f := weightiest(asked, settling)
		f.Check, f.Detail = name, asked
		if e.Stage == Start {
			return f.With(combination{name, word, checks})
		}
		f.Outcome = inCombination(f.Outcome)
		f.Commit = commitAll(asked)
		return f
	}
}

// orMisconfigured returns check, or a misconfigured one if check is nil.
func orMisconfigured(check Check) Check {
	if check == nil {
		return Misconfigured("", Connect, errNoCheck)
	}
	return check
}

// misconfigured reports whether operands of a combination are misconfigured, and
// returns the finding of the combination. It is false unless e is at Start.
func misconfigured(name string, e *Envelope, operands []Finding) (f Finding, bad bool) {
	if e.Stage != Start {
		return f, false
	}
	var all misconfigurations
	awaits := Data
	for _, f := range operands {
		awaits = min(awaits, f.Awaits)
		err := mistakeAtStart(f)
		if f.Outcome != TempError && err == nil {
			continue
		}
		switch inner, ok := err.(misconfigurations); {
		case ok: // from a combination: each error has the name of its check
			all = append(all, inner...)
		case f.Check == "": // from a check that is nil
			all = append(all, err)
		default:
			all = append(all, fmt.Errorf("%s: %w", f.Check, err))
		}
	}
	f = misconfiguration(name, all)
	f.Awaits = awaits
	return f, len(all) > 0
}

// misconfigurations holds the errors of the misconfigured operands of a
// combination.
type misconfigurations []error

// Error names all of them in one line.
func (m misconfigurations) Error() string {
	texts := make([]string, len(m))
	for i, err := range m {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns each of them.
func (m misconfigurations) Unwrap() []error { return m }

// weightiest returns the operand that decides the outcome of the combination. In
// order of preference it is one whose outcome is settling, one that is Pending, a
// TempError, another answer, and None. Of several it is the first, and of several
// Pending ones the first of those that answer earliest.
func weightiest(findings []Finding, settling Outcome) Finding {
	best, weight := Finding{Outcome: None}, -1
	for _, f := range findings {
		w := 1
		switch o := inCombination(f.Outcome); o {
		case settling:
			w = 4
		case Pending:
			w = 3
		case TempError:
			w = 2
		case None:
			w = 0
		}
		if w > weight || w == weight && f.Outcome == Pending && f.Awaits < best.Awaits {
			best, weight = f, w
		}
	}
	return best
}

// answered returns f, or a TempError if f has no outcome.
func answered(f Finding) Finding {
	if f.Outcome.Known() || f.Outcome == Pending || f.Outcome == TempError {
		return f
	}
	return mistaken(f.Check, 0, errors.Join(errors.New("the finding has no outcome"), f.Err)).With(f.Detail)
}

func inCombination(o Outcome) Outcome {
	if o == PermError {
		return Fail
	}
	return o
}

// commitAll returns a Commit that calls the Commits of the findings in order, all of
// them even if one fails. It is nil if there are none.
func commitAll(findings []Finding) func(context.Context) error {
	var commits []func(context.Context) error
	for _, f := range findings {
		if f.Commit != nil {
			commits = append(commits, f.Commit)
		}
	}
	if len(commits) < 2 {
		if len(commits) == 0 {
			return nil
		}
		return commits[0]
	}
	return func(ctx context.Context) error {
		var failed []error
		for _, commit := range commits {
			failed = append(failed, commit(ctx))
		}
		return errors.Join(failed...)
	}
}

func combinedName(word string, checks []Check) string {
	names := make([]string, len(checks))
	for i, check := range checks {
		names[i], _ = check.Describe()
	}
	return word + "(" + strings.Join(names, ", ") + ")"
}
