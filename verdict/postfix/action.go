package postfix

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"mxrules.example/envelope"
)

// kind is what the result of an access table does.
type kind uint8

const (
	nothing kind = iota
	permits
	rejects
	defers
	defersIfPermit
	defersIfReject
	discards
	marks // HOLD, FILTER and others that say what to do with accepted mail
	lists // a list of restrictions
)

// word returns the word of access tables for k.
func (k kind) word() string {
	return map[kind]string{permits: "OK", rejects: "REJECT", defers: "DEFER", defersIfPermit: "DEFER_IF_PERMIT", defersIfReject: "DEFER_IF_REJECT"}[k]
}

// action is a result of an access table (access(5), "actions").
type action struct {
	kind   kind
	status envelope.Status // of a refusal, zero for the default
	text   string          // of a refusal
}

var (
	codeAction = regexp.MustCompile(`^[45][0-9][0-9]( |$)`)
	enhanced   = regexp.MustCompile(`^([245])\.([0-9]{1,3})\.([0-9]{1,3})(?:\s+|$)`)
)

// parseAction parses the value of an entry.
func parseAction(value string) (action, error) {
	if codeAction.MatchString(value) {
		code, _ := strconv.Atoi(value[:3])
		a := refusing(map[bool]kind{true: rejects, false: defers}[value[0] == '5'], strings.TrimSpace(value[3:]))
		a.status.Code = uint16(code)
		if a.status.Subject == 0 && a.status.Detail == 0 {
			a.status.Subject, a.status.Detail = 7, 1
		}
		if !a.status.IsFailure() && !a.status.IsDeferral() {
			return a, fmt.Errorf("no RFC defines the reply code %d of %q", code, excerpt(value))
		}
		return a, nil
	}
	word, rest := cutBlank(value)
	switch strings.ToUpper(word) {
	case "OK", "RELAY", "PERMIT":
		return action{kind: permits}, nil
	case "REJECT":
		return refusing(rejects, rest), nil
	case "DEFER":
		return refusing(defers, rest), nil
	case "DEFER_IF_PERMIT":
		return refusing(defersIfPermit, rest), nil
	case "DEFER_IF_REJECT":
		return refusing(defersIfReject, rest), nil
	case "DUNNO", "INFO", "WARN":
		return action{}, nil
	case "DISCARD":
		return action{kind: discards}, nil
	case "HOLD", "FILTER", "REDIRECT", "BCC", "PREPEND":
		return action{kind: marks}, nil
	}
	if strings.Trim(value, "0123456789") == "" {
		return action{kind: permits}, nil
	}
	if strings.Contains(word, "$") {
		return action{}, fmt.Errorf("what %q does depends on a part of the key", excerpt(value))
	}
	return action{kind: lists}, nil
}

// refusing returns a refusal whose text may begin with an enhanced status code.
func refusing(k kind, text string) action {
	a := action{kind: k, text: text}
	if m := enhanced.FindStringSubmatch(text); m != nil {
		a.text = text[len(m[0]):]
		subject, _ := strconv.Atoi(m[2])
		detail, _ := strconv.Atoi(m[3])
		a.status.Subject, a.status.Detail = uint16(subject), uint16(detail)
	}
	return a
}
