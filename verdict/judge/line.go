package judge

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"mxrules.example/envelope"
	"mxrules.example/verdict/replay"
)

var (
	errNotUTF8  = errors.New("the line is not UTF-8 (RFC 8259, section 8.1)")
	errNoObject = errors.New("the line is not one JSON object (RFC 8259)")
)

// line is one line of input: an envelope, and the DNS to judge it with. It has the form of
// a record.
type line struct {
	ID   json.RawMessage `json:"id"`   // any value, returned unchanged
	Zone *string         `json:"zone"` // nil to use another zone
	replay.Record

	file *envelope.Message // of -message, in place of that in JSON
}

// read returns the envelope of the line and its recipients.
func (l line) read() (envelope.Envelope, []string, error) {
	e, err := l.Envelope()
	if err == nil && l.file != nil {
		e.Message = l.file
	}
	return e, l.RcptTo, err
}

// parseLine parses a line strictly: an unknown or repeated field would silently
// change what is judged. encoding/json accepts both, and field names in any letter
// case. With an error, the line still has its ID if that is valid.
func parseLine(text []byte) (line, error) {
	var l line
	fields, err := splitObject(text)
	for _, f := range fields {
		if f.name == "id" && utf8.Valid(f.value) {
			l.ID = f.value
		}
	}
	switch {
	case !utf8.Valid(text):
		return l, errNotUTF8
	case err != nil:
		return l, err
	}
	targets, seen := l.targets(), map[string]bool{}
	for _, f := range fields {
		bad := func(reason string) (line, error) {
			return l, &envelope.SyntaxError{Kind: "field", Value: f.name, Reason: reason}
		}
		target, known := targets[f.name]
		if !known {
			return bad("is unknown")
		}
		if seen[f.name] {
			return bad("is given twice")
		}
		seen[f.name] = true
		var mismatch *json.UnmarshalTypeError
		switch err := json.Unmarshal(f.value, target); {
		case errors.As(err, &mismatch):
			return bad("must be " + inJSON(reflect.TypeOf(target).Elem()) + ", not a JSON " + mismatch.Value)
		case err != nil:
			return bad("is invalid")
		}
	}
	return l, nil
}

// inJSON says what a value of a type is in JSON.
func inJSON(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return inJSON(t.Elem())
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Map:
		return "an object of strings"
	}
	return "a number"
}

// field is one member of a JSON object.
type field struct {
	name  string
	value json.RawMessage
}

// splitObject returns the members of a JSON object in order. With an error it
// returns the members before the error.
func splitObject(text []byte) ([]field, error) {
	var fields []field
	decoder := json.NewDecoder(bytes.NewReader(text))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, errNoObject
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return fields, errNoObject
		}
		f := field{name: name.(string)} // More and Token allow only a string here
		if err := decoder.Decode(&f.value); err != nil {
			return fields, errNoObject
		}
		fields = append(fields, f)
	}
	if _, err := decoder.Token(); err != nil { // the closing brace
		return fields, errNoObject
	}
	if _, err := decoder.Token(); err != io.EOF {
		return fields, errNoObject
	}
	return fields, nil
}

// targets returns a pointer to each field of l, by its name in JSON. It reads the
// names from the tags.
func (l *line) targets() map[string]any {
	targets := map[string]any{}
	value := reflect.ValueOf(l).Elem()
	for _, f := range reflect.VisibleFields(value.Type()) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			targets[name] = value.FieldByIndex(f.Index).Addr().Interface()
		}
	}
	return targets
}
