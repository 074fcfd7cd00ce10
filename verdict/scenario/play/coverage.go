package play

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// Coverage says what scenarios reach in each policy.
type Coverage struct {
	Policies []PolicyCoverage // in the order of their names
	// Outcomes are the outcomes that each check had.
	Outcomes map[string][]envelope.Outcome
}

// PolicyCoverage is the coverage of one policy.
type PolicyCoverage struct {
	Policy string
	Rules  []RuleCoverage
}

// RuleCoverage says what one rule did. The counts are numbers of verdicts.
type RuleCoverage struct {
	Place    int // from 1
	Rule     string
	Took     map[verdict.Action]int // actions other than Continue
	PassedBy int                    // it was asked and did nothing
	Off      int                    // a condition switched it off
	Fault    int                    // a failure left it unknown

	key         ruleKey
	may         []verdict.Action
	conditional bool
}

// Cover is Cover of package scenario.
func Cover(t T, fsys fs.FS, policies Policies, least float64) {
	t.Helper()
	c := MeasureIn(t, fsys, policies)
	missing, all := c.missing(), 0
	for _, p := range c.Policies {
		for i := range p.Rules {
			all += p.Rules[i].items()
		}
	}
	explained := explanations(parsed(t, fsys, policies), "uncovered")
	missing = slices.DeleteFunc(missing, explained.explains)
	explained.reached(c.all())
	if reached := 1 - float64(len(missing))/float64(max(all, 1)); reached < least {
		t.Error(fmt.Sprintf("the scenarios reach %.1f%% of the policies, less than %.1f%%; what is missing:\n  %s", 100*reached, 100*least, strings.Join(missing, "\n  ")))
	}
	explained.complain(t, "there is nothing of this name to reach")
	if err := c.writePage(); err != nil {
		t.Error(err)
	}
}

// writePage writes the coverage to the file of the flag coverhtml, if the test binary has
// that flag and it is set.
func (c Coverage) writePage() error {
	f := flag.Lookup("coverhtml")
	if f == nil || f.Value.String() == "" {
		return nil
	}
	file, err := os.Create(f.Value.String())
	if err != nil {
		return err
	}
	return errors.Join(c.WriteHTML(file), file.Close())
}

