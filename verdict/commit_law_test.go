package verdict_test

import (
	"slices"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// transaction judges stage by stage until a verdict is final. It returns that
// verdict, and fails the test if a judgement writes what it must not.
func (w *world) transaction(t *testing.T, rules verdict.Rules) verdict.Verdict {
	for _, stage := range stages {
		v, _ := w.judge(t, rules, stage) // which lets no unsettled verdict write
		if called := slices.Sorted(slices.Values(w.called)); len(slices.Compact(called)) != len(w.called) {
			t.Errorf("at %v: a Commit was called twice: those of the rules %v", stage, w.called)
		}
		if v.Action != verdict.Continue {
			return v
		}
	}
	t.Error("not settled at Data")
	return verdict.Verdict{}
}

func TestLawOnlyAFinalVerdictWritesWhateverCommitsFail(t *testing.T) {
	failed, deferred := 0, 0
	forEachWorld(t, 2*cases, func(t *testing.T, w *world) {
		rules := w.rules()
		w.breakSome()
		sound := w.transaction(t, rules)
		wouldWrite := len(w.wrote)
		for _, a := range w.atoms {
			w.full[a.name] = w.rng.IntN(2) == 0
		}
		got := w.transaction(t, rules)
		if len(w.wrote) == wouldWrite {
			return
		}
		failed++
		if got.Action == verdict.TempFail && got.Forced {
			deferred++
			if got.Rule == "" || got.Finding.Outcome != envelope.TempError || got.Text == "" {
				t.Errorf("deferred by %q for %v %q", got.Rule, got.Finding.Outcome, got.Text)
			}
		}
		if w.tame && got.Action != sound.Action && !(got.Action == verdict.TempFail && got.Forced) {
			t.Errorf("%v by %q, without failures %v", got.Action, got.Rule, sound.Action)
		}
	})
	t.Logf("%d transactions with Commits that failed, %d deferred", failed, deferred)
	if failed < cases/10 || deferred < cases/25 {
		t.Error("the generator tests too little")
	}
}
