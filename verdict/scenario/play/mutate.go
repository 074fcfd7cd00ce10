package play

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// Mutate is Mutate of package scenario.
func Mutate(t T, fsys fs.FS, policies Policies) {
	t.Helper()
	files := parsed(t, fsys, policies)
	explained := explanations(files, "unnoticed")
	var mu sync.Mutex
	for name, scenes := range byPolicy(files) {
		base := baseline(t, fsys, scenes, policies)
		all := mutants(base)
		for _, m := range all {
			explained.exist([]string{name + ": " + m.name})
		}
		t.Run(name, func(t T) {
			for _, m := range all {
				t.Run(m.name, func(t T) {
					t.Parallel()
					what := name + ": " + m.name
					survived := m.survives(t, fsys, name, policies, base)
					mu.Lock()
					defer mu.Unlock()
					switch {
					case !survived:
						explained.reached([]string{what})
					case !explained.explains(what):
						t.Error(what + " no scenario fails")
					}
				})
			}
		})
	}
	explained.complain(t, "there is no mutant of this name")
}

// byPolicy returns the scenes of each policy.
func byPolicy(files []*file) map[string][]*scene {
	scenes := map[string][]*scene{}
	for _, f := range files {
		for _, s := range f.each() {
			scenes[s.policy] = append(scenes[s.policy], s.judgedOnce())
		}
	}
	return scenes
}

// played is a scene and the policy and steps that it had without a mutation.
type played struct {
	scene *scene
	rules verdict.Rules
	asked map[ruleKey]bool // rules that were asked
	fails map[ruleKey]bool // rules that can fail: they asked DNS, or failed without a lookup of the site
	// Rules that did something, that a condition switched off, or that failed: scenes
	// that may notice a mutant.
	acted, off, failed map[ruleKey]bool
}

// ruleKey tells a rule of a policy from the others, for all sites.
type ruleKey struct {
	name  string
	place int // among the rules of that name
}

func (k ruleKey) String() string {
	if k.place == 0 {
		return k.name
	}
	return fmt.Sprintf("%s #%d", k.name, k.place+1)
}

func keysOf(rules verdict.Rules) []ruleKey {
	seen := map[string]int{}
	keys := make([]ruleKey, len(rules))
	for i := range rules {
		name := rules[i].Name()
		keys[i] = ruleKey{name, seen[name]}
		seen[name]++
	}
	return keys
}

// baseline plays the scenes of a policy without a mutation.
func baseline(t T, fsys fs.FS, scenes []*scene, policies Policies) []*played {
	t.Helper()
	var all []*played
	for _, s := range scenes {
		p := &played{
			scene: s, asked: map[ruleKey]bool{}, fails: map[ruleKey]bool{},
			acted: map[ruleKey]bool{}, off: map[ruleKey]bool{}, failed: map[ruleKey]bool{},
		}
		var mu sync.Mutex
		t.Bubble(func(t T) {
			found, err := s.play(t.Context(), staging{fsys: fsys, policies: policies, settle: t.Settle, watch: func(policy verdict.Policy, v verdict.Verdict) {
				mu.Lock()
				defer mu.Unlock()
				p.see(policy, v)
			}})
			if err != nil {
				t.Fatal(err)
			}
			if len(found) > 0 {
				t.Fatal(s.unfit(found))
			}
			s.play(t.Context(), staging{fsys: fsys, policies: policies, settle: t.Settle, down: true, watch: func(policy verdict.Policy, v verdict.Verdict) {
				mu.Lock()
				defer mu.Unlock()
				p.seeFailures(policy, v)
			}})
		})
		all = append(all, p)
	}
	return all
}

// unfit says why a scene notices no mutants.
func (s *scene) unfit(found []mismatch) error {
	return s.fault("%s fails without a mutation, as Run shows: %s", s.full, found[0].String())
}

// see notes what the rules did.
func (p *played) see(policy verdict.Policy, v verdict.Verdict) {
	p.rules = policy.Rules
	keys := keysOf(p.rules)
	for _, step := range v.Trace {
		key := keys[step.Place()]
		p.asked[key] = true
		switch {
		case step.Off:
			p.off[key] = true
		case failed(&step):
			p.failed[key], p.fails[key] = true, true
		case step.Action != verdict.Continue && step.Action != 0:
			p.acted[key] = true
		}
		if len(step.Questions) > 0 {
			p.fails[key] = true
		}
	}
}

// seeFailures notes which rules fail if the lookups of the site do.
func (p *played) seeFailures(policy verdict.Policy, v verdict.Verdict) {
	keys := keysOf(policy.Rules)
	for _, step := range v.Trace {
		if failed(&step) {
			p.fails[keys[step.Place()]] = true
		}
	}
}

// mutant is one change of a policy.
type mutant struct {
	name  string
	about ruleKey
	apply func(verdict.Rules, int) verdict.Rules // to the rule at an index
	// likely returns the rules for which a scene is likely to notice it: acted, off or
	// failed. nil is acted.
	likely func(*played) map[ruleKey]bool
}