// MeasureIn plays all scenarios in a test and returns what they reach.
func MeasureIn(t T, fsys fs.FS, policies Policies) Coverage {
	t.Helper()
	m := newMeter()
	for _, f := range parsed(t, fsys, policies) {
		for _, s := range f.each() {
			t.Bubble(func(t T) {
				if err := m.play(t.Context(), s, staging{fsys: fsys, policies: policies, settle: t.Settle}); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
	return m.coverage()
}

// Measure plays the scenarios of the policies only, of all if there are none, outside of a
// test and returns what they reach. It compares no replies. The error is that of a file, or
// of ctx when it ends.
func Measure(ctx context.Context, fsys fs.FS, policies Policies, only ...string) (Coverage, error) {
	files, err := parseAll(fsys, policies)
	if err != nil {
		return Coverage{}, err
	}
	m := newMeter()
	for _, f := range files {
		for _, s := range f.each() {
			if len(only) > 0 && !slices.Contains(only, s.policy) {
				continue
			}
			err := m.play(ctx, s, staging{fsys: fsys, policies: policies})
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return Coverage{}, err
			}
		}
	}
	return m.coverage(), nil
}

// meter counts what rules do.
type meter struct {
	mu       sync.Mutex
	rules    map[string][]*RuleCoverage // by policy
	outcomes map[string]map[envelope.Outcome]bool
}

func newMeter() *meter {
	return &meter{rules: map[string][]*RuleCoverage{}, outcomes: map[string]map[envelope.Outcome]bool{}}
}

// play plays a scene and counts its verdicts.
func (m *meter) play(ctx context.Context, s *scene, how staging) error {
	how.watch = func(p verdict.Policy, v verdict.Verdict) { m.count(s.policy, p, v) }
	_, err := s.judgedOnce().play(ctx, how)
	return err
}

// count counts a verdict.
func (m *meter) count(name string, p verdict.Policy, v verdict.Verdict) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rules := m.about(name, p.Rules)
	for _, step := range v.Trace {
		rules[step.Place()].count(&step)
		for _, f := range append(slices.Clone(step.Conditions), step.Finding) {
			if f.Check == "" {
				continue
			}
			if m.outcomes[f.Check] == nil {
				m.outcomes[f.Check] = map[envelope.Outcome]bool{}
			}
			m.outcomes[f.Check][f.Outcome] = true
		}
	}
}

// about returns the coverage of each rule of a policy. A site may lack rules that another
// has, so that a rule has not the same place for all; the last rule of a place is kept
// behind the one before it.
func (m *meter) about(name string, rules verdict.Rules) []*RuleCoverage {
	found := make([]*RuleCoverage, len(rules))
	all, after := m.rules[name], 0
	for i, key := range keysOf(rules) {
		at := slices.IndexFunc(all, func(c *RuleCoverage) bool { return c.key == key })
		if at < 0 {
			at = after
			all = slices.Insert(all, at, newRuleCoverage(key, &rules[i]))
		}
		found[i], after = all[at], at+1
		found[i].conditional = found[i].conditional || len(rules[i].Conditions()) > 0
	}
	m.rules[name] = all
	return found
}

func newRuleCoverage(key ruleKey, r *verdict.Rule) *RuleCoverage {
	c := &RuleCoverage{key: key, Rule: r.Name(), Took: map[verdict.Action]int{}}
	for _, outcome := range []envelope.Outcome{envelope.None, envelope.Pass, envelope.Fail, envelope.PermError, envelope.TempError} {
		if a := r.Action(outcome); a != 0 && a != verdict.Continue && !slices.Contains(c.may, a) {
			c.may = append(c.may, a)
		}
	}
	return c
}

// count counts a step of the rule.
func (c *RuleCoverage) count(s *verdict.Step) {
	switch {
	case s.Off:
		c.Off++
	case s.Action == 0 && s.Finding.Outcome == envelope.Pending: // nothing is decided yet
	case s.Action == 0:
		c.Fault++
	case s.Action == verdict.Continue:
		c.PassedBy++
	default:
		c.Took[s.Action]++
	}
}

// items returns how many things there are to reach.
func (c *RuleCoverage) items() int {
	n := len(c.may) + 1
	if c.conditional {
		n++
	}
	return n
}

// missing returns what is not reached.
func (c *RuleCoverage) missing() []string {
	return c.texts(func(a verdict.Action) bool { return c.Took[a] == 0 }, c.PassedBy == 0, c.Off == 0)
}

// texts returns what is missing if these things are.
func (c *RuleCoverage) texts(never func(verdict.Action) bool, passedBy, off bool) (texts []string) {
	say := func(text string) { texts = append(texts, fmt.Sprintf("rule %d (%s) %s", c.Place, c.key, text)) }
	for _, a := range c.may {
		if never(a) {
			say("never " + verb(a))
		}
	}
	if passedBy {
		say("is never passed by")
	}
	if c.conditional && off {
		say("is never switched off by a condition")
	}
	return texts
}

func verb(a verdict.Action) string { return a.String() + "s" }

// missing returns what is not reached in any policy.
func (c Coverage) missing() []string { return c.each((*RuleCoverage).missing) }

// all returns what would be missing if nothing were reached.
func (c Coverage) all() []string {
	return c.each(func(r *RuleCoverage) []string { return r.texts(func(verdict.Action) bool { return true }, true, true) })
}

// each returns the texts about all rules.
func (c Coverage) each(about func(*RuleCoverage) []string) (texts []string) {
	for _, p := range c.Policies {
		for i := range p.Rules {
			for _, text := range about(&p.Rules[i]) {
				texts = append(texts, p.Policy+": "+text)
			}
		}
	}
	return texts
}

func (m *meter) coverage() Coverage {
	c := Coverage{Outcomes: map[string][]envelope.Outcome{}}
	for _, name := range slices.Sorted(maps.Keys(m.rules)) {
		p := PolicyCoverage{Policy: name}
		for i, r := range m.rules[name] {
			r.Place = i + 1
			p.Rules = append(p.Rules, *r)
		}
		c.Policies = append(c.Policies, p)
	}
	for check, seen := range m.outcomes {
		c.Outcomes[check] = slices.Sorted(maps.Keys(seen))
	}
	return c
}

// WriteText writes the coverage as a table for each policy, and the outcomes of each
// check.
func (c Coverage) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, p := range c.Policies {
		fmt.Fprintf(&b, "policy %s\n", p.Policy)
		for i := range p.Rules {
			r := &p.Rules[i]
			fmt.Fprintf(&b, "  %3d  %-32s %s\n", r.Place, r.Rule, r.Counts())
			for _, text := range r.missing() {
				fmt.Fprintf(&b, "       missing: %s\n", text)
			}
		}
	}
	b.WriteString("checks\n")
	for _, check := range slices.Sorted(maps.Keys(c.Outcomes)) {
		fmt.Fprintf(&b, "  %-37s %s\n", check, outcomeWords(c.Outcomes[check]))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Counts returns the counts in one line.
func (c *RuleCoverage) Counts() string {
	var parts []string
	for _, a := range slices.Sorted(maps.Keys(c.Took)) {
		parts = append(parts, fmt.Sprintf("%s %d", verb(a), c.Took[a]))
	}
	parts = append(parts, fmt.Sprintf("passed by %d", c.PassedBy))
	if c.conditional {
		parts = append(parts, fmt.Sprintf("off %d", c.Off))
	}
	if c.Fault > 0 {
		parts = append(parts, fmt.Sprintf("unknown %d", c.Fault))
	}
	return strings.Join(parts, ", ")
}

func outcomeWords(outcomes []envelope.Outcome) string {
	words := make([]string, len(outcomes))
	for i, o := range outcomes {
		words[i] = o.String()
	}
	return strings.Join(words, " ")
}

// WriteHTML writes the coverage as a page.
func (c Coverage) WriteHTML(w io.Writer) error { return page.Execute(w, c) }

// Missing returns what the rule did not do.
func (c *RuleCoverage) Missing() []string { return c.missing() }

var page = template.Must(template.New("coverage").Funcs(template.FuncMap{"words": outcomeWords}).Parse(`<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Coverage of policies</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid #8888; padding: .2rem .8rem .2rem 0; text-align: left; vertical-align: top }
.missing { font-weight: bold }
</style>
<h1>Coverage of policies</h1>
{{range .Policies}}
<h2>{{.Policy}}</h2>
<table>
<tr><th>rule<th>name<th>what it did<th>missing
{{range .Rules}}<tr><td>{{.Place}}<td>{{.Rule}}<td>{{.Counts}}<td class="missing">{{range .Missing}}{{.}}<br>{{end}}
{{end}}</table>
{{end}}
<h2>Outcomes of checks</h2>
<table>
<tr><th>check<th>outcomes
{{range $check, $outcomes := .Outcomes}}<tr><td>{{$check}}<td>{{words $outcomes}}
{{end}}</table>
`))
