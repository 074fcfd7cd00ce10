package verdict

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"mxrules.example/envelope"
)

// Verdict is what a policy says of an envelope. The zero value is no verdict:
// its Err is not nil.
type Verdict struct {
	// Action is Accept, TempFail or Reject, or Continue if more must be known.
	Action Action
	// Status is the reply code with the enhanced status code.
	Status envelope.Status
	// Text is the sentence of the reply; Help are further lines of it.
	Text string
	Help []string
	// Rule is the name of the rule that decided or, of a tempfail that was
	// forced, of the rule that could not be decided. It is "" if no rule decided.
	Rule string
	// Finding is what that rule found.
	Finding envelope.Finding
	// Marks are the marks of an accepted message, each once, in the order of the
	// first rule that can set it.
	Marks []string
	// Undecided are the marks of which a failure left unknown whether an accepted
	// message has them. They defer nothing: what to do is up to delivery.
	Undecided []string
	// Forced says that a tempfail was no rule's wish: a failure made the right
	// answer unknown.
	Forced bool
	// Softened says that Policy.Soft made a tempfail of a rejection.
	Softened bool
	// Trace is how the verdict came about.
	Trace Trace

	questions  int
	rules      Rules // of the policy
	atGreeting bool
	smtputf8   bool
}

// Step is one rule of a trace.
type Step struct {
	// Rule is the name of the rule.
	Rule string
	// Conditions are the findings of those of its conditions that were asked.
	Conditions []envelope.Finding
	// Off says that the conditions switched the rule off. Its check was not
	// asked.
	Off bool
	// Finding is what its check found.
	Finding envelope.Finding
	// Action is what the rule did, zero if that is not known; of a shadow rule,
	// what it would have done.
	Action Action
	// Shadow says that the rule was a trial.
	Shadow bool
	// Questions are those it put to DNS, in order.
	Questions []Question
	// Duration is how long its checks took.
	Duration time.Duration

	place int // among the rules of the policy
}

// verdict puts a decision into words.
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

// blocking returns the finding of a step that could not be had.
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

// word gives v the reply of a rule that refused: its own, or that of its
// finding.
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

// sentence returns what a refusal tells of a finding: what was seen, that
// another try helps if one is asked for, and what else the sender can do.
func sentence(f *envelope.Finding, action Action) string {
	text := f.Text
	add := func(separator, part string) {
		if text != "" && part != "" {
			text += separator
		}
		text += part
	}
	if action == TempFail {
		add(", ", f.Retry)
	}
	add("; ", f.Advice)
	return text
}

// refusal makes a status for a rejection of one that is none, keeping what it
// says of the reason.
func refusal(s envelope.Status) envelope.Status {
	if s.IsDeferral() {
		return envelope.Status{Code: 550, Subject: s.Subject, Detail: s.Detail}
	}
	return envelope.Status{Code: 550, Subject: 7, Detail: 1}
}

// greetingStatus returns the status that stands in place of a banner. RFC
// 5321, section 3.1 knows 554 there; 421 closes the connection for now.
func greetingStatus(s envelope.Status) envelope.Status {
	switch {
	case s.Class() == 5 && s.Code != 521: // RFC 7504: the host takes no mail
		s.Code = 554
	case s.Class() == 4:
		s.Code = 421
	}
	return s
}

// trace returns the steps of the rules that were asked. A judgement by itself is
// over then, and gives its own away.
func (j *judgement) trace() []Step {
	asked := j.steps[:0]
	if j.session != nil {
		asked = make([]Step, 0, len(j.steps))
	}
	for i := range j.steps {
		if j.progress[i].asked {
			asked = append(asked, j.steps[i])
		}
	}
	return asked
}

// Questions returns how many questions the judgement put to DNS. What several
// rules asked counts once; what was asked in vain counts.
func (v Verdict) Questions() int { return v.questions }

// Err returns nil for Accept and Continue, and an *[Error] for everything
// else, the zero Verdict too.
func (v Verdict) Err() error {
	if v.Action == Accept || v.Action == Continue {
		return nil
	}
	return &Error{Verdict: v}
}

// Error is a refusal as an error.
type Error struct{ Verdict Verdict }

// Error returns both codes and the text of the reply, in one line.
func (e *Error) Error() string {
	reply := e.Verdict.Reply()
	return reply.Status.String() + " " + strings.Join(reply.Lines, " ")
}

// LogValue returns what a log wants to know of the verdict, cleaned: action,
// status, rule, check, outcome, text, marks, and the private cause.
func (v Verdict) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("action", v.Action.String())}
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(key, envelope.CleanText(value, true)))
		}
	}
	if v.Err() != nil {
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
	return slog.GroupValue(append(attrs, slog.Int("questions", v.Questions()))...)
}

// Merge returns the verdict for one reply that stands for several recipients: a
// tempfail comes before a rejection, a rejection before an acceptance. It is
// Continue as long as one of them is, and the zero Verdict if one of them is, or
// if there are none. An acceptance has the marks of all; a mark that is set for
// one of them is not undecided.
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
