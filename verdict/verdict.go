package verdict

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"mxrules.example/envelope"
)

// Verdict is the decision of a policy on an envelope. The zero value is not a
// decision: its Err is not nil.
type Verdict struct {
	// Action is Accept, TempFail or Reject, or Continue if more must be known.
	Action Action
	// Status is the reply code with the enhanced status code: 250 2.0.0 for Accept
	// and Continue, whatever the checks found.
	Status envelope.Status
	// Text is the sentence of the reply. Help are more lines of it.
	Text string
	Help []string
	// Rule is the name of the rule that decided, "" if none did. For a forced
	// tempfail it is the first rule that is unknown.
	Rule string
	// Finding is the finding of that rule.
	Finding envelope.Finding
	// Marks are the marks of an accepted message, each once, in the order of the
	// first rule that can set it.
	Marks []string
	// Undecided are the marks that are unknown because of a failure. They do not
	// defer the message: delivery decides what to do.
	Undecided []string
	// Forced reports whether a failure forced a tempfail, because the decision
	// depends on what it left unknown.
	Forced bool
	// Softened reports whether Policy.Soft turned a rejection into a tempfail.
	Softened bool
	// Trace has a step for each rule that was asked.
	Trace Trace

	unread     []Step // of rules that were started and not reached
	questions  int
	rounds     int
	took       time.Duration
	rules      Rules // of the policy
	atGreeting bool
	smtputf8   bool
}

// Step is one rule of a trace.
type Step struct {
	// Rule is the name of the rule.
	Rule string
	// Conditions are the findings of its conditions that were used.
	Conditions []envelope.Finding
	// Off reports whether a condition switched the rule off. There is no Finding
	// then.
	Off bool
	// Finding is the finding of its check.
	Finding envelope.Finding
	// Action is what the rule did, zero if that is unknown. For a shadow rule it is
	// what the rule would have done.
	Action Action
	// Shadow reports whether the rule is a trial ([Rule.Shadow]).
	Shadow bool
	// Questions are its questions to DNS, in order.
	Questions []Question
	// Duration is the time that its checks took.
	Duration time.Duration

	place int   // among the rules of the policy
	rule  *Rule // that was asked, nil in a trace that was not judged
}

// verdict returns the verdict for a decision.
func (j *judgement) verdict(d decision, soft bool) Verdict {
	v := Verdict{
		Action:     d.action,
		Marks:      d.marks,
		Undecided:  d.undecided,
		Forced:     d.forced,
		rules:      j.rules,
		atGreeting: j.envelope.Stage == envelope.Connect,
		smtputf8:   j.envelope.SMTPUTF8,
	}
	switch d.action {
	case Accept, Continue:
		v.Status = envelope.Status{Code: 250}
	}
	if d.rule == len(j.rules) || d.action == Continue {
		return v
	}
	rule, step := &j.rules[d.rule], &j.steps[d.rule]
	v.Rule, v.Finding = rule.name, step.Finding
	switch {
	case d.forced:
		v.Finding = blocking(step)
		v.Status = v.Finding.Status.Deferral()
		v.Text = sentence(&v.Finding, TempFail)
	case d.action == Reject && soft:
		v.Action, v.Softened = TempFail, true
		j.word(&v, rule)
	case d.action == Reject || d.action == TempFail:
		j.word(&v, rule)
	}
	if v.atGreeting {
		v.Status = greetingStatus(v.Status)
	}
	return v
}

// blocking returns the TempError of a step that forces a tempfail.
func blocking(s *Step) envelope.Finding {
	if s.Finding.Outcome == envelope.TempError {
		return s.Finding
	}
	for _, f := range s.Conditions {
		if f.Outcome == envelope.TempError {
			return f
		}
	}
	return s.Finding
}

// word sets the reply of v: that of the rule, or that of its finding.
func (j *judgement) word(v *Verdict, rule *Rule) {
	v.Status, v.Text = v.Finding.Status, sentence(&v.Finding, v.Action)
	if v.Action == TempFail && v.Finding.Deferral.IsDeferral() {
		v.Status = v.Finding.Deferral
	}
	if !rule.status.IsZero() {
		v.Status = rule.status
	}
	if v.Status.IsZero() {
		v.Status = refusal(v.Status)
	}
	if v.Action == TempFail {
		v.Status = v.Status.Deferral()
	} else if !v.Status.IsFailure() {
		v.Status = refusal(v.Status)
	}
	if rule.text != "" {
		v.Text = fill(rule.text, &j.envelope, rule.name, v.Status)
	}
	for _, line := range rule.help {
		v.Help = append(v.Help, fill(line, &j.envelope, rule.name, v.Status))
	}
}

// sentence returns the text of a refusal: the Text of the finding, in a tempfail its
// Retry, and its Advice.
func sentence(f *envelope.Finding, action Action) string {
	text := f.Text
	if action == TempFail {
		text = joined(text, ", ", f.Retry)
	}
	return joined(text, "; ", f.Advice)
}

// joined returns both parts with the separator between them, or the one that is not
// empty.
func joined(first, separator, second string) string {
	if first == "" || second == "" {
		return first + second
	}
	return first + separator + second
}

// refusal returns a status for a rejection, with the subject and detail of s if s is a
// deferral.
func refusal(s envelope.Status) envelope.Status {
	if s.IsDeferral() {
		return envelope.Status{Code: 550, Subject: s.Subject, Detail: s.Detail}
	}
	return envelope.Status{Code: 550, Subject: 7, Detail: 1}
}

