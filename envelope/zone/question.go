package zone

import (
	"strconv"
	"strings"

	"github.com/miekg/dns"
	"mxrules.example/envelope"
)

// typeCode returns the number of a type: of its name, such as "MX", or of a form
// such as "TYPE65280" (RFC 3597, section 5). It returns 0 for an unknown type.
func typeCode(word string) uint16 {
	word = strings.ToUpper(word)
	if number, ok := strings.CutPrefix(word, "TYPE"); ok {
		code, _ := strconv.ParseUint(number, 10, 16)
		return uint16(code)
	}
	return dns.StringToType[word]
}

// Questions are questions in the order in which they were asked. Each is a name and
// a type, in the form of [Zone.SetFault]: "mail.example.org. A". The name is absolute,
// in lower case, and escaped as in a master file. The type ANY is a question of
// Exists.
type Questions []string

// String returns the questions separated by commas.
func (qs Questions) String() string { return strings.Join(qs, ", ") }

// Types returns the types of the questions, such as "A AAAA MX". Tests of the DNS
// cost of a check compare it.
func (qs Questions) Types() string {
	types := make([]string, len(qs))
	for i, q := range qs {
		_, types[i] = splitQuestion(q)
	}
	return strings.Join(types, " ")
}

// pattern matches questions; see SetFault.
type pattern struct {
	name  string
	below bool   // matches the names below name
	kind  uint16 // 0 matches all types
}

func parsePattern(question string) (pattern, error) {
	bad := func(reason string) (pattern, error) {
		return pattern{}, &envelope.SyntaxError{Kind: "question", Value: question, Reason: reason}
	}
	name, kind := splitQuestion(question)
	if name == "" || len(strings.Fields(kind)) > 1 {
		return bad(`is not a name with an optional type, such as "example.org. MX"`)
	}
	var p pattern
	if rest, ok := strings.CutPrefix(name, "*"); ok && (rest == "" || rest[0] == '.') {
		p.below = true
		if name = strings.TrimPrefix(rest, "."); name == "" {
			name = "."
		}
	}
	name, ok := aLabels(name)
	if ok {
		p.name, ok = normal(name)
	}
	if !ok {
		return bad("has an invalid name")
	}
	if kind != "" && kind != "*" {
		if p.kind = typeCode(kind); p.kind == 0 {
			return bad("has an unknown type")
		}
	}
	return p, nil
}

// splitQuestion splits a question at the first white space that is not escaped.
func splitQuestion(question string) (name, kind string) {
	const space = " \t\r\n"
	question = strings.TrimLeft(question, space)
	for i := 0; i < len(question); i++ {
		switch {
		case question[i] == '\\':
			i++
		case strings.IndexByte(space, question[i]) >= 0:
			return question[:i], strings.TrimSpace(question[i:])
		}
	}
	return question, ""
}

// mustPattern is like parsePattern, but panics instead of returning an error.
func mustPattern(question string) pattern {
	p, err := parsePattern(question)
	if err != nil {
		panic(err)
	}
	return p
}

func (p pattern) matches(name string, kind uint16) bool {
	if p.kind != 0 && p.kind != kind {
		return false
	}
	if !p.below {
		return p.name == name
	}
	for name != "" {
		if name = parent(name); name == p.name {
			return true
		}
	}
	return false
}

// nearest returns the value of the most specific pattern that matches a question;
// see SetFault.
func nearest[T any](patterns map[pattern]T, name string, kind uint16) (value T, ok bool) {
	if len(patterns) == 0 {
		return value, false
	}
	p := pattern{name: name, kind: kind}
	for {
		p.kind = kind
		if value, ok = patterns[p]; ok {
			return value, true
		}
		p.kind = 0
		if value, ok = patterns[p]; ok || p.name == "" && (p.below || name == "") {
			return value, ok
		}
		p.name, p.below = parent(p.name), true
	}
}
