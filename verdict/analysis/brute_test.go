package analysis_test

import (
	"maps"
	"slices"
	"testing"

	"mxrules.example/verdict"
	"mxrules.example/verdict/analysis"
)

// worlds is the number of policies in one run. MXRULES_CASES=100 makes it 100,000.
const worlds = 1_000

// apply sets the outcomes of a witness, and arbitrary ones for other checks that agree with
// the facts.
func (w *world) apply(t *testing.T, witness *analysis.Witness) {
	t.Helper()
	for range 10_000 {
		for _, name := range w.names {
			w.table[name] = outcomes[w.rng.IntN(len(outcomes))]
		}
		maps.Copy(w.table, witness.Outcomes)
		if w.possible() {
			return
		}
	}
	t.Errorf("%v contradicts the facts %v", witness, w.relations)
}

// holds reports whether a policy really decides as a witness says, and as the brute force
// does.
func holds(t *testing.T, p verdict.Policy, laws []law, d analysis.Decision) {
	t.Helper()
	v := judge(t, p)
	if v.Action != d.Action || v.Forced != d.Forced || !d.Forced && v.Rule != d.Rule {
		t.Errorf("the witness says %v, the verdict is %v by %q", d, v.Action, v.Rule)
	}
	if d.Mark != "" && (slices.Contains(v.Marks, d.Mark) != d.Marked || slices.Contains(v.Undecided, d.Mark) != d.Undecided) {
		t.Errorf("the witness says %v, the verdict has the marks %v, and %v undecided", d, v.Marks, v.Undecided)
	}
	if action, _ := verdictOf(laws); action != v.Action {
		t.Errorf("the brute force is wrong: %v instead of %v\n%v", action, v.Action, texts(laws))
	}
	set, undecided := marksOf(laws)
	slices.Sort(v.Marks)
	slices.Sort(v.Undecided)
	if v.Action == verdict.Accept && (!slices.Equal(set, v.Marks) || !slices.Equal(undecided, v.Undecided)) {
		t.Errorf("the brute force is wrong: %v and %v instead of %v and %v\n%v", set, undecided, v.Marks, v.Undecided, texts(laws))
	}
}

// sameMarks reports whether two policies set the same marks on a message that they accept.
func sameMarks(a, b []law) bool {
	setA, undecidedA := marksOf(a)
	setB, undecidedB := marksOf(b)
	return slices.Equal(setA, setB) && slices.Equal(undecidedA, undecidedB)
}

func TestAgreesWithBruteForce(t *testing.T) {
	found := map[string]int{}
	forEachWorld(t, worlds, func(t *testing.T, w *world) {
		a, lawsA := w.policy()
		b, lawsB := w.policy()
		switch w.rng.IntN(8) {
		case 0:
			a, b, lawsA, lawsB = w.part(a, b, lawsA, lawsB)
		case 1, 2, 3, 4:
			b, lawsB = w.vary(a, lawsA)
		}
		w.limit(lawsA, lawsB)
		implied, same, disjoint := true, true, true
		w.each(func() {
			x, _ := verdictOf(lawsA)
			y, _ := verdictOf(lawsB)
			implied = implied && (x != verdict.Accept || y == verdict.Accept)
			same = same && x == y && (x != verdict.Accept || sameMarks(lawsA, lawsB))
			disjoint = disjoint && (x != verdict.Accept || y != verdict.Accept)
		})
		for _, question := range []struct {
			name string
			ask  func(a, b verdict.Policy, facts ...analysis.Fact) (*analysis.Witness, error)
			want bool
		}{
			{"implied", analysis.Implies, implied},
			{"equivalent", analysis.Equivalent, same},
			{"disjoint", analysis.Disjoint, disjoint},
		} {
			witness, err := question.ask(a, b, w.facts...)
			if err != nil || (witness == nil) != question.want {
				t.Errorf("%s is %v (%v, %v)\n%v\n%v", question.name, question.want, witness, err, texts(lawsA), texts(lawsB))
				return
			}
			if witness == nil {
				found[question.name]++
				continue
			}
			found["not "+question.name]++
			if witness.Decisions[0].Mark != "" {
				found["not equivalent in marks"]++
			}
			w.apply(t, witness)
			x, _ := verdictOf(lawsA)
			y, _ := verdictOf(lawsB)
			if x != witness.Decisions[0].Action || y != witness.Decisions[1].Action {
				t.Errorf("%v: %v and %v\n%v\n%v", witness, x, y, texts(lawsA), texts(lawsB))
			}
			if witness.Decisions[0].Mark != "" && sameMarks(lawsA, lawsB) {
				t.Errorf("%v: the marks are the same\n%v\n%v", witness, texts(lawsA), texts(lawsB))
			}
		}
	})
	t.Log(found)
	for _, name := range []string{"implied", "equivalent", "disjoint", "not implied", "not equivalent", "not equivalent in marks", "not disjoint"} {
		if found[name] < worlds/50 {
			t.Errorf("%d policies are %s: the generator tests too little", found[name], name)
		}
	}
}

// The checks of a witness are those of package envelope: judged really, the same rule
// decides.
func TestWitnessesHoldWhenJudged(t *testing.T) {
	forced, undecided := 0, 0
	forEachWorld(t, worlds, func(t *testing.T, w *world) {
		a, laws := w.policy()
		b, lawsB := w.vary(a, laws)
		w.limit(laws, lawsB)
		witness, err := analysis.Equivalent(a, b, w.facts...)
		if err != nil || witness == nil {
			return
		}
		for range 3 {
			w.apply(t, witness)
			holds(t, a, laws, witness.Decisions[0])
			holds(t, b, lawsB, witness.Decisions[1])
		}
		if witness.Decisions[0].Forced {
			forced++
		}
		if witness.Decisions[0].Undecided {
			undecided++
		}
	})
	t.Logf("%d witnesses have a forced tempfail, %d an undecided mark", forced, undecided)
	if forced == 0 || undecided == 0 {
		t.Errorf("%d witnesses have a forced tempfail, %d an undecided mark: the generator tests too little", forced, undecided)
	}
}
