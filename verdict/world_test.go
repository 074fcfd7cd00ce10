package verdict_test

import (
	"context"
	"errors"
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
	"sync/atomic"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// world is a generated policy with its checks and its DNS.
type world struct {
	rng    *rand.Rand
	atoms  []atom
	broken map[string]bool // names whose lookup fails
	full   map[string]bool // atoms whose Commit fails
	wrote  []string        // the atoms that Commits wrote, in order
	called []int           // the rules whose Commit was called, in order
	ahead  atomic.Int64    // lookups before the message had come
	tame   bool            // no rule overrides the law
	specs  []spec          // the rules, for the model
}

// atom is a check that answers from its stage on, with a word that it finds in
// DNS or without DNS.
type atom struct {
	name    string
	stage   envelope.Stage
	dns     bool
	salt    uint32
	commits bool
	blind   bool // it uses nothing about the client
}

// spec is a rule as the model sees it.
type spec struct {
	check      envelope.Check
	conditions []condition
	actions    map[envelope.Outcome]verdict.Action // without one the next rule is tried
	ignores    bool
	mark       string
	text       string
}

type condition struct {
	check  envelope.Check
	unless bool
}

var stages = []envelope.Stage{envelope.Connect, envelope.Helo, envelope.Mail, envelope.Rcpt, envelope.Data}

func newWorld(seed, i uint64) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, i)), broken: map[string]bool{}, full: map[string]bool{}}
	w.tame = w.rng.IntN(2) == 0
	for n := range 3 + w.rng.IntN(5) {
		w.atoms = append(w.atoms, atom{
			name:    fmt.Sprintf("atom%d", n),
			stage:   stages[w.rng.IntN(len(stages))],
			dns:     w.rng.IntN(2) == 0,
			salt:    w.rng.Uint32(),
			commits: w.rng.IntN(3) == 0,
			blind:   w.rng.IntN(3) == 0,
		})
	}
	return w
}

// forEachWorld runs a law on generated worlds. MXRULES_SEED repeats a run, and
// MXRULES_CASES multiplies the count.
func forEachWorld(t *testing.T, count uint64, law func(t *testing.T, w *world)) {
	t.Helper()
	seed := rand.Uint64()
	if s, err := strconv.ParseUint(os.Getenv("MXRULES_SEED"), 10, 64); err == nil {
		seed = s
	}
	if times, err := strconv.ParseUint(os.Getenv("MXRULES_CASES"), 10, 64); err == nil {
		count *= times
	}
	t.Logf("MXRULES_SEED=%d, %d policies", seed, count)
	for i := range count {
		w := newWorld(seed, i)
		law(t, w)
		if t.Failed() {
			t.Fatalf("policy %d of MXRULES_SEED=%d:\n%v", i, seed, w)
		}
	}
}

// gateway relays mail of the client of the world.
var gateway = netip.MustParseAddr("203.0.113.25")

// behind returns e with the client behind the gateway.
func (w *world) behind(e envelope.Envelope) (envelope.Envelope, error) {
	if e.Relayed = !e.Told(envelope.Data); !e.Relayed {
		client := w.envelope(e.Stage)
		e.ClientIP, e.Helo = client.ClientIP, client.Helo
	}
	return e, nil
}

// envelope returns one at a stage, with the fields of later stages set too, so
// that the test fails if a check reads them too early.
func (w *world) envelope(stage envelope.Stage) *envelope.Envelope {
	return &envelope.Envelope{
		Stage: stage, ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "h", MailFrom: "f@x", RcptTo: "t@y",
		Message: envelope.NewMessage([]byte("a: b\r\n\r\n")),
	}
}

// check returns an atom or a combination of atoms.
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

// atomCheck returns the check of an atom. One that answers at Data from DNS asks when
// the header of the message has come.
func (w *world) atomCheck(a atom) envelope.Check {
	check := w.answeredCheck(a)
	if a.blind {
		check = envelope.WithoutClient(check)
	}
	return func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if e.Arriving() && a.dns && a.stage == envelope.Data {
			w.ahead.Add(1)
			_, _ = envelope.LookupTXT(ctx, r, a.name+".example")
		}
		return check(ctx, r, e)
	}
}

