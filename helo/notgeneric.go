package helo

import (
	"context"

	"mxrules.example/envelope"
	"mxrules.example/envelope/genericname"
)

// NotGeneric passes unless the HELO name looks like a name of dynamic or unnamed
// address space: one that contains the client's address in some spelling or a word
// such as dhcp or pool, and no sign of a mail server, such as static or mail.
// Package genericname defines how names are judged. None: an address literal. For a
// client of unknown address the name alone is judged.
//
// Status: 550 5.7.1.
func NotGeneric(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "helo.notgeneric"
	if !e.Reached(envelope.Helo) {
		return envelope.NotYet(check, envelope.Helo)
	}
	host, literal, fault := read(e.Helo)
	if fault != "" || !literal.IsZero() {
		return envelope.NotApplicable(check)
	}
	if sign, generic := genericname.Judge(host, e.Client()); generic {
		return failed(check, refusal, "the HELO name %s looks like that of a dynamic or unnamed address: %s", e.Helo, sign)
	}
	return envelope.Passed(check)
}
