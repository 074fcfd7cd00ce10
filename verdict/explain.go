package verdict

import (
	"errors"
	"fmt"
	"net"
	"reflect"
	"strings"

	"mxrules.example/envelope"
)

// String returns the verdict in one line: its action, the status of its reply, the
// rule that decided, the marks, and the text of a refusal.
//
//	reject 550 5.7.25 by rdns.exists: the client 192.0.2.1 has no name: ...
//	tempfail 451 4.7.25 forced by rdns.exists: the DNS lookup of ...
//	accept 250 2.0.0, marked junk, undecided bulk
//	continue: spf.notfail waits for mail
//
// After "continue" is the first rule with a Pending finding and the stage that the
// finding needs. Later rules may be Pending too, and one of them may be what delays
// the decision: see [Verdict.Explain].
func (v Verdict) String() string {
	switch {
	case v.Action == 0:
		return "no verdict"
	case v.Action == Continue:
		return "continue" + waiting(v.Trace)
	}
	reply := v.Reply()
	line := v.Action.String() + " " + reply.Status.String()
	switch {
	case v.Forced:
		line += " forced by " + v.Rule
	case v.Rule != "":
		line += " by " + v.Rule
	}
	if v.Softened {
		line += ", softened"
	}
	if len(v.Marks) > 0 {
		line += ", marked " + strings.Join(v.Marks, ", ")
	}
	if len(v.Undecided) > 0 {
		line += ", undecided " + strings.Join(v.Undecided, ", ")
	}
	if v.Err() != nil {
		line += ": " + strings.Join(reply.Lines, " ")
	}
	return clean(line)
}

// waiting returns which rule waits, and for which stage.
func waiting(trace Trace) string {
	for _, step := range trace {
		for _, f := range step.findings() {
			if f.Outcome == envelope.Pending {
				return fmt.Sprintf(": %s waits for %s", clean(step.Rule), f.Awaits)
			}
		}
	}
	return ""
}

// findings returns the findings of a step: those of its conditions, then that of its
// check, each followed by those of its operands.
func (s Step) findings() []envelope.Finding {
	var all []envelope.Finding
	for _, f := range s.Conditions {
		all = append(append(all, f), operands(f)...)
	}
	if s.Off {
		return all
	}
	return append(append(all, s.Finding), operands(s.Finding)...)
}

func operands(f envelope.Finding) []envelope.Finding {
	var all []envelope.Finding
	direct, _ := f.Detail.([]envelope.Finding)
	for _, operand := range direct {
		all = append(append(all, operand), operands(operand)...)
	}
	return all
}

// Explain returns a text of several lines that explains the verdict: String, then for
// each rule that was asked what its check found, what the rule did and what it asked
// DNS, the names of the other rules, and its [Cost]. Print it when a test of a
// policy fails. The format may change between releases.
func (v Verdict) Explain() string {
	var b strings.Builder
	b.WriteString(v.String() + "\n" + v.Trace.String())
	started, rest := v.notReached()
	for _, line := range []struct {
		title string
		names []string
	}{{"not waited for", started}, {"not asked", rest}} {
		if len(line.names) > 0 {
			fmt.Fprintf(&b, "  %s: %s\n", line.title, clean(strings.Join(line.names, ", ")))
		}
	}
	fmt.Fprintf(&b, "  questions to DNS: %v\n", v.Cost())
	return b.String()
}

// notReached returns the names of the rules that are not in the trace: those that
// asked DNS, and the rest.
func (v Verdict) notReached() (started, rest []string) {
	trace, unread := v.Trace, v.unread
	for i := range v.rules {
		asks := len(unread) > 0 && unread[0].place == i
		if asks {
			unread = unread[1:]
		}
		switch {
		case len(trace) > 0 && trace[0].place == i:
			trace = trace[1:]
		case asks:
			started = append(started, v.rules[i].name)
		default:
			rest = append(rest, v.rules[i].name)
		}
	}
	return started, rest
}

// Trace is how a verdict came about: a step for each rule that was asked, in
// the order of the rules.
type Trace []Step

