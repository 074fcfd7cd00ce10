package verdict_test

import (
	"slices"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// cases is the number of policies for each law in one run. MXRULES_CASES
// multiplies it.
const cases = 1_000

func TestLawEarlyIsNeverDifferent(t *testing.T) {
	early := 0
	forEachWorld(t, cases, func(t *testing.T, w *world) {
		rules := w.rules()
		w.breakSome()
		whole, _ := w.judge(t, rules, envelope.Whole)
		if a := whole.Action; a != verdict.Accept && a != verdict.TempFail && a != verdict.Reject {
			t.Errorf("whole: %v", a)
		}
		for _, stage := range stages {
			v, _ := w.judge(t, rules, stage)
			if v.Action == verdict.Continue {
				if stage == envelope.Data {
					t.Errorf("not settled at Data")
				}
				continue
			}
			if v.Action != whole.Action || v.Forced != whole.Forced ||
				!slices.Equal(v.Marks, whole.Marks) || !slices.Equal(v.Undecided, whole.Undecided) {
				t.Errorf("at %v: %v %v %v (forced %v), whole: %v %v %v (forced %v)", stage,
					v.Action, v.Marks, v.Undecided, v.Forced, whole.Action, whole.Marks, whole.Undecided, whole.Forced)
			}
			if stage < envelope.Data {
				early++
			}
		}
	})
	if early < cases {
		t.Errorf("only %d early decisions: the generator tests nothing", early)
	}
}

func TestLawFaultsOnlyDefer(t *testing.T) {
	deferred, unsure := 0, 0
	forEachWorld(t, cases, func(t *testing.T, w *world) {
		w.tame = true
		rules := w.rules()
		sound := map[envelope.Stage]verdict.Verdict{}
		for _, stage := range append(stages, envelope.Whole) {
			sound[stage], _ = w.judge(t, rules, stage)
		}
		w.breakSome()
		for stage, want := range sound {
			got, wrote := w.judge(t, rules, stage)
			switch {
			case got.Action == want.Action && slices.Equal(got.Marks, want.Marks):
			case got.Action == verdict.Accept && want.Action == verdict.Accept && differOnlyIn(got.Undecided, got.Marks, want.Marks):
				unsure++
			case got.Action == verdict.TempFail && got.Forced:
				deferred++
				if len(wrote) > 0 {
					t.Errorf("at %v: a forced tempfail wrote %v", stage, wrote)
				}
			case got.Action == verdict.Continue && stage != envelope.Whole && stage != envelope.Data:
			default:
				t.Errorf("at %v: %v %v with faults, %v %v without", stage, got.Action, got.Marks, want.Action, want.Marks)
			}
		}
	})
	if deferred < cases/10 || unsure == 0 {
		t.Errorf("only %d deferrals and %d marks that stay undecided: the generator tests nothing", deferred, unsure)
	}
}

// differOnlyIn reports whether each mark that is in only one of two lists is
// undecided.
func differOnlyIn(undecided, a, b []string) bool {
	for _, mark := range slices.Concat(a, b) {
		if slices.Contains(a, mark) != slices.Contains(b, mark) && !slices.Contains(undecided, mark) {
			return false
		}
	}
	return true
}

func TestLawShadowAndUnreachedRulesChangeNothing(t *testing.T) {
	forEachWorld(t, cases, func(t *testing.T, w *world) {
		rules := w.rules()
		w.breakSome()
		var shadowed verdict.Rules
		for _, rule := range rules {
			for w.rng.IntN(3) == 0 {
				shadowed = append(shadowed, w.rule().Shadow())
			}
			shadowed = append(shadowed, rule)
		}
		for _, stage := range append(stages, envelope.Whole) {
			want, wantWrote := w.judge(t, rules, stage)
			same := func(what string, got verdict.Verdict, wrote []string) {
				if got.Action != want.Action || got.Rule != want.Rule || got.Reply().String() != want.Reply().String() ||
					!slices.Equal(got.Marks, want.Marks) || !slices.Equal(got.Undecided, want.Undecided) || got.Forced != want.Forced || !slices.Equal(wrote, wantWrote) {
					t.Errorf("at %v, %s: %v by %q, wrote %v; want %v by %q, %v",
						stage, what, got.Action, got.Rule, wrote, want.Action, want.Rule, wantWrote)
				}
			}
			got, wrote := w.judge(t, shadowed, stage)
			same("with shadow rules", got, wrote)
			// A rule that certainly decided is not skipped.
			if want.Rule != "" && !want.Forced && want.Action != verdict.Continue {
				got, wrote = w.judge(t, append(slices.Clone(rules), w.rule(), w.rule()), stage)
				same("with rules after it", got, wrote)
			}
		}
	})
}

func TestLawTheSameQuestionIsAskedOnce(t *testing.T) {
	forEachWorld(t, cases, func(t *testing.T, w *world) {
		asked := map[string]int{}
		v, _ := w.judge(t, w.rules(), envelope.Whole)
		for _, step := range v.Trace {
			for _, q := range step.Questions {
				if !q.Reused {
					asked[q.Type+" "+q.Name]++
				}
			}
		}
		for q, n := range asked {
			if n > 1 {
				t.Errorf("%s was asked %d times", q, n)
			}
		}
	})
}
