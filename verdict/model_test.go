package verdict_test

import (
	"slices"
	"strconv"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// modelled is the number of policies that are compared with the model of the law in every
// run. Each is judged once, so that there can be many.
const modelled = 5_000

// The model judges by brute force: it tries every outcome that every unknown
// finding could become, and compares the results.

// turns has the actions that a rule can take. A failed finding could have
// had any outcome: that is the outer list. A pending finding can get
// any outcome: that is the inner list.
type turns [][]verdict.Action

// ending is the result of a policy for one choice of all unknown findings.
type ending struct {
	action verdict.Action
	waited bool // a rule on the way depends on a pending finding
	marks  tags // that were set on the way
}

// tags is a set of the marks "0", "1" and "2".
type tags uint

func tag(mark string) tags {
	n, _ := strconv.Atoi(mark)
	return 1 << n
}

func (w *world) model(t *testing.T, stage envelope.Stage) verdict.Verdict {
	rules := make([]turns, len(w.specs))
	for i, s := range w.specs {
		rules[i] = s.turns(func(c envelope.Check) envelope.Outcome {
			return c(t.Context(), w, w.envelope(stage)).Outcome
		})
	}
	actions, waits := map[verdict.Action]bool{}, false
	always, ever, depends := ^tags(0), tags(0), tags(0)
	for failed := range picks(rules, func(r turns) [][]verdict.Action { return r }) {
		first, begun := ending{}, false
		for chosen := range picks(failed, func(a []verdict.Action) []verdict.Action { return a }) {
			e := w.ending(failed, chosen)
			if !begun {
				first, begun = e, true
			}
			actions[e.action] = true
			waits = waits || e.waited
			always &= e.marks
			ever |= e.marks
			depends |= e.marks ^ first.marks // on what is pending
		}
	}
	switch {
	case len(actions) == 1 && actions[verdict.Accept] && depends == 0:
		return verdict.Verdict{Action: verdict.Accept, Marks: w.names(always), Undecided: w.names(ever &^ always)}
	case len(actions) == 1 && !actions[verdict.Accept]:
		for action := range actions {
			return verdict.Verdict{Action: action}
		}
	case len(actions) == 1 || waits:
		return verdict.Verdict{Action: verdict.Continue}
	}
	return verdict.Verdict{Action: verdict.TempFail, Forced: true}
}

// ending returns the result for the actions that were chosen.
func (w *world) ending(rules [][]verdict.Action, chosen []verdict.Action) ending {
	e := ending{action: verdict.Accept}
	for i, action := range chosen {
		e.waited = e.waited || len(rules[i]) > 1
		switch action {
		case verdict.Continue:
		case verdict.Mark:
			e.marks |= tag(w.specs[i].mark)
		default:
			e.action = action
			return e
		}
	}
	return e
}

// names returns the marks of a set in the order of the first rules that can set
// them.
func (w *world) names(set tags) []string {
	var names []string
	for _, s := range w.specs {
		for _, action := range s.actions {
			if action == verdict.Mark && set&tag(s.mark) != 0 {
				set &^= tag(s.mark)
				names = append(names, s.mark)
			}
		}
	}
	return names
}

// turns returns what a rule can do, given the findings of its checks.
func (s spec) turns(ask func(envelope.Check) envelope.Outcome) turns {
	own := s.actions[envelope.TempError] != 0
	findings := []envelope.Outcome{ask(s.check)}
	for _, c := range s.conditions {
		findings = append(findings, ask(c.check))
	}
	anything := []envelope.Outcome{envelope.None, envelope.Pass, envelope.Fail, envelope.PermError}
	// For each finding: the outcomes that it could have had if it failed, otherwise its outcome.
	could := make([][]envelope.Outcome, len(findings))
	for i, f := range findings {
		could[i] = []envelope.Outcome{f}
		if f == envelope.TempError && !s.ignores && (i > 0 || !own) {
			could[i] = anything
		}
	}
	var all turns
	for failed := range picks(could, func(o []envelope.Outcome) []envelope.Outcome { return o }) {
		// And the outcomes that it can get if it is pending.
		can := make([][]envelope.Outcome, len(failed))
		for i, f := range failed {
			can[i] = []envelope.Outcome{f}
			if f == envelope.Pending {
				can[i] = anything
				if i == 0 && own {
					can[i] = append(slices.Clip(anything), envelope.TempError)
				}
			}
		}
		var inner []verdict.Action
		for known := range picks(can, func(o []envelope.Outcome) []envelope.Outcome { return o }) {
			inner = append(inner, s.act(known))
		}
		slices.Sort(inner)
		inner = slices.Compact(inner)
		if !slices.ContainsFunc(all, func(have []verdict.Action) bool { return slices.Equal(have, inner) }) {
			all = append(all, inner)
		}
	}
	return all
}

// act returns what the rule does for known findings: that of its check, then
// those of its conditions. A TempError among them is one that it ignores, or has
// an action for.
func (s spec) act(findings []envelope.Outcome) verdict.Action {
	for i, c := range s.conditions {
		f := findings[i+1]
		if f == envelope.TempError || (f == envelope.Pass) == c.unless {
			return verdict.Continue
		}
	}
	if action := s.actions[findings[0]]; action != 0 {
		return action
	}
	return verdict.Continue
}

// picks yields every way to pick one element for each member of list.
func picks[T, E any](list []T, choices func(T) []E) func(yield func([]E) bool) {
	return func(yield func([]E) bool) {
		picked := make([]E, len(list))
		var pick func(i int) bool
		pick = func(i int) bool {
			if i == len(list) {
				return yield(picked)
			}
			for _, picked[i] = range choices(list[i]) {
				if !pick(i + 1) {
					return false
				}
			}
			return true
		}
		pick(0)
	}
}

func TestLawAgreesWithTryingEverything(t *testing.T) {
	seen := map[verdict.Action]int{}
	marked, undecided := 0, 0
	t.Setenv("MXRULES_CASES", "1")
	forEachWorld(t, modelled, func(t *testing.T, w *world) {
		rules := w.rules()
		w.breakSome()
		stage := append(stages, envelope.Whole)[w.rng.IntN(len(stages)+1)]
		got, _ := w.judge(t, rules, stage)
		want := w.model(t, stage)
		if got.Action != want.Action || got.Forced != want.Forced ||
			!slices.Equal(got.Marks, want.Marks) || !slices.Equal(got.Undecided, want.Undecided) {
			t.Errorf("at %v: %v %v %v (forced %v), want %v %v %v (forced %v)", stage,
				got.Action, got.Marks, got.Undecided, got.Forced, want.Action, want.Marks, want.Undecided, want.Forced)
		}
		seen[got.Action]++
		marked += len(got.Marks)
		undecided += len(got.Undecided)
	})
	t.Logf("%v, %d marks, %d undecided", seen, marked, undecided)
	if len(seen) != 4 || marked < modelled/100 || undecided < modelled/100 {
		t.Error("the generator tests too little")
	}
}
