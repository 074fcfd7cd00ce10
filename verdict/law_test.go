package verdict_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// cases is how many policies each law is tried on in one run.
const cases = 10_000

// world is one generated policy with everything that it can meet.
type world struct {
	rng    *rand.Rand
	atoms  []atom
	broken map[string]bool // names whose lookup fails
	wrote  *[]string       // what Commits wrote, in order
	tame   bool            // no rule overrides the law
	desc   []string        // the rules in words, for a failing test
}

// atom is a check that answers from its stage on: with a word that it finds in
// DNS, or by itself.
type atom struct {
	name    string
	stage   envelope.Stage
	dns     bool
	salt    uint32
	commits bool
}

var stages = []envelope.Stage{envelope.Connect, envelope.Helo, envelope.Mail, envelope.Rcpt, envelope.Data}

func newWorld(seed, i uint64) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, i)), broken: map[string]bool{}, wrote: new([]string)}
	w.tame = w.rng.IntN(2) == 0
	for n := range 3 + w.rng.IntN(5) {
		w.atoms = append(w.atoms, atom{
			name:    fmt.Sprintf("atom%d", n),
			stage:   stages[w.rng.IntN(len(stages))],
			dns:     w.rng.IntN(2) == 0,
			salt:    w.rng.Uint32(),
			commits: w.rng.IntN(3) == 0,
		})
	}
	return w
}

// envelope makes one at a stage, with the fields beyond it filled as well: a
// check that peeks would be found out.
func (w *world) envelope(stage envelope.Stage) *envelope.Envelope {
	return &envelope.Envelope{
		Stage: stage, ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "h", MailFrom: "f@x", RcptTo: "t@y",
		Message: envelope.NewMessage([]byte("a: b\r\n\r\n")),
	}
}

// check returns an atom or a combination of some.
func (w *world) check(depth int) (envelope.Check, string) {
	if depth == 0 || w.rng.IntN(3) > 0 {
		a := w.atoms[w.rng.IntN(len(w.atoms))]
		return w.atomCheck(a), fmt.Sprintf("%s@%v", a.name, a.stage)
	}
	a, nameA := w.check(depth - 1)
	b, nameB := w.check(depth - 1)
	switch w.rng.IntN(3) {
	case 0:
		return envelope.All(a, b), "all(" + nameA + "," + nameB + ")"
	case 1:
		return envelope.Any(a, b), "any(" + nameA + "," + nameB + ")"
	}
	return envelope.Not(a), "not(" + nameA + ")"
}

func (w *world) atomCheck(a atom) envelope.Check {
	return envelope.At(a.name, a.stage, func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		word := a.word()
		if a.dns {
			txt, err := envelope.LookupTXT(ctx, r, a.name+".example")
			if err != nil {
				return envelope.Temporary("", err)
			}
			word = txt[0]
		}
		f := envelope.Finding{Check: a.name}
		switch word {
		case "pass":
			f = envelope.Passed("")
		case "fail":
			f = envelope.Failed("", reject, "%s fails", a.name)
		case "permerror":
			f = envelope.Permanent("", reject, "%s is broken", a.name)
		case "none":
			f = envelope.NotApplicable("")
		}
		if a.commits {
			f.Commit = func(context.Context) error {
				*w.wrote = append(*w.wrote, a.name)
				return nil
			}
		}
		return f
	})
}

func (a atom) word() string {
	h := fnv.New32()
	fmt.Fprint(h, a.name, a.salt)
	return []string{"pass", "pass", "fail", "fail", "none", "permerror"}[h.Sum32()%6]
}

// The world is its own Resolver: only TXT records exist.
func (w *world) LookupTXT(_ context.Context, name string) ([]string, error) {
	if w.broken[name] {
		return nil, &net.DNSError{Err: "server misbehaving", Name: name, IsTemporary: true}
	}
	for _, a := range w.atoms {
		if name == a.name+".example." {
			return []string{a.word()}, nil
		}
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}
func (w *world) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) { return nil, nil }
func (w *world) LookupAddr(context.Context, string) ([]string, error)              { return nil, nil }
func (w *world) LookupMX(context.Context, string) ([]*net.MX, error)               { return nil, nil }
func (w *world) LookupCNAME(context.Context, string) (string, error)               { return "", nil }

