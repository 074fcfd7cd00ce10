package judge

import (
	"errors"
	"net"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// ruleReport is the JSON form of what a rule found and did. Empty fields are absent.
type ruleReport struct {
	Rule       string            `json:"rule"`
	Action     string            `json:"action,omitempty"` // absent if it is unknown
	Shadow     bool              `json:"shadow,omitempty"` // a trial: the action is what it would do
	Off        bool              `json:"off,omitempty"`    // by a condition
	Conditions []conditionReport `json:"conditions,omitempty"`
	Check      string            `json:"check,omitempty"`
	Outcome    string            `json:"outcome,omitempty"`
	Awaits     string            `json:"awaits,omitempty"` // the stage that a pending check waits for
	Cause      string            `json:"cause,omitempty"`  // of a temperror or permerror
	Questions  []questionReport  `json:"questions,omitempty"`
}

type conditionReport struct {
	Check   string `json:"check"`
	Outcome string `json:"outcome"`
	Awaits  string `json:"awaits,omitempty"`
	Cause   string `json:"cause,omitempty"`
}

type questionReport struct {
	Type   string `json:"type"`
	Name   string `json:"name"`
	Shared bool   `json:"shared,omitempty"` // another rule had asked
	Error  string `json:"error,omitempty"`  // absent if there are records
}

// rules returns what the rules of all verdicts did, in order. What is the same for one
// recipient and the next is not repeated.
func rules(verdicts []verdict.Verdict) []ruleReport {
	list, before := []ruleReport{}, map[string]bool{}
	for _, v := range verdicts {
		first := len(list)
		for _, step := range v.Trace {
			if one := newRuleReport(step); !before[one.key()] {
				list = append(list, one)
			}
		}
		for _, one := range list[first:] {
			before[one.key()] = true
		}
	}
	return list
}

// key is equal for rules that found and did the same.
func (r ruleReport) key() string {
	r.Questions = nil // the first recipient asks, and the next shares the answer
	return string(encode(r))
}

func newRuleReport(step verdict.Step) ruleReport {
	one := ruleReport{Rule: clean(step.Rule), Action: step.Action.String(), Shadow: step.Shadow, Off: step.Off}
	for _, f := range step.Conditions {
		one.Conditions = append(one.Conditions, conditionReport{f.Check, f.Outcome.String(), awaits(f), cause(f)})
	}
	if !step.Off {
		f := step.Finding
		one.Check, one.Outcome, one.Awaits, one.Cause = f.Check, f.Outcome.String(), awaits(f), cause(f)
	}
	for _, q := range step.Questions {
		one.Questions = append(one.Questions, questionReport{q.Type, envelope.Excerpt(q.Name), q.Reused, answer(q)})
	}
	return one
}

// awaits returns the stage that a pending finding waits for.
func awaits(f envelope.Finding) string {
	if f.Outcome != envelope.Pending {
		return ""
	}
	return f.Awaits.String()
}

// cause returns the private cause of a failure.
func cause(f envelope.Finding) string {
	if f.Err == nil {
		return ""
	}
	return envelope.Excerpt(f.Err.Error())
}

// answer returns why a question has no records, "" if it has.
func answer(q verdict.Question) string {
	var failure *net.DNSError
	switch {
	case q.Abandoned:
		return "not waited for"
	case q.Err == nil:
		return ""
	case envelope.NotFound(q.Err):
		return "no such record"
	case errors.As(q.Err, &failure):
		return envelope.Excerpt(failure.Err)
	}
	return envelope.Excerpt(q.Err.Error())
}
