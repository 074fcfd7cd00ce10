package analysis_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/analysis"
)

var (
	outcomes = []envelope.Outcome{envelope.Pass, envelope.Fail, envelope.None, envelope.PermError, envelope.TempError}
	status   = envelope.Status{Code: 550, Subject: 7, Detail: 1}
)

// table has the outcome of each check by its name. Its checks answer what it says.
type table map[string]envelope.Outcome

// check returns a check that answers from a stage on with its outcome in the table.
func (t table) check(name string, stage envelope.Stage) envelope.Check {
	return envelope.At(name, stage, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
		switch o := t[name]; o {
		case envelope.Fail:
			return envelope.Failed("", status, "%s fails", name)
		case envelope.PermError:
			return envelope.Permanent("", status, "%s is broken", name)
		case envelope.TempError:
			return envelope.Temporary("", errors.New("no answer"))
		default:
			return envelope.Finding{Outcome: o}
		}
	})
}

// judge judges an envelope for which the checks have the outcomes of the table.
func judge(t *testing.T, p verdict.Policy) verdict.Verdict {
	t.Helper()
	return p.Judge(t.Context(), nil, &envelope.Envelope{})
}

// world makes random policies over a few checks.
type world struct {
	rng    *rand.Rand
	table  table
	names  []string
	checks []envelope.Check
	stages []envelope.Stage

	kinds []constructor // of the rules that it makes

	facts     []analysis.Fact
	relations []relation // the same facts, as the brute force reads them
}

// relation says that b has one of the outcomes then if a has the outcome when.
type relation struct {
	a, b string
	when envelope.Outcome
	then []envelope.Outcome
}

// forEachWorld calls test with random worlds. MXRULES_SEED repeats a run, and
// MXRULES_CASES multiplies the count.
func forEachWorld(t *testing.T, count uint64, test func(t *testing.T, w *world)) {
	t.Helper()
	seed := rand.Uint64()
	if s, err := strconv.ParseUint(os.Getenv("MXRULES_SEED"), 10, 64); err == nil {
		seed = s
	}
	count *= times()
	t.Logf("MXRULES_SEED=%d, %d worlds", seed, count)
	for i := range count {
		w := newWorld(rand.New(rand.NewPCG(seed, i)))
		test(t, w)
		if t.Failed() {
			t.Fatalf("world %d of MXRULES_SEED=%d", i, seed)
		}
	}
}

// times returns MXRULES_CASES, or 1.
func times() uint64 {
	if times, err := strconv.ParseUint(os.Getenv("MXRULES_CASES"), 10, 64); err == nil {
		return times
	}
	return 1
}

// newWorld makes few checks mostly, because all outcomes of all of them are tried. In some worlds
// all rules mark, because few other policies differ in nothing but a mark.
func newWorld(rng *rand.Rand) *world {
	w := &world{rng: rng, table: table{}, kinds: constructors}
	if rng.IntN(5) == 0 {
		w.kinds = constructors[len(constructors)-2:]
	}
	for i := range 2 + min(rng.IntN(4), rng.IntN(4)) {
		name := fmt.Sprintf("c%d", i)
		stage := envelope.Connect + envelope.Stage(rng.IntN(5))
		if stage == envelope.Data {
			stage = envelope.Rcpt // a check at Data needs a message
		}
		w.names, w.stages = append(w.names, name), append(w.stages, stage)
		w.checks = append(w.checks, w.table.check(name, stage))
	}
	for w.rng.IntN(3) == 0 {
		w.relate()
	}
	return w
}

// relate adds a fact.
func (w *world) relate() {
	some := func() (list []envelope.Outcome) {
		for len(list) == 0 {
			for _, o := range outcomes {
				if w.rng.IntN(2) == 0 {
					list = append(list, o)
				}
			}
		}
		return list
	}
	a, b := w.rng.IntN(len(w.names)), w.rng.IntN(len(w.names))
	if a == b {
		return
	}
	r := relation{w.names[a], w.names[b], outcomes[w.rng.IntN(len(outcomes))], some()}
	w.relations = append(w.relations, r)
}