func (w *world) answeredCheck(a atom) envelope.Check {
	return envelope.At(a.name, a.stage, func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		word := a.word()
		if a.dns {
			txt, err := envelope.LookupTXT(ctx, r, a.name+".example")
			if err != nil {
				return envelope.Temporary("", err)
			}
			word = txt[0]
		}
		if e.ClientIP == gateway && !a.blind {
			word = "a finding about the gateway"
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
				if w.full[a.name] {
					return errors.New("disk full")
				}
				w.wrote = append(w.wrote, a.name)
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

// Waits says that the world answers without waiting.
func (w *world) Waits() {}

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

// constructors has those of package verdict, with the outcome that they act on.
var constructors = []struct {
	name   string
	make   func(envelope.Check) verdict.Rule
	on     envelope.Outcome
	action verdict.Action
}{
	{"AcceptIf", verdict.AcceptIf, envelope.Pass, verdict.Accept},
	{"RejectUnless", verdict.RejectUnless, envelope.Fail, verdict.Reject},
	{"RejectIf", verdict.RejectIf, envelope.Pass, verdict.Reject},
	{"TempFailUnless", verdict.TempFailUnless, envelope.Fail, verdict.TempFail},
	{"TempFailIf", verdict.TempFailIf, envelope.Pass, verdict.TempFail},
	{"MarkUnless", nil, envelope.Fail, verdict.Mark},
	{"MarkIf", nil, envelope.Pass, verdict.Mark},
}

// rule makes one of each kind of action equally often.
func (w *world) rule() verdict.Rule {
	check, name := w.check(2)
	check = w.noting(len(w.specs), check)
	c := constructors[[]int{0, 0, 1, 2, 3, 4, 5, 6}[w.rng.IntN(8)]]
	s := spec{check: check, text: c.name + " " + name, actions: map[envelope.Outcome]verdict.Action{c.on: c.action}}
	s.mark = strconv.Itoa(w.rng.IntN(3))
	var r verdict.Rule
	switch c.name {
	case "MarkUnless":
		r = verdict.MarkUnless(check, s.mark)
	case "MarkIf":
		r = verdict.MarkIf(check, s.mark)
	default:
		r = c.make(check).Named(s.mark) // the mark of On(…, Mark)
	}
	for w.rng.IntN(3) == 0 {
		c, name := w.check(1)
		if w.rng.IntN(2) == 0 {
			r, s.text = r.When(c), s.text+" When "+name
			s.conditions = append(s.conditions, condition{c, false})
		} else {
			r, s.text = r.Unless(c), s.text+" Unless "+name
			s.conditions = append(s.conditions, condition{c, true})
		}
	}
	r = w.override(r, &s)
	s.text += " mark " + s.mark
	w.specs = append(w.specs, s)
	return r
}

// noting records calls of the Commit of a rule.
func (w *world) noting(rule int, check envelope.Check) envelope.Check {
	return func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		f := check(ctx, r, e)
		if commit := f.Commit; commit != nil {
			f.Commit = func(ctx context.Context) error {
				w.called = append(w.called, rule)
				return commit(ctx)
			}
		}
		return f
	}
}

// override gives some rules another action for an outcome.
func (w *world) override(r verdict.Rule, s *spec) verdict.Rule {
	on := func(outcome envelope.Outcome) {
		action := verdict.Continue + verdict.Action(w.rng.IntN(5))
		r, s.text = r.On(outcome, action), fmt.Sprintf("%s On(%v,%v)", s.text, outcome, action)
		s.actions[outcome] = action
	}
	if w.rng.IntN(5) == 0 {
		on([]envelope.Outcome{envelope.None, envelope.Pass, envelope.Fail, envelope.PermError}[w.rng.IntN(4)])
	}
	switch {
	case w.tame:
	case w.rng.IntN(5) == 0:
		r, s.ignores, s.text = r.Ignoring(envelope.TempError), true, s.text+" Ignoring"
		s.actions[envelope.TempError] = verdict.Continue
	case w.rng.IntN(5) == 0:
		on(envelope.TempError)
	}
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

// judge returns the verdict and what was written.
func (w *world) judge(t *testing.T, rules verdict.Rules, stage envelope.Stage) (verdict.Verdict, []string) {
	w.called, w.wrote = nil, nil
	v := verdict.Policy{Rules: rules}.Judge(t.Context(), w, w.envelope(stage))
	if v.Action == verdict.Continue && len(w.wrote) > 0 {
		t.Errorf("at %v: an unsettled verdict wrote %v", stage, w.wrote)
	}
	return v, slices.Clone(w.wrote)
}

func (w *world) String() string {
	var b strings.Builder
	for _, s := range w.specs {
		fmt.Fprintln(&b, s.text)
	}
	for _, a := range w.atoms {
		fmt.Fprintf(&b, "%s = %s (dns %v, commits %v)\n", a.name, a.word(), a.dns, a.commits)
	}
	fmt.Fprintln(&b, "broken:", slices.Sorted(maps.Keys(w.broken)), "full:", slices.Sorted(maps.Keys(w.full)))
	return b.String()
}