func (w *world) rule() verdict.Rule {
	check, desc := w.check(2)
	var r verdict.Rule
	switch w.rng.IntN(4) {
	case 0:
		r, desc = verdict.AcceptIf(check), "AcceptIf "+desc
	case 1:
		r, desc = verdict.RejectUnless(check), "RejectUnless "+desc
	case 2:
		r, desc = verdict.TempFailUnless(check), "TempFailUnless "+desc
	case 3:
		r, desc = verdict.MarkUnless(check, strconv.Itoa(w.rng.IntN(3))), "MarkUnless "+desc
	}
	for w.rng.IntN(3) == 0 {
		condition, name := w.check(1)
		if w.rng.IntN(2) == 0 {
			r, desc = r.When(condition), desc+" When "+name
		} else {
			r, desc = r.Unless(condition), desc+" Unless "+name
		}
	}
	if w.rng.IntN(5) == 0 {
		outcome := []envelope.Outcome{envelope.None, envelope.Pass, envelope.Fail, envelope.PermError}[w.rng.IntN(4)]
		action := verdict.Continue + verdict.Action(w.rng.IntN(5))
		r, desc = r.On(outcome, action), fmt.Sprintf("%s On(%v,%v)", desc, outcome, action)
	}
	if !w.tame && w.rng.IntN(5) == 0 {
		r, desc = r.Ignoring(envelope.TempError), desc+" Ignoring"
	} else if !w.tame && w.rng.IntN(5) == 0 {
		action := verdict.Continue + verdict.Action(w.rng.IntN(5))
		r, desc = r.On(envelope.TempError, action), fmt.Sprintf("%s On(temperror,%v)", desc, action)
	}
	w.desc = append(w.desc, desc)
	return r
}

func (w *world) rules() verdict.Rules {
	rules := make(verdict.Rules, 1+w.rng.IntN(8))
	for i := range rules {
		rules[i] = w.rule()
	}
	return rules
}

// breakSome makes a random part of the lookups fail.
func (w *world) breakSome() {
	for _, a := range w.atoms {
		if w.rng.IntN(3) == 0 {
			w.broken[a.name+".example."] = true
		}
	}
}

// judge judges and returns what was written besides.
func (w *world) judge(t *testing.T, rules verdict.Rules, stage envelope.Stage) (verdict.Verdict, []string) {
	*w.wrote = nil
	v := verdict.Policy{Rules: rules}.Judge(t.Context(), w, w.envelope(stage))
	if v.Action == verdict.Continue && len(*w.wrote) > 0 {
		t.Fatalf("an unsettled verdict wrote %v", *w.wrote)
	}
	return v, slices.Clone(*w.wrote)
}

func (w *world) String() string {
	var b strings.Builder
	for _, d := range w.desc {
		fmt.Fprintln(&b, d)
	}
	for _, a := range w.atoms {
		fmt.Fprintf(&b, "%s = %s (dns %v)\n", a.name, a.word(), a.dns)
	}
	fmt.Fprintln(&b, "broken:", slices.Sorted(maps.Keys(w.broken)))
	return b.String()
}

// forEachWorld runs a law on generated worlds. MXRULES_SEED repeats a run.
func forEachWorld(t *testing.T, law func(t *testing.T, w *world)) {
	seed := rand.Uint64()
	if s, err := strconv.ParseUint(os.Getenv("MXRULES_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("MXRULES_SEED=%d, %d policies", seed, cases)
	for i := range uint64(cases) {
		w := newWorld(seed, i)
		law(t, w)
		if t.Failed() {
			t.Fatalf("policy %d of MXRULES_SEED=%d:\n%v", i, seed, w)
		}
	}
}

func TestLawEarlyIsNeverDifferent(t *testing.T) {
	early := 0
	forEachWorld(t, func(t *testing.T, w *world) {
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
			if v.Action != whole.Action || !slices.Equal(v.Marks, whole.Marks) || v.Forced != whole.Forced {
				t.Errorf("at %v: %v %v (forced %v), whole: %v %v (forced %v)",
					stage, v.Action, v.Marks, v.Forced, whole.Action, whole.Marks, whole.Forced)
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
	deferred := 0
	forEachWorld(t, func(t *testing.T, w *world) {
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
	if deferred < cases/10 {
		t.Errorf("only %d deferrals: the generator tests nothing", deferred)
	}
}

func TestLawShadowAndUnreachedRulesChangeNothing(t *testing.T) {
	forEachWorld(t, func(t *testing.T, w *world) {
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
					!slices.Equal(got.Marks, want.Marks) || got.Forced != want.Forced || !slices.Equal(wrote, wantWrote) {
					t.Errorf("at %v, %s: %v by %q, wrote %v; want %v by %q, %v",
						stage, what, got.Action, got.Rule, wrote, want.Action, want.Rule, wantWrote)
				}
			}
			got, wrote := w.judge(t, shadowed, stage)
			same("with shadow rules", got, wrote)
			// A rule that decided for certain is not passed by.
			if want.Action == verdict.Reject {
				got, wrote = w.judge(t, append(slices.Clone(rules), w.rule(), w.rule()), stage)
				same("with rules behind", got, wrote)
			}
		}
	})
}

func TestLawTheSameQuestionIsAskedOnce(t *testing.T) {
	forEachWorld(t, func(t *testing.T, w *world) {
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
