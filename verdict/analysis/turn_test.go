package analysis_test

import (
	"fmt"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/recipient"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/spf"
	"mxrules.example/verdict"
	"mxrules.example/verdict/analysis"
)

// A refused client asks what has to change.
func ExampleTurns() {
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.AcceptIf(client.Authenticated),
		verdict.RejectUnless(recipient.Ours("example.org")),
		verdict.RejectUnless(helo.FQDN),
		verdict.RejectUnless(rdns.Confirmed),
	}}
	found := analysis.Outcomes{
		"client.authenticated": envelope.Fail, "recipient.ours": envelope.Pass,
		"helo.fqdn": envelope.Fail, "rdns.confirmed": envelope.Fail,
	}
	fmt.Println(analysis.Turns(policy, found, nil))
	noLogin := func(check string, _ envelope.Outcome) bool { return check != "client.authenticated" }
	fmt.Println(analysis.Turns(policy, found, noLogin))
	// Output:
	// map[client.authenticated:pass] true <nil>
	// map[helo.fqdn:pass rdns.confirmed:pass] true <nil>
}

func TestTurns(t *testing.T) {
	isPass := func(_ string, to envelope.Outcome) bool { return to == envelope.Pass }
	never := func(string, envelope.Outcome) bool { return false }
	unlessSPF := verdict.RejectUnless(rdns.Confirmed).Unless(spf.Pass)
	for _, tc := range []struct {
		name  string
		rules verdict.Rules
		found analysis.Outcomes
		may   func(string, envelope.Outcome) bool
		want  string // "none" if no turn leads to an accept
	}{
		{"nothing refuses", verdict.Rules{unlessSPF}, analysis.Outcomes{"rdns.confirmed": envelope.Fail, "spf.pass": envelope.Pass}, nil, "map[]"},
		{"one of two is enough", verdict.Rules{unlessSPF, verdict.RejectUnless(rdns.NotGeneric).Unless(spf.Pass)},
			analysis.Outcomes{"rdns.confirmed": envelope.Fail, "rdns.notgeneric": envelope.Fail, "spf.pass": envelope.Fail}, isPass, "map[spf.pass:pass]"},
		{"a pass that refuses", verdict.Rules{verdict.RejectIf(rdns.In("dyn.example"))}, analysis.Outcomes{"rdns.in": envelope.Pass}, nil, "map[rdns.in:fail]"},
		{"what follows by a fact", verdict.Rules{verdict.RejectUnless(rdns.Confirmed), verdict.AcceptIf(rdns.Exists), verdict.RejectIf(envelope.Not(rdns.Exists))},
			analysis.Outcomes{"rdns.confirmed": envelope.Fail, "rdns.exists": envelope.Fail}, isPass, "map[rdns.confirmed:pass rdns.exists:pass]"},
		{"a failed lookup", verdict.Rules{verdict.RejectUnless(rdns.Confirmed)}, analysis.Outcomes{"rdns.confirmed": envelope.TempError}, isPass, "map[rdns.confirmed:pass]"},
		{"nothing may turn", verdict.Rules{verdict.RejectUnless(rdns.Confirmed)}, analysis.Outcomes{"rdns.confirmed": envelope.Fail}, never, "none"},
		{"nothing is found yet", verdict.Rules{verdict.RejectUnless(rdns.Confirmed)}, nil, never, "map[]"},
		{"one of two checks of a name", verdict.Rules{verdict.RejectIf(client.In(nil)), verdict.RejectIf(client.In(nil))},
			analysis.Outcomes{"client.in": envelope.Fail, "client.in (2)": envelope.Pass}, nil, "map[client.in (2):fail]"},
		{"both checks of a name", verdict.Rules{verdict.RejectIf(client.In(nil)), verdict.RejectIf(client.In(nil))},
			analysis.Outcomes{"client.in": envelope.Pass}, nil, "map[client.in:fail client.in (2):fail]"},
		{"a shadow rule", verdict.Rules{verdict.RejectUnless(rdns.Confirmed).Shadow()}, nil, nil, "map[]"},
	} {
		turns, ok, err := analysis.Turns(verdict.Policy{Rules: tc.rules}, tc.found, tc.may)
		got := fmt.Sprint(turns)
		if !ok {
			got = "none"
		}
		if got != tc.want || err != nil {
			t.Errorf("%s: got %s, %v, want %s", tc.name, got, err, tc.want)
		}
	}
	policy := verdict.Policy{Rules: verdict.Rules{unlessSPF}}
	for _, found := range []analysis.Outcomes{{"spf.notfail": envelope.Pass}, {"spf.pass": envelope.Pending}} {
		if _, _, err := analysis.Turns(policy, found, nil); err == nil {
			t.Errorf("%v has no error", found)
		}
	}
}

// Of all outcomes of the checks that the policy accepts, none differs from what was found
// in fewer checks.
func TestTurnsAreTheFewest(t *testing.T) {
	forEachWorld(t, worlds, func(t *testing.T, w *world) {
		p, laws := w.policy()
		w.limit(laws)
		found := asked(w.someOutcomes(), laws)
		fewest := -1
		w.each(func() {
			if action, _ := verdictOf(laws); action != verdict.Accept || w.newFailures(found) {
				return
			}
			if n := w.differs(found); fewest < 0 || n < fewest {
				fewest = n
			}
		})
		turns, ok, err := analysis.Turns(p, found, nil, w.facts...)
		switch {
		case err != nil:
			t.Fatal(err)
		case ok != (fewest >= 0) || ok && len(turns) != fewest:
			t.Errorf("%v turn for %v, %v, want %d\n%v", turns, found, ok, fewest, texts(laws))
		}
		for check, to := range turns {
			if found[check] == to || to == envelope.TempError {
				t.Errorf("%s turns to %v, found %v", check, to, found)
			}
		}
	})
}

// differs counts the outcomes of the table that are not as found.
func (w *world) differs(found analysis.Outcomes) (n int) {
	for name, o := range found {
		if w.table[name] != o {
			n++
		}
	}
	return n
}

// newFailures reports whether the table has a failure that was not found.
func (w *world) newFailures(found analysis.Outcomes) bool {
	for name, o := range w.table {
		if o == envelope.TempError && found[name] != o {
			return true
		}
	}
	return false
}
