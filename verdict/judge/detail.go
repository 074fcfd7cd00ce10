package judge

import (
	"bytes"
	"encoding/json"

	"mxrules.example/envelope"
)

// detail returns the JSON form of the Detail of a finding, nil if it has none. The operands
// of a combination are findings of their own.
func detail(f envelope.Finding) json.RawMessage {
	if _, isOperands := f.Detail.([]envelope.Finding); isOperands || f.Detail == nil {
		return nil
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(f.Detail) != nil {
		return nil
	}
	switch text := string(bytes.TrimSpace(b.Bytes())); text {
	case "{}", "null":
		return nil
	default:
		return json.RawMessage(text)
	}
}