// limit drops facts about checks that no policy asks, which are not used.
func (w *world) limit(policies ...[]law) {
	var asked strings.Builder
	for _, laws := range policies {
		asked.WriteString(texts(laws))
	}
	w.facts = nil
	w.relations = slices.DeleteFunc(w.relations, func(r relation) bool {
		return !strings.Contains(asked.String(), r.a) || !strings.Contains(asked.String(), r.b)
	})
	for _, r := range w.relations {
		w.facts = append(w.facts, analysis.If(r.a, r.when, r.b, r.then...))
	}
}

// possible reports whether the outcomes of the table agree with the facts.
func (w *world) possible() bool {
	for _, r := range w.relations {
		if w.table[r.a] == r.when && !slices.Contains(r.then, w.table[r.b]) {
			return false
		}
	}
	return true
}

// law is a rule as the brute force reads it.
type law struct {
	text       string
	outcome    func() envelope.Outcome
	conditions []condition
	actions    map[envelope.Outcome]verdict.Action
	ignores    bool
	mark       string // that it sets if it takes the action Mark
}

type condition struct {
	outcome func() envelope.Outcome
	unless  bool
}

// check returns a check or a combination of checks, and what it answers by the table
// of package envelope.
func (w *world) check(depth int) (envelope.Check, func() envelope.Outcome, string) {
	if depth == 0 || w.rng.IntN(3) > 0 {
		i := w.rng.IntN(len(w.checks))
		return w.checks[i], func() envelope.Outcome { return w.table[w.names[i]] }, w.names[i]
	}
	a, outcomeA, textA := w.check(depth - 1)
	if w.rng.IntN(3) == 0 {
		return envelope.Not(a), func() envelope.Outcome {
			switch o := outcomeA(); o {
			case envelope.Pass:
				return envelope.Fail
			case envelope.Fail:
				return envelope.Pass
			default:
				return o
			}
		}, "not(" + textA + ")"
	}
	b, outcomeB, textB := w.check(depth - 1)
	heaviest := func(order ...envelope.Outcome) func() envelope.Outcome {
		return func() envelope.Outcome {
			both := []envelope.Outcome{outcomeA(), outcomeB()}
			for i, o := range both {
				if o == envelope.PermError {
					both[i] = envelope.Fail
				}
			}
			for _, o := range order {
				if slices.Contains(both, o) {
					return o
				}
			}
			return envelope.None
		}
	}
	if w.rng.IntN(2) == 0 {
		return envelope.All(a, b), heaviest(envelope.Fail, envelope.TempError, envelope.Pass), "all(" + textA + "," + textB + ")"
	}
	return envelope.Any(a, b), heaviest(envelope.Pass, envelope.TempError, envelope.Fail), "any(" + textA + "," + textB + ")"
}

// constructor is a function that makes a rule, and what that rule does.
type constructor struct {
	name   string
	make   func(envelope.Check) verdict.Rule
	on     envelope.Outcome
	action verdict.Action
}

var constructors = []constructor{
	{"AcceptIf", verdict.AcceptIf, envelope.Pass, verdict.Accept},
	{"AcceptIf", verdict.AcceptIf, envelope.Pass, verdict.Accept},
	{"RejectUnless", verdict.RejectUnless, envelope.Fail, verdict.Reject},
	{"RejectIf", verdict.RejectIf, envelope.Pass, verdict.Reject},
	{"TempFailUnless", verdict.TempFailUnless, envelope.Fail, verdict.TempFail},
	{"MarkIf m", marking("m"), envelope.Pass, verdict.Mark},
	{"MarkIf n", marking("n"), envelope.Pass, verdict.Mark},
}

func marking(mark string) func(envelope.Check) verdict.Rule {
	return func(c envelope.Check) verdict.Rule { return verdict.MarkIf(c, mark) }
}

