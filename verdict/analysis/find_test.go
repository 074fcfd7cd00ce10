package analysis_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/analysis"
)

// endings returns what a policy can decide, by brute force, where the outcomes are as
// wanted.
func (w *world) endings(laws []law, wanted func() bool) map[string]bool {
	found := map[string]bool{}
	w.each(func() {
		if wanted() {
			action, place := verdictOf(laws)
			found[ending(action, place)] = true
		}
	})
	return found
}

func ending(action verdict.Action, place int) string { return fmt.Sprint(action, place) }

// someOutcomes returns outcomes of some of the checks.
func (w *world) someOutcomes() analysis.Outcomes {
	some := analysis.Outcomes{}
	for _, name := range w.names {
		if w.rng.IntN(3) == 0 {
			some[name] = outcomes[w.rng.IntN(len(outcomes))]
		}
	}
	return some
}

// agrees reports whether the table has these outcomes.
func (w *world) agrees(some analysis.Outcomes) bool {
	for name, o := range some {
		if w.table[name] != o {
			return false
		}
	}
	return true
}

// asked leaves the outcomes of checks that a policy asks: the others are an error.
func asked(some analysis.Outcomes, laws []law) analysis.Outcomes {
	text := texts(laws)
	maps.DeleteFunc(some, func(name string, _ envelope.Outcome) bool { return !strings.Contains(text, name) })
	return some
}

func TestFindAgreesWithBruteForce(t *testing.T) {
	forEachWorld(t, worlds, func(t *testing.T, w *world) {
		p, laws := w.policy()
		w.limit(laws)
		when := asked(w.someOutcomes(), laws)
		want := w.endings(laws, func() bool { return w.agrees(when) })
		witnesses, err := analysis.Find(p, analysis.Question{When: when}, w.facts...)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for _, witness := range witnesses {
			d := witness.Decisions[0]
			place := d.Number
			if d.Forced {
				place = -1
			}
			got[ending(d.Action, place)] = true
			w.apply(t, witness)
			if action, decided := verdictOf(laws); action != d.Action || decided != place || !w.agrees(when) {
				t.Errorf("%v: %v by %d\n%v", witness, action, decided, texts(laws))
			}
			w.isMinimal(t, witness, laws, when)
		}
		if !maps.Equal(got, want) {
			t.Errorf("got %v, want %v, where %v\n%v", got, want, when, texts(laws))
		}
	})
}

// isMinimal fails the test if the decision is the same without one of the outcomes of the
// witness that the question does not have.
func (w *world) isMinimal(t *testing.T, witness *analysis.Witness, laws []law, when analysis.Outcomes) {
	t.Helper()
	for dropped := range witness.Outcomes {
		if when[dropped] != 0 {
			continue
		}
		others := maps.Clone(witness.Outcomes)
		delete(others, dropped)
		if len(w.endings(laws, func() bool { return w.agrees(others) })) == 1 {
			t.Errorf("%v: %s does not matter\n%v", witness, dropped, texts(laws))
		}
	}
}

func TestFindRestricts(t *testing.T) {
	w := table{}
	a, b := w.check("site.a", envelope.Connect), w.check("site.b", envelope.Mail)
	p := verdict.Policy{Rules: verdict.Rules{verdict.AcceptIf(a), verdict.RejectUnless(b), verdict.TempFailUnless(a).Named("third")}}
	for _, tc := range []struct {
		question analysis.Question
		want     string
	}{
		{analysis.Question{}, "accept by rule 1 (site.a), if site.a passes\n" +
			"reject by rule 2 (site.b), if site.a and site.b fail\n" +
			"tempfail by rule 3 (third), if site.a fails, and site.b passes\n" +
			"accept by no rule, if site.a is none, and site.b passes\n" +
			"tempfail forced by rule 1 (site.a), if site.a is temperror"},
		{analysis.Question{Action: verdict.Reject}, "reject by rule 2 (site.b), if site.a and site.b fail"},
		{analysis.Question{Rule: "third"}, "tempfail by rule 3 (third), if site.a fails, and site.b passes"},
		{analysis.Question{Action: verdict.Accept, When: analysis.Outcomes{"site.b": envelope.Fail}}, "accept by rule 1 (site.a), if site.b fails, and site.a passes"},
		{analysis.Question{Action: verdict.Accept, Rule: "third"}, ""},
		{analysis.Question{Rule: "fourth"}, `there is no rule "fourth"; the rules are site.a, site.b, third`},
		{analysis.Question{When: analysis.Outcomes{"site.c": envelope.Fail}}, `no rule asks a check "site.c"; the rules ask site.a, site.b`},
		{analysis.Question{When: analysis.Outcomes{"site.a": envelope.Pending}}, `"pending" is not a final outcome of site.a`},
	} {
		witnesses, err := analysis.Find(p, tc.question)
		var lines []string
		for _, witness := range witnesses {
			lines = append(lines, witness.String())
		}
		if err != nil {
			lines = append(lines, err.Error())
		}
		if got := strings.Join(lines, "\n"); got != tc.want {
			t.Errorf("%+v: got\n%s\nwant\n%s", tc.question, got, tc.want)
		}
	}
}
