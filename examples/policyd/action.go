package main

import (
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/header"
	"mxrules.example/verdict"
	"mxrules.example/verdict/headers"
)

// maxAction bounds an action, in octets. A reply line of SMTP has at most 512, and Postfix
// adds the code and the recipient.
const maxAction = 400

// dunno lets Postfix go on with its next restriction.
const dunno = "DUNNO"

// actions makes actions of verdicts (access(5)).
type actions struct {
	stamp *headers.Stamp // of Authentication-Results, nil adds no fields
	marks map[string]string
}

// of returns the action for a verdict. A refusal has the reply code, the enhanced status
// code and the text of the verdict in one line, because the protocol has only one. The
// first accepted recipient of a message adds the results as a header field; a mark that
// has an action of its own takes precedence.
func (a actions) of(e *envelope.Envelope, v verdict.Verdict) string {
	if v.Err() != nil {
		reply := v.Reply()
		if reply.Status.Code == 421 { // Postfix has its own texts for hanging up
			reply.Status.Code = 451
		}
		return oneLine(reply.Status.String()+" "+strings.Join(reply.Lines, " "), maxAction)
	}
	if v.Action != verdict.Accept {
		return dunno
	}
	for _, mark := range v.Marks {
		if action := a.marks[mark]; action != "" {
			return action
		}
	}
	if a.stamp == nil || e.Recipients > 0 {
		return dunno
	}
	field := a.stamp.AuthenticationResults(e, v)
	return "PREPEND " + oneLine(header.Unfold([]byte(field)), maxRequest)
}

// oneLine cleans a text so that it is one line of at most limit octets.
func oneLine(text string, limit int) string {
	text = envelope.CleanText(text, false) // has no blanks in a row
	if len(text) > limit {
		text = text[:limit]
	}
	return text
}