func (w *world) rule() (verdict.Rule, law) {
	c := w.kinds[w.rng.IntN(len(w.kinds))]
	check, outcome, text := w.check(2)
	r := c.make(check)
	l := law{text: c.name + " " + text, outcome: outcome, actions: map[envelope.Outcome]verdict.Action{c.on: c.action}}
	for w.rng.IntN(3) == 0 {
		check, outcome, text := w.check(1)
		unless := w.rng.IntN(2) == 0
		if unless {
			r, l.text = r.Unless(check), l.text+" Unless "+text
		} else {
			r, l.text = r.When(check), l.text+" When "+text
		}
		l.conditions = append(l.conditions, condition{outcome, unless})
	}
	on := func(o envelope.Outcome, a verdict.Action) {
		r, l.text = r.On(o, a), fmt.Sprintf("%s On(%v, %v)", l.text, o, a)
		l.actions[o] = a
	}
	if w.rng.IntN(5) == 0 {
		on(outcomes[w.rng.IntN(len(outcomes))], verdict.Continue+verdict.Action(w.rng.IntN(5)))
	}
	if w.rng.IntN(5) == 0 {
		r, l.text = r.Ignoring(envelope.TempError), l.text+" Ignoring"
		l.ignores, l.actions[envelope.TempError] = true, verdict.Continue
	}
	return r, l
}

// policy returns a random policy and its rules as the brute force reads them.
func (w *world) policy() (verdict.Policy, []law) {
	rules, laws := make(verdict.Rules, 1+w.rng.IntN(8)), []law{}
	for i := range rules {
		rule, law := w.rule()
		rules[i] = rule.Named(fmt.Sprint("r", i+1))
		law.mark = rules[i].Mark()
		laws = append(laws, law)
	}
	return verdict.Policy{Rules: rules}, laws
}

// vary returns a policy with some rules replaced.
func (w *world) vary(p verdict.Policy, laws []law) (verdict.Policy, []law) {
	p.Rules, laws = slices.Clone(p.Rules), slices.Clone(laws)
	i := w.rng.IntN(len(laws))
	rule, law := w.rule()
	p.Rules[i], laws[i] = rule.Named(p.Rules[i].Name()), law
	laws[i].mark = p.Rules[i].Mark()
	return p, laws
}

// part gives two policies a first rule each, which together refuse every message: no message
// is accepted by both.
func (w *world) part(a, b verdict.Policy, lawsA, lawsB []law) (partA, partB verdict.Policy, partLawsA, partLawsB []law) {
	check, outcome, text := w.check(2)
	ruleA, ruleB := verdict.RejectUnless(check), verdict.RejectUnless(check)
	lawA := law{text: "parted by " + text, outcome: outcome, actions: map[envelope.Outcome]verdict.Action{}}
	lawB := lawA
	lawB.actions = map[envelope.Outcome]verdict.Action{}
	for _, o := range outcomes {
		actions := []verdict.Action{verdict.Reject, verdict.Continue}
		i := w.rng.IntN(2)
		ruleA, ruleB = ruleA.On(o, actions[i]), ruleB.On(o, actions[1-i])
		lawA.actions[o], lawB.actions[o] = actions[i], actions[1-i]
	}
	first := func(r verdict.Rule, p verdict.Policy) verdict.Policy {
		return verdict.Policy{Rules: append(verdict.Rules{r.Named("r0")}, p.Rules...)}
	}
	return first(ruleA, a), first(ruleB, b), append([]law{lawA}, lawsA...), append([]law{lawB}, lawsB...)
}

func texts(laws []law) string {
	var b strings.Builder
	for i, l := range laws {
		fmt.Fprintf(&b, "%d %s\n", i+1, l.text)
	}
	return b.String()
}

// each calls visit for all outcomes of all checks that agree with the facts.
func (w *world) each(visit func()) {
	var pick func(i int)
	pick = func(i int) {
		if i == len(w.names) {
			if w.possible() {
				visit()
			}
			return
		}
		for _, o := range outcomes {
			w.table[w.names[i]] = o
			pick(i + 1)
		}
	}
	pick(0)
}
