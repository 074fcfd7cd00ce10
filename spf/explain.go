package spf

import (
	"strconv"
	"strings"
	"time"

	"mxrules.example/envelope"
)

// maxExplanation is the maximum length of an explanation in octets.
const maxExplanation = 250

// explain returns the explanation of a domain for a fail, "" if there is none. If the
// lookup fails, or finds an invalid text or several texts, there is none (RFC 7208,
// section 6.2), so the explanation never changes the result.
func (ev *evaluation) explain(rec *record) string {
	if rec.explanation == nil {
		return ""
	}
	name := ev.target(&question{rec, rec.explanation})
	texts, err := ask(ev.ctx, &ev.resolver, name, envelope.LookupTXT)
	if err != nil || len(texts) != 1 {
		return ""
	}
	explanation := macroString(texts[0])
	if len(explanation) > maxRecord || explanation.explanationFault() != "" {
		return ""
	}
	text := explanation.expand(func(letter byte) string {
		switch letter {
		case 'c':
			return ev.client.String()
		case 'r':
			return ev.checker.receiver()
		case 't':
			return strconv.FormatInt(ev.time().Unix(), 10)
		}
		return ev.letter(letter, rec.domain)
	})
	return oneLine(text)
}

// oneLine cleans and shortens the explanation for a reply. A macro may have inserted
// octets that the client chose.
func oneLine(text string) string {
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text))
	if len(text) > maxExplanation {
		text = text[:maxExplanation-len("...")] + "..."
	}
	return text
}

// explanationFault returns why s is not an explain-string, "" if it is one: a
// macro-string that may have blanks and all macros.
func (s macroString) explanationFault() (reason string) {
	for part := range strings.SplitSeq(string(s), " ") {
		if reason = macroString(part).fault(true); reason != "" {
			return reason
		}
	}
	return ""
}

// time returns the time for the macro t.
func (ev *evaluation) time() time.Time {
	if ev.now.IsZero() {
		return time.Now()
	}
	return ev.now
}
