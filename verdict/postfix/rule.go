package postfix

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// expr is a check with the Go expression that makes it. The two are made together, so
// that the policy and its source cannot differ.
type expr struct {
	source string
	check  envelope.Check
}

// all is envelope.All of the checks, or the only one.
func all(checks ...expr) expr { return combine("All", envelope.All, checks) }

func anyOf(checks ...expr) expr { return combine("Any", envelope.Any, checks) }

func not(x expr) expr {
	return expr{"envelope.Not(" + x.source + ")", envelope.Not(x.check)}
}

func combine(name string, f func(...envelope.Check) envelope.Check, checks []expr) expr {
	if len(checks) == 1 {
		return checks[0]
	}
	var sources []string
	var values []envelope.Check
	for _, x := range checks {
		sources = append(sources, x.source)
		values = append(values, x.check)
	}
	return expr{"envelope." + name + "(" + strings.Join(sources, ", ") + ")", f(values...)}
}

// quoted returns the Go source of strings, as arguments of a call.
func quoted(values []string) string {
	var list []string
	for _, value := range values {
		list = append(list, strconv.Quote(value))
	}
	return strings.Join(list, ", ")
}

// rule is a rule with the Go expression that makes it.
type rule struct {
	source string
	rule   verdict.Rule
}

func acceptIf(x expr) rule {
	return rule{"verdict.AcceptIf(" + x.source + ")", verdict.AcceptIf(x.check)}
}
func rejectIf(x expr) rule {
	return rule{"verdict.RejectIf(" + x.source + ")", verdict.RejectIf(x.check)}
}

func rejectUnless(x expr) rule {
	return rule{"verdict.RejectUnless(" + x.source + ")", verdict.RejectUnless(x.check)}
}

func tempFailIf(x expr) rule {
	return rule{"verdict.TempFailIf(" + x.source + ")", verdict.TempFailIf(x.check)}
}

func tempFailUnless(x expr) rule {
	return rule{"verdict.TempFailUnless(" + x.source + ")", verdict.TempFailUnless(x.check)}
}

func markIf(x expr, mark string) rule {
	return rule{fmt.Sprintf("verdict.MarkIf(%s, %q)", x.source, mark), verdict.MarkIf(x.check, mark)}
}

func (r rule) when(x expr) rule {
	return rule{r.source + ".When(" + x.source + ")", r.rule.When(x.check)}
}

func (r rule) unless(x expr) rule {
	return rule{r.source + ".Unless(" + x.source + ")", r.rule.Unless(x.check)}
}

func (r rule) named(name string) rule {
	return rule{fmt.Sprintf("%s.Named(%q)", r.source, name), r.rule.Named(name)}
}

func (r rule) shadow() rule { return rule{r.source + ".Shadow()", r.rule.Shadow()} }

func (r rule) ignoring() rule {
	return rule{r.source + ".Ignoring(envelope.TempError)", r.rule.Ignoring(envelope.TempError)}
}

// reply sets the status of the rule and keeps the text of its finding.
func (r rule) reply(s envelope.Status) rule {
	return rule{
		fmt.Sprintf("%s.Reply(envelope.Status{Code: %d, Subject: %d, Detail: %d}, \"\")", r.source, s.Code, s.Subject, s.Detail),
		r.rule.Reply(s, ""),
	}
}

// scope is where a restriction stands: in a list, and perhaps in the value of a table.
type scope struct {
	list    *list
	outer   *scope // nil in the list itself
	own     []expr // conditions of this scope
	when    []expr // these and those of the outer scopes
	unless  []expr // what ended the list before
	shadow  bool   // after warn_if_reject
	ended   bool   // by permit or reject: nothing after it is reached
	classes []string
}

// list is one of the smtpd_*_restrictions.
type list struct {
	parameter string
	stage     envelope.Stage // at which Postfix tries it
	last      bool           // nothing follows it: a permit accepts
}

// within returns a scope in s that applies if x passes.
func (s *scope) within(x expr) *scope {
	inner := *s
	inner.outer, inner.own = s, []expr{x}
	inner.when = append(slices.Clone(s.when), x)
	inner.unless = slices.Clone(s.unless)
	return &inner
}

// ends says that the list ends where all of x pass.
func (s *scope) ends(x ...expr) {
	for ; s != nil; s = s.outer {
		if len(x) == 0 {
			s.ended = true
		} else {
			s.unless = append(s.unless, all(x...))
		}
		x = append(slices.Clone(s.own), x...)
	}
}

// apply returns r with the conditions of the scope.
func (s *scope) apply(r rule) rule {
	for _, x := range s.when {
		r = r.when(x)
	}
	for _, x := range s.unless {
		r = r.unless(x)
	}
	if s.shadow {
		r = r.shadow()
	}
	return r
}
