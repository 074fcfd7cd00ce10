package postmaster

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"html/template"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/analysis"
	"mxrules.example/verdict/explain"
	"mxrules.example/verdict/waterfall"
)

// Bounds of a test: the questions and the time of each of its two judgements.
const (
	judgementQuestions = 150
	judgementTimeout   = 30 * time.Second
)

// maxQuestions is how many questions a test asks DNS at most: two judgements and a DKIM
// key.
const maxQuestions = 2*judgementQuestions + 1

// result is the result of a test.
type result struct {
	Word, Verdict string
	Accepted      bool
	WithoutBody   bool   // there is no message
	Key           string // what the DKIM selector has
	Changes       []explain.Explanation
	Steps         []step
	Waterfall     template.URL
}

// step is one rule of a test.
type step struct {
	Place   int
	Rule    string
	Outcome string
	Does    string // in words
	Seen    string
	Off     bool // by a condition
	Decides bool
	Fix     *explain.Explanation // nil if nothing has to be fixed
}

// Class is the class of the rule in the style sheet: good, bad, or of no matter.
func (s step) Class() string {
	switch {
	case s.Fix != nil:
		return "bad"
	case s.Outcome == envelope.Pass.String() && !s.Off:
		return "pass"
	}
	return "other"
}

// judge judges the server that a form describes: once as the site does, and once with
// every rule and every check by itself.
func (h *handler) judge(ctx context.Context, book explain.Book, ip netip.Addr, f form) *result {
	e := h.envelope(ip, f)
	policy := h.Policy
	policy.MaxQuestions, policy.Timeout, policy.Link = judgementQuestions, judgementTimeout, nil
	policy.Rules = slices.Clone(policy.Rules)
	for i, rule := range policy.Rules {
		policy.Rules[i] = rule.Replacing(withoutCommit)
	}
	v := policy.Judge(ctx, h.Resolver, e)
	found := h.look(ctx, e)
	r := &result{
		Word: map[verdict.Action]string{verdict.Accept: "Accepted", verdict.TempFail: "Deferred"}[v.Action], Verdict: v.String(),
		Accepted: v.Action == verdict.Accept, WithoutBody: e.Message == nil, Key: h.keyOf(ctx, f),
		Steps: h.steps(book, v, found, e),
	}
	if r.Word == "" {
		r.Word = "Refused"
	}
	if !r.Accepted {
		r.Changes = h.changes(book, v, found, e)
	}
	var picture bytes.Buffer
	if waterfall.SVG(&picture, v) == nil && v.Cost().Questions > 0 {
		r.Waterfall = template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(picture.Bytes()))
	}
	return r
}

// withoutCommit returns a check whose findings write nothing, such as what greylisting has
// seen.
func withoutCommit(check envelope.Check) envelope.Check {
	return func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		f := check(ctx, r, e)
		f.Commit = nil
		return f
	}
}

// findings are the findings of all rules, whatever the rules before them did.
type findings struct {
	rules  []envelope.Finding          // by place
	off    []bool                      // by a condition
	checks analysis.Outcomes           // of checks that are no combination
	texts  map[string]envelope.Finding // of the same
}

// look asks the checks of all rules, their conditions and their operands, in one judgement
// that marks and decides nothing, so that equal questions are asked once.
func (h *handler) look(ctx context.Context, e *envelope.Envelope) findings {
	all := verdict.Policy{MaxQuestions: judgementQuestions, Timeout: judgementTimeout}
	ask := func(name string, check envelope.Check) {
		all.Rules = append(all.Rules, verdict.MarkIf(withoutCommit(check), "seen").Named(name))
	}
	for i, rule := range h.Policy.Rules {
		ask(fmt.Sprint(i), rule.Check())
		for j, c := range rule.Conditions() {
			ask(fmt.Sprint(i, ".", j), c.Check)
		}
	}
	checks := analysis.Checks(h.Policy)
	for name, check := range checks {
		ask(name, check)
	}
	by := map[string]envelope.Finding{}
	for _, s := range all.Judge(ctx, h.Resolver, e).Trace {
		by[s.Rule] = s.Finding
	}
	f := findings{checks: analysis.Outcomes{}, texts: by}
	for name := range checks {
		f.checks[name] = by[name].Outcome
	}
	for i, rule := range h.Policy.Rules {
		off := false
		for j, c := range rule.Conditions() {
			outcome := by[fmt.Sprint(i, ".", j)].Outcome
			off = off || outcome != envelope.TempError && (outcome == envelope.Pass) == c.Unless
		}
		f.rules, f.off = append(f.rules, by[fmt.Sprint(i)]), append(f.off, off)
	}
	return f
}

