package judge

import (
	"bytes"
	"encoding/json"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// report is the JSON form of a result. What is empty is absent only where the tag says so,
// and no list is null.
type report struct {
	ID        json.RawMessage `json:"id"`
	Action    string          `json:"action"` // "none" with -checks
	Code      int             `json:"code"`   // 250, 0 with -checks
	Status    string          `json:"status"` // "2.0.0", "" with -checks
	Text      string          `json:"text"`   // the lines of the reply, joined
	Rule      string          `json:"rule"`   // that decided, "" without one
	Marks     []string        `json:"marks"`
	Undecided []string        `json:"undecided"`          // marks that a failure left unknown
	Forced    bool            `json:"forced,omitempty"`   // the rule failed, and prevents a decision
	Softened  bool            `json:"softened,omitempty"` // a rejection that Policy.Soft made a tempfail
	Findings  []finding       `json:"findings"`
	Rules     []ruleReport    `json:"rules"`
	Headers   []string        `json:"headers,omitempty"`
	Link      string          `json:"link,omitempty"`
	DNS       questionCount   `json:"dns"`
}

type finding struct {
	Check   string          `json:"check"`
	Outcome string          `json:"outcome"`
	Status  string          `json:"status"` // the enhanced code, "" for a pass
	Text    string          `json:"text"`
	Detail  json.RawMessage `json:"detail,omitempty"`
}

type questionCount struct {
	Queries int `json:"queries"`
	Shared  int `json:"shared"`
	InVain  int `json:"in_vain"`
	Rounds  int `json:"rounds"`
}

// failure is the JSON form of an invalid line.
type failure struct {
	ID    json.RawMessage `json:"id"`
	Error string          `json:"error"`
}

// json returns the result as one line of JSON.
func (r result) json() []byte {
	if r.err != nil {
		return encode(failure{ID: r.id, Error: envelope.CleanText(r.err.Error(), true)})
	}
	return encode(r.report())
}

func (r result) report() report {
	out := report{
		ID:        r.id,
		Action:    "none",
		Rule:      r.merged.Rule,
		Marks:     append([]string{}, r.merged.Marks...),
		Undecided: append([]string{}, r.merged.Undecided...),
		Findings:  findings(r.verdicts),
		Rules:     rules(r.verdicts),
		Forced:    r.merged.Forced,
		Softened:  r.merged.Softened,
		Headers:   r.headers,
		Link:      r.link,
	}
	if !r.checksOnly {
		reply := r.merged.Reply()
		out.Action = r.merged.Action.String()
		out.Code, out.Status = int(reply.Status.Code), reply.Status.Enhanced()
		out.Text = strings.Join(reply.Lines, " ")
	}
	cost := r.cost()
	out.DNS = questionCount{cost.Questions, cost.Shared, cost.InVain, cost.Rounds}
	return out
}

// cost returns the cost of all verdicts together.
func (r result) cost() (sum verdict.Cost) {
	for _, v := range r.verdicts {
		c := v.Cost()
		sum.Questions += c.Questions
		sum.Shared += c.Shared
		sum.InVain += c.InVain
		sum.Rounds += c.Rounds
	}
	return sum
}

// findings returns the findings of all verdicts, in order. A finding of one
// recipient is not repeated for the next.
func findings(verdicts []verdict.Verdict) []finding {
	list, before := []finding{}, map[string]bool{}
	for _, v := range verdicts {
		first := len(list)
		for _, step := range v.Trace {
			for _, f := range stepFindings(step) {
				if one := newFinding(f); !before[one.key()] {
					list = append(list, one)
				}
			}
		}
		for _, one := range list[first:] {
			before[one.key()] = true
		}
	}
	return list
}

// stepFindings returns the findings of a step in order: those of the conditions of
// its rule, then that of its check. The operands of a combined check follow it.
func stepFindings(step verdict.Step) []envelope.Finding {
	var all []envelope.Finding
	for _, f := range step.Conditions {
		all = append(all, withOperands(f)...)
	}
	if !step.Off {
		all = append(all, withOperands(step.Finding)...)
	}
	return all
}

func withOperands(f envelope.Finding) []envelope.Finding {
	all := []envelope.Finding{f}
	operands, _ := f.Detail.([]envelope.Finding)
	for _, operand := range operands {
		all = append(all, withOperands(operand)...)
	}
	return all
}

// key is equal for equal findings.
func (f finding) key() string { return string(encode(f)) }

func newFinding(f envelope.Finding) finding {
	one := finding{
		Check:   f.Check,
		Outcome: f.Outcome.String(),
		Text:    envelope.CleanText(f.Text, true),
	}
	if !f.Status.IsZero() {
		one.Status = f.Status.Enhanced()
	}
	one.Detail = detail(f)
	return one
}

// encode returns v as a line of JSON. It does not escape "<" and ">".
func encode(v any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err) // v has strings, numbers and an ID that was valid JSON
	}
	return b.Bytes()
}