// String returns a line for each rule with the outcome of its check, the action of
// the rule and the reason, followed by lines with the findings of its conditions and
// its questions to DNS. It is for people, as is [Verdict.Explain]; for programs there
// is the JSON of a Verdict.
func (t Trace) String() string {
	rows := make([]row, len(t))
	var rule, outcome, did int
	for i, step := range t {
		rows[i] = newRow(step)
		rule = max(rule, len(rows[i].rule))
		outcome = max(outcome, len(rows[i].outcome))
		did = max(did, len(rows[i].did))
	}
	var b strings.Builder
	for _, row := range rows {
		columns := fmt.Sprintf("    %-*s  %-*s  ", rule, row.rule, outcome, row.outcome)
		if did > 0 {
			columns += fmt.Sprintf("%-*s  ", did, row.did)
		}
		b.WriteString(strings.TrimRight(columns+row.why, " ") + "\n")
		for _, line := range row.below {
			b.WriteString(strings.Repeat(" ", len(columns)) + line + "\n")
		}
	}
	return b.String()
}

// row is a step as a line of a table, with the lines below it.
type row struct {
	rule, outcome, did, why string
	below                   []string
}

func newRow(step Step) row {
	r := row{rule: clean(step.Rule), outcome: step.Finding.Outcome.String(), did: step.did()}
	f := step.Finding
	switch {
	case step.Off:
		r.outcome = "off"
	case f.Check != step.Rule:
		r.below = append(r.below, "check "+clean(f.Check))
	}
	r.why = why(f)
	for i, c := range step.Conditions {
		r.below = append(r.below, step.preposition(i)+" "+line(c))
	}
	for _, operand := range operands(f) {
		r.below = append(r.below, line(operand))
	}
	for _, detail := range details(f) {
		if detail = clean(detail); r.why == "" {
			r.why = detail
		} else if !strings.Contains(r.why, detail) {
			r.below = append(r.below, detail)
		}
	}
	failed := false
	for _, q := range step.Questions {
		r.below = append(r.below, asked(q))
		failed = failed || q.Err != nil && !envelope.NotFound(q.Err)
	}
	if (f.Outcome == envelope.TempError || f.Outcome == envelope.PermError) && f.Err != nil && !failed {
		r.below = append(r.below, "cause: "+envelope.Excerpt(f.Err.Error()))
	}
	return r
}

// preposition returns how the rule has its condition i: "when" or "unless".
func (s Step) preposition(i int) string {
	switch {
	case s.rule == nil || i >= len(s.rule.conditions):
		return "condition"
	case s.rule.conditions[i].unless:
		return "unless"
	}
	return "when"
}

// line describes the finding of a condition or an operand.
func line(f envelope.Finding) string {
	text := clean(f.Check) + ": " + f.Outcome.String()
	if why := why(f); why != "" {
		text += ", " + why
	}
	return text
}

// details returns the lines of a Detail that explains itself.
func details(f envelope.Finding) []string {
	detail, ok := f.Detail.(interface{ Explain() []string })
	if value := reflect.ValueOf(f.Detail); !ok || value.Kind() == reflect.Pointer && value.IsNil() {
		return nil
	}
	return detail.Explain()
}

// did returns what a rule did about its finding, "" if it did nothing or if that is
// unknown.
func (s Step) did() string {
	word := s.Action.String()
	switch {
	case s.Shadow && s.Action != Continue && s.Action != 0:
		return "would " + word
	case s.Action == Continue && !s.Off && !s.Shadow && s.Finding.Outcome == envelope.Fail:
		return "go on" // because "fail" alone looks as if the rule had rejected
	case s.Action == Continue:
		return ""
	}
	return word
}

// why returns the reason of a finding.
func why(f envelope.Finding) string {
	if f.Outcome == envelope.Pending {
		return "waits for " + f.Awaits.String()
	}
	return clean(f.Text)
}

// asked describes a question and its answer.
func asked(q Question) string {
	line := "asked " + q.Type + " " + envelope.Excerpt(q.Name)
	var failure *net.DNSError
	switch {
	case q.Abandoned:
		line += ": not waited for"
	case q.Err == nil:
	case envelope.NotFound(q.Err):
		line += ": no such record"
	case errors.As(q.Err, &failure):
		line += ": " + envelope.Excerpt(failure.Err)
	default:
		line += ": " + envelope.Excerpt(q.Err.Error())
	}
	if q.Reused {
		line += " (known already)"
	}
	return line
}

func clean(s string) string { return envelope.CleanText(s, true) }
