package replay

import (
	"errors"
	"fmt"

	"mxrules.example/envelope"
)

// Finding is a finding that is recorded by value.
type Finding struct {
	To       string `json:"to,omitempty"`   // the recipient
	Rule     int    `json:"rule"`           // the place of the rule in the policy, from 0
	Part     int    `json:"part,omitempty"` // the number of the condition, from 1; 0 for the check
	Check    string `json:"check"`
	Outcome  string `json:"outcome"`
	Awaits   string `json:"awaits,omitempty"`   // a stage
	Status   string `json:"status,omitempty"`   // "550 5.7.25"
	Deferral string `json:"deferral,omitempty"` // "450 4.7.25"
	Text     string `json:"text,omitempty"`
	Advice   string `json:"advice,omitempty"`
	Retry    string `json:"retry,omitempty"`
	Cause    string `json:"cause,omitempty"`
}

func newFinding(to string, at place, f envelope.Finding) Finding {
	one := Finding{
		To: to, Rule: at.rule, Part: at.part, Check: f.Check, Outcome: f.Outcome.String(),
		Status: statusText(f.Status), Deferral: statusText(f.Deferral), Text: f.Text, Advice: f.Advice, Retry: f.Retry,
	}
	if f.Outcome == envelope.Pending {
		one.Awaits = f.Awaits.String()
	}
	if f.Err != nil {
		one.Cause = envelope.Excerpt(f.Err.Error())
	}
	return one
}

func statusText(s envelope.Status) string {
	if s.IsZero() {
		return ""
	}
	return s.String()
}

// finding returns the finding. One whose outcome is not valid has none, which a judge takes
// for a TempError.
func (f Finding) finding() envelope.Finding {
	one := envelope.Finding{
		Check: f.Check, Outcome: outcomeOf(f.Outcome), Status: statusOf(f.Status), Deferral: statusOf(f.Deferral),
		Text: f.Text, Advice: f.Advice, Retry: f.Retry,
	}
	_ = one.Awaits.UnmarshalText([]byte(f.Awaits))
	if f.Cause != "" {
		one.Err = errors.New(f.Cause)
	}
	return one
}

func outcomeOf(word string) envelope.Outcome {
	for o := envelope.None; o <= envelope.PermError; o++ {
		if o.String() == word {
			return o
		}
	}
	return 0
}

// statusOf parses a status as its String writes it. What is not one is no status.
func statusOf(text string) (s envelope.Status) {
	if text == "" {
		return s
	}
	var class uint16
	if _, err := fmt.Sscanf(text, "%d %d.%d.%d", &s.Code, &class, &s.Subject, &s.Detail); err != nil {
		return envelope.Status{}
	}
	return s
}