// mutants returns the changes of the policy of these scenes, each once, with the numbers
// that the rules have at the site with the most.
func mutants(base []*played) []mutant {
	var all []mutant
	seen := map[string]bool{}
	fails := map[ruleKey]bool{}
	for _, p := range base {
		maps.Copy(fails, p.fails)
	}
	fullest := slices.SortedStableFunc(slices.Values(base), func(a, b *played) int { return len(b.rules) - len(a.rules) })
	for _, p := range fullest {
		keys := keysOf(p.rules)
		for i := range p.rules {
			for _, m := range mutantsOf(p.rules, i, fails[keys[i]]) {
				m.about = keys[i]
				if what := unnumbered(m.name); !seen[what] {
					seen[what] = true
					all = append(all, m)
				}
			}
		}
	}
	return all
}

// mutantsOf returns the changes at one rule. A shadow rule has none.
func mutantsOf(rules verdict.Rules, i int, fails bool) []mutant {
	r := &rules[i]
	if r.IsShadow() {
		return nil
	}
	keys := keysOf(rules)
	at := fmt.Sprintf("rule %d (%s)", i+1, keys[i])
	all := []mutant{{name: "without " + at, apply: func(rules verdict.Rules, i int) verdict.Rules { return slices.Delete(rules, i, i+1) }}}
	if i+1 < len(rules) && differ(r, &rules[i+1]) {
		next := keys[i+1]
		all = append(all, mutant{name: fmt.Sprintf("with rule %d (%s) before %s", i+2, next, at), apply: func(rules verdict.Rules, i int) verdict.Rules {
			if i+1 < len(rules) && keysOf(rules)[i+1] == next {
				rules[i], rules[i+1] = rules[i+1], rules[i]
			}
			return rules
		}})
	}
	for _, name := range conditionNames(r) {
		all = append(all, mutant{name: "without the condition " + name + " of " + at, likely: whereOff, apply: func(rules verdict.Rules, i int) verdict.Rules {
			if n := slices.Index(conditionNames(&rules[i]), name); n >= 0 {
				rules[i] = rules[i].WithoutCondition(n)
			}
			return rules
		}})
	}
	for _, outcome := range []envelope.Outcome{envelope.None, envelope.Pass, envelope.Fail, envelope.PermError} {
		if r.Action(outcome) == verdict.Reject {
			all = append(all, mutant{name: "with a tempfail by " + at, apply: func(rules verdict.Rules, i int) verdict.Rules {
				rules[i] = rules[i].On(outcome, verdict.TempFail)
				return rules
			}})
		}
	}
	if fails && r.Action(envelope.TempError) == 0 {
		all = append(all, mutant{name: "with failures ignored by " + at, likely: whereFailed, apply: func(rules verdict.Rules, i int) verdict.Rules {
			rules[i] = rules[i].Ignoring(envelope.TempError)
			return rules
		}})
	}
	return all
}

// conditionNames returns the names of the conditions of a rule.
func conditionNames(r *verdict.Rule) []string {
	var names []string
	for _, c := range r.Conditions() {
		name, _ := c.Check.Describe()
		names = append(names, name)
	}
	return names
}

// differ reports whether the order of two rules can matter for the action: one accepts
// and the other refuses, or one rejects and the other defers.
func differ(a, b *verdict.Rule) bool {
	x, y := decisions(a), decisions(b)
	return x != 0 && y != 0 && (x != y || x&(x-1) != 0)
}

// decisions returns the final actions that a rule can take, as bits.
func decisions(r *verdict.Rule) (bits uint) {
	for _, outcome := range []envelope.Outcome{envelope.None, envelope.Pass, envelope.Fail, envelope.PermError, envelope.TempError} {
		switch a := r.Action(outcome); a {
		case verdict.Accept, verdict.TempFail, verdict.Reject:
			bits |= 1 << a
		}
	}
	return bits
}

// survives reports whether no scene notices the mutant. Those that can notice it are
// played first.
func (m *mutant) survives(t T, fsys fs.FS, name string, policies Policies, base []*played) bool {
	mutated := Policies{name: func(site Site) (verdict.Policy, error) {
		policy, err := policies[name](site)
		if i := slices.Index(keysOf(policy.Rules), m.about); i >= 0 {
			policy.Rules = m.apply(slices.Clone(policy.Rules), i)
		}
		return policy, err
	}}
	var scenes []*played
	for _, p := range base {
		if p.asked[m.about] {
			scenes = append(scenes, p)
		}
	}
	likely := m.likely
	if likely == nil {
		likely = whereActed
	}
	slices.SortStableFunc(scenes, func(a, b *played) int { return rank(likely(b)[m.about]) - rank(likely(a)[m.about]) })
	survived := true
	for _, p := range scenes {
		t.Bubble(func(t T) {
			found, err := p.scene.play(t.Context(), staging{fsys: fsys, policies: mutated, settle: t.Settle})
			survived = err == nil && len(found) == 0
		})
		if !survived {
			return false
		}
	}
	return true
}

func whereActed(p *played) map[ruleKey]bool  { return p.acted }
func whereOff(p *played) map[ruleKey]bool    { return p.off }
func whereFailed(p *played) map[ruleKey]bool { return p.failed }

func rank(likely bool) int {
	if likely {
		return 1
	}
	return 0
}
