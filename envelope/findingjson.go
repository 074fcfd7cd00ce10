package envelope

import "encoding/json"

// MarshalJSON writes the finding as an object, for logs and tools. Empty fields and
// a Detail that cannot be marshalled are omitted. The object has the private cause:
// do not send it to a peer.
func (f Finding) MarshalJSON() ([]byte, error) {
	type object struct {
		Check   string          `json:"check"`
		Outcome string          `json:"outcome"`
		Awaits  string          `json:"awaits,omitempty"` // a stage
		Status  string          `json:"status,omitempty"` // "550 5.7.25"
		Text    string          `json:"text,omitempty"`
		Advice  string          `json:"advice,omitempty"`
		Retry   string          `json:"retry,omitempty"`
		Cause   string          `json:"cause,omitempty"`
		Detail  json.RawMessage `json:"detail,omitempty"`
	}
	one := object{Check: f.Check, Outcome: f.Outcome.String(), Text: f.Text, Advice: f.Advice, Retry: f.Retry}
	if f.Outcome == Pending {
		one.Awaits = f.Awaits.String()
	}
	if !f.Status.IsZero() {
		one.Status = f.Status.String()
	}
	if f.Err != nil {
		one.Cause = Excerpt(f.Err.Error())
	}
	if f.Detail != nil {
		detail, err := json.Marshal(f.Detail)
		if empty := string(detail); err == nil && empty != "{}" && empty != "null" {
			one.Detail = detail
		}
	}
	return json.Marshal(one)
}
