package helo

import (
	"context"

	"mxrules.example/envelope"
	"mxrules.example/envelope/genericname"
)

// NotGeneric passes when the greeting does not look like the name of dynamic or
// unnamed address space: it neither holds the client's address in some spelling
// nor a word such as dhcp or pool, or something speaks against that, such as
// static or mail. Package genericname says how this is weighed. None: an
// address literal. A client whose address is not known is judged by the name
// alone.
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
