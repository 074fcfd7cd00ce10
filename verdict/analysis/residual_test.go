package analysis_test

import (
	"fmt"
	"slices"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/analysis"
)

func TestResidualAgreesWithBruteForce(t *testing.T) {
	settled, early := 0, 0
	forEachWorld(t, worlds, func(t *testing.T, w *world) {
		p, laws := w.policy()
		w.limit(laws)
		known := asked(w.someOutcomes(), laws)
		rest, err := analysis.Residual(p, envelope.Whole, known, w.facts...)
		if none := len(w.endings(laws, func() bool { return w.agrees(known) })) == 0; (err != nil) != none {
			t.Fatalf("%v; no outcomes are possible: %v", err, none)
		}
		actions, rules, matter := map[verdict.Action]bool{}, map[int]bool{}, map[string]bool{}
		w.each(func() {
			if !w.agrees(known) {
				return
			}
			action, place := verdictOf(laws)
			actions[action], rules[place] = true, true
			for _, name := range w.names {
				was := w.table[name]
				for _, o := range outcomes {
					w.table[name] = o
					if a, p := verdictOf(laws); w.possible() && w.agrees(known) && (a != action || p != place) {
						matter[name] = true
					}
				}
				w.table[name] = was
			}
		})
		for a := verdict.Accept; a <= verdict.Reject; a++ {
			if slices.Contains(rest.Actions, a) != actions[a] {
				t.Errorf("%v can decide %v: %v", rest, a, actions[a])
			}
		}
		for i, rule := range p.Rules {
			if slices.Contains(rest.Rules, rule.Name()) != rules[i+1] {
				t.Errorf("%v: rule %d can decide: %v", rest, i+1, rules[i+1])
			}
		}
		for _, name := range w.names {
			if got := slices.Contains(rest.Now, name); got != matter[name] && (!got || len(w.facts) == 0) {
				t.Errorf("%v: %s matters: %v", rest, name, matter[name])
			}
		}
		if t.Failed() {
			t.Logf("known: %v\n%v", known, texts(laws))
		}
		if len(rest.Actions) == 1 {
			settled++
		}
		early += w.settlesEarly(t, p, laws)
	})
	if settled < worlds/10 || early < worlds/10 {
		t.Errorf("%d are settled, and %d early: the generator tests too little", settled, early)
	}
}

// settlesEarly returns 1 if a judgement at a stage is final. Then the rest is settled by
// what answers there.
func (w *world) settlesEarly(t *testing.T, p verdict.Policy, laws []law) int {
	stage := envelope.Connect + envelope.Stage(w.rng.IntN(4))
	known := analysis.Outcomes{}
	for i, name := range w.names {
		w.table[name] = outcomes[w.rng.IntN(len(outcomes))]
		if w.stages[i] <= stage {
			known[name] = w.table[name]
		}
	}
	v := p.Judge(t.Context(), nil, &envelope.Envelope{Stage: stage})
	if v.Action == verdict.Continue {
		return 0
	}
	rest, err := analysis.Residual(p, stage, asked(known, laws))
	if err != nil || !slices.Equal(rest.Actions, []verdict.Action{v.Action}) {
		t.Errorf("at %v the verdict is %v, and the rest %v (%v)\n%v", stage, v.Action, rest, err, texts(laws))
	}
	return 1
}

func TestResidualTellsNowFromLater(t *testing.T) {
	w := table{}
	a, b, c := w.check("site.a", envelope.Connect), w.check("site.b", envelope.Rcpt), w.check("site.c", envelope.Data)
	p := verdict.Policy{Rules: verdict.Rules{verdict.AcceptIf(a), verdict.RejectUnless(b), verdict.RejectUnless(c).Unless(b)}}
	for _, tc := range []struct {
		known analysis.Outcomes
		want  string
	}{
		{nil, "{[accept tempfail reject] [site.a site.b site.c] [site.a site.b] [site.c]}"},
		{analysis.Outcomes{"site.a": envelope.Pass}, "{[accept] [site.a] [] []}"},
		{analysis.Outcomes{"site.a": envelope.Fail}, "{[accept tempfail reject] [site.b site.c] [site.b] [site.c]}"},
		{analysis.Outcomes{"site.a": envelope.Fail, "site.b": envelope.None}, "{[accept tempfail reject] [site.c] [] [site.c]}"},
		{analysis.Outcomes{"site.a": envelope.Fail, "site.b": envelope.Pass}, "{[accept] [] [] []}"},
	} {
		rest, err := analysis.Residual(p, envelope.Rcpt, tc.known)
		if got := fmt.Sprint(rest); err != nil || got != tc.want {
			t.Errorf("%v: got %v (%v), want %v", tc.known, got, err, tc.want)
		}
	}
}