// refuses reports whether a rule refuses, or may refuse because a lookup failed.
func (f findings) refuses(i int, rule *verdict.Rule) bool {
	outcome := f.rules[i].Outcome
	return !f.off[i] && !rule.IsShadow() && (refuses(rule.Action(outcome)) || outcome == envelope.TempError && rule.Action(outcome) == 0 && mayRefuse(rule))
}

func mayRefuse(rule *verdict.Rule) bool {
	return refuses(rule.Action(envelope.Fail)) || refuses(rule.Action(envelope.Pass))
}

// steps describes what each rule finds and does.
func (h *handler) steps(book explain.Book, v verdict.Verdict, found findings, e *envelope.Envelope) (steps []step) {
	decides := -1
	if i := slices.IndexFunc(v.Trace, func(s verdict.Step) bool { return s.Rule == v.Rule && !s.Shadow && s.Action != verdict.Continue }); i >= 0 {
		decides = v.Trace[i].Place()
	}
	for i := range h.Policy.Rules {
		rule, f := &h.Policy.Rules[i], found.rules[i]
		if rule.IsShadow() {
			continue
		}
		s := step{Place: i + 1, Rule: rule.Name(), Outcome: f.Outcome.String(), Seen: envelope.CleanText(f.Text, true), Off: found.off[i], Decides: i == decides}
		if action := rule.Action(f.Outcome); !s.Off {
			s.Does = does(rule, action)
			if found.refuses(i, rule) || action == verdict.Mark {
				fix := book.Finding(f, e)
				s.Fix = &fix
			}
		}
		steps = append(steps, s)
	}
	return steps
}

// changes returns the smallest set of findings that must turn before the mail is accepted,
// each explained. Findings with one cause are one change. If nothing that the sender can
// turn is enough, it explains the verdict.
func (h *handler) changes(book explain.Book, v verdict.Verdict, found findings, e *envelope.Envelope) (changes []explain.Explanation) {
	may := h.turnable(found)
	turns, _, err := analysis.Turns(h.Policy, found.checks, func(check string, _ envelope.Outcome) bool {
		return may[nameOf(check)] || found.checks[check] == envelope.None
	})
	if err != nil { // the policy is too large for it
		turns = nil
	}
	for _, check := range h.inOrder(turns) {
		f := found.texts[check]
		known := func(x explain.Explanation) bool { return x.Seen == envelope.CleanText(f.Text, true) }
		if f.Outcome != envelope.None && !slices.ContainsFunc(changes, known) {
			changes = append(changes, book.Finding(f, e))
		}
	}
	if len(changes) == 0 {
		changes = append(changes, book.Explain(v, e))
	}
	return changes
}

// inOrder returns the names of outcomes in the order of the rules that ask the checks.
func (h *handler) inOrder(outcomes analysis.Outcomes) []string {
	place := map[string]int{}
	for i, rule := range slices.Backward(h.Policy.Rules) {
		for _, c := range rule.Conditions() {
			for _, name := range leafNames(c.Check) {
				place[name] = i
			}
		}
		for _, name := range leafNames(rule.Check()) {
			place[name] = i
		}
	}
	return slices.SortedFunc(maps.Keys(outcomes), func(a, b string) int {
		return cmp.Or(cmp.Compare(place[nameOf(a)], place[nameOf(b)]), cmp.Compare(a, b))
	})
}

// leafNames returns the names of the checks that a check combines, or its own.
func leafNames(check envelope.Check) (names []string) {
	for _, name := range requirements(check, false) {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(name, "not("), ")"))
	}
	return names
}

// turnable returns the names of the checks whose findings a sender can turn: those of the
// rules that refuse, and of what exempts from these rules, if it can be proven. Who is
// exempt otherwise, such as a client in the networks of the site, is not up to the sender.
func (h *handler) turnable(found findings) map[string]bool {
	may := map[string]bool{}
	for i := range h.Policy.Rules {
		rule := &h.Policy.Rules[i]
		if !found.refuses(i, rule) {
			continue
		}
		for _, name := range leafNames(rule.Check()) {
			may[name] = true
		}
		for _, c := range rule.Conditions() {
			for _, name := range leafNames(c.Check) {
				if isProof(name) {
					may[name] = true
				}
			}
		}
	}
	return may
}

// isProof reports whether a check passes for every sender that publishes or signs what it
// asks.
func isProof(name string) bool {
	return slices.Contains([]string{"rdns.exists", "rdns.confirmed", "rdns.notgeneric", "helo.matches", "spf.pass", "spf.notfail", "dkim.pass", "dmarc.pass"}, name)
}

// nameOf returns the name of a check without the number that analysis gives it.
func nameOf(title string) string {
	name, _, _ := strings.Cut(title, " (")
	return name
}
