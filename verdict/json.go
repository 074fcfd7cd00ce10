package verdict

import (
	"encoding/json"

	"mxrules.example/envelope"
)

// MarshalJSON writes the verdict as an object with its reply and its trace, for logs
// and tools. The texts in it are clean. The object has the private causes of
// failures: do not send it to a peer.
func (v Verdict) MarshalJSON() ([]byte, error) {
	type object struct {
		Action    string   `json:"action"`
		Reply     string   `json:"reply,omitempty"` // without line ends
		Rule      string   `json:"rule,omitempty"`
		Marks     []string `json:"marks,omitempty"`
		Undecided []string `json:"undecided,omitempty"`
		Forced    bool     `json:"forced,omitempty"`
		Softened  bool     `json:"softened,omitempty"`
		Cost      Cost     `json:"cost"`
		Trace     Trace    `json:"trace"`
	}
	one := object{
		Action: v.Action.String(), Rule: v.Rule, Marks: v.Marks, Undecided: v.Undecided,
		Forced: v.Forced, Softened: v.Softened, Cost: v.Cost(), Trace: v.Trace,
	}
	if err := v.Err(); err != nil {
		one.Reply = err.Error()
	}
	return json.Marshal(one)
}

// MarshalJSON writes the cost as an object.
func (c Cost) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Questions int     `json:"questions"`
		Shared    int     `json:"shared"`
		InVain    int     `json:"in_vain"`
		Rounds    int     `json:"rounds"`
		Seconds   float64 `json:"seconds"`
	}{c.Questions, c.Shared, c.InVain, c.Rounds, c.Duration.Seconds()})
}

// MarshalJSON writes the step as an object without empty fields.
func (s Step) MarshalJSON() ([]byte, error) {
	type object struct {
		Rule       string             `json:"rule"`
		Action     string             `json:"action,omitempty"`
		Shadow     bool               `json:"shadow,omitempty"`
		Off        bool               `json:"off,omitempty"`
		Conditions []envelope.Finding `json:"conditions,omitempty"`
		Finding    *envelope.Finding  `json:"finding,omitempty"`
		Questions  []Question         `json:"questions,omitempty"`
		Seconds    float64            `json:"seconds"`
	}
	one := object{
		Rule: s.Rule, Action: s.Action.String(), Shadow: s.Shadow, Off: s.Off,
		Conditions: s.Conditions, Questions: s.Questions, Seconds: s.Duration.Seconds(),
	}
	if !s.Off {
		one.Finding = &s.Finding
	}
	return json.Marshal(one)
}

// MarshalJSON writes the question as an object, with its error as text.
func (q Question) MarshalJSON() ([]byte, error) {
	type object struct {
		Type      string  `json:"type"`
		Name      string  `json:"name"`
		Reused    bool    `json:"reused,omitempty"`
		Abandoned bool    `json:"abandoned,omitempty"`
		Error     string  `json:"error,omitempty"`
		Began     float64 `json:"began"` // seconds from the beginning of the judgement
		Seconds   float64 `json:"seconds"`
	}
	one := object{
		Type: q.Type, Name: q.Name, Reused: q.Reused, Abandoned: q.Abandoned,
		Began: q.Began.Seconds(), Seconds: q.Duration.Seconds(),
	}
	if q.Err != nil {
		one.Error = envelope.Excerpt(q.Err.Error())
	}
	return json.Marshal(one)
}