// greetingStatus returns the status that replaces the banner: 554 (RFC 5321, section
// 3.1), or 421 for a tempfail.
func greetingStatus(s envelope.Status) envelope.Status {
	switch {
	case s.Class() == 5 && s.Code != 521: // RFC 7504: the host accepts no mail
		s.Code = 554
	case s.Class() == 4:
		s.Code = 421
	}
	return s
}

// record adds to v what led to it.
func (j *judgement) record(v *Verdict) {
	v.Trace, v.unread = j.trace(), j.unread()
	if !j.held {
		j.steps = nil // the verdict has them, however long rules still run
	}
	v.questions = int(j.asking.count.Load() - j.before.questions)
	if j.ahead != nil {
		v.questions += int(j.ahead.asking.count.Load())
	}
	v.rounds = envelope.Rounds(j.ctx) - j.before.rounds
	v.took = time.Since(j.asking.began)
}

// unread returns the questions that are not in the trace: those of rules that were
// started and not reached, and those that were asked ahead.
func (j *judgement) unread() (steps []Step) {
	if j.asking.count.Load() == 0 && j.ahead == nil {
		return nil
	}
	for i := range j.progress {
		if j.progress[i].asked.Load() && j.ahead == nil {
			continue
		}
		var questions []Question
		if !j.progress[i].asked.Load() {
			questions = j.progress[i].asker.asked()
		}
		if j.ahead != nil {
			questions = append(questions, j.ahead.progress[i].asker.askedSince(j.asking.began)...)
		}
		if len(questions) > 0 {
			steps = append(steps, Step{Rule: j.rules[i].name, Questions: questions, place: i})
		}
	}
	return steps
}

// trace returns the steps of the rules that were asked. Unless an acceptance is held,
// the judgement ends here, so that its steps need not be copied.
func (j *judgement) trace() []Step {
	steps := j.steps
	if j.held {
		steps = slices.Clone(steps)
	}
	n := 0
	for i := range steps {
		if !j.progress[i].asked.Load() {
			continue
		}
		if n < i {
			steps[n] = steps[i]
		}
		n++
	}
	return steps[:n]
}

// Err returns nil for Accept and Continue, and an *[Error] otherwise, also for the
// zero Verdict.
func (v Verdict) Err() error {
	if v.Action == Accept || v.Action == Continue {
		return nil
	}
	return &Error{Verdict: v}
}

// Error is a refusal as an error.
type Error struct{ Verdict Verdict }

// Error returns both codes and the text of the reply, in one line.
func (e *Error) Error() string { return replyLine(e.Verdict.Reply()) }

// replyLine returns both codes and the text of a reply, in one line.
func replyLine(r Reply) string { return r.Status.String() + " " + strings.Join(r.Lines, " ") }

// LogValue returns the verdict for logs, with cleaned texts: action, status, text,
// rule, check, outcome, marks and the private cause.
func (v Verdict) LogValue() slog.Value {
	attrs := append(make([]slog.Attr, 0, 8), slog.String("action", v.Action.String()))
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(key, envelope.CleanText(value, true)))
		}
	}
	if v.Action != Accept && v.Action != Continue { // Err would copy the verdict
		reply := v.Reply()
		add("status", reply.Status.String())
		add("text", strings.Join(reply.Lines, " "))
	}
	add("rule", v.Rule)
	add("check", v.Finding.Check)
	add("outcome", v.Finding.Outcome.String())
	add("marks", strings.Join(v.Marks, ","))
	add("undecided", strings.Join(v.Undecided, ","))
	if v.Finding.Err != nil {
		add("cause", envelope.Excerpt(v.Finding.Err.Error()))
	}
	if v.Forced {
		attrs = append(attrs, slog.Bool("forced", true))
	}
	if v.Softened {
		attrs = append(attrs, slog.Bool("softened", true))
	}
	return slog.GroupValue(append(attrs, slog.Int("questions", v.questions))...)
}

// Merge returns the verdict for one reply to several recipients. It is the first of
// the verdicts with the action that comes first in this list:
//
//   - the zero Verdict, also if there are no verdicts
//   - Continue
//   - TempFail
//   - Reject
//   - Accept
//
// An acceptance has the marks of all verdicts. A mark that one of them has is not
// undecided.
func Merge(verdicts ...Verdict) Verdict {
	var merged Verdict
	var marks, undecided []string
	for i, v := range verdicts {
		if i == 0 || precedence(v.Action) > precedence(merged.Action) {
			merged = v
		}
		marks = append(marks, v.Marks...)
		undecided = append(undecided, v.Undecided...)
	}
	merged.Marks, merged.Undecided = nil, nil
	if merged.Action == Accept {
		merged.Marks = without(nil, marks)
		merged.Undecided = without(merged.Marks, undecided)
	}
	return merged
}

func precedence(a Action) int {
	switch a {
	case Accept:
		return 0
	case Reject:
		return 1
	case TempFail:
		return 2
	case Continue:
		return 3
	}
	return 4
}

// without returns the marks that are not in others, each once.
func without(others, marks []string) []string {
	var rest []string
	for _, mark := range marks {
		if !slices.Contains(others, mark) && !slices.Contains(rest, mark) {
			rest = append(rest, mark)
		}
	}
	return rest
}
