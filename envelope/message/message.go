// Package message checks the format of a message (RFC 5322).
//
// Programs read an invalid message differently: one ends a line at a bare LF and
// another does not, one shows the first of two From fields and another the last. So a
// filter may see something else than the reader, and a server behind this one may
// see two messages in what is one here (SMTP smuggling). Mail programs send such
// messages rarely and by mistake; attackers send them on purpose.
//
// WellFormed checks what RFC 5322 and RFC 5321 require of every message and nearly
// all genuine messages have. NoLoop finds mail loops. Both use the header fields as
// package header parses them. They read the outer message only, decode nothing, and
// do not use DNS. They do not check the author; see package dmarc.
//
// Both answer at Data. A whole envelope without a message is None. The time is
// proportional to the length of the message, the memory is constant. A message is
// read once, however many recipients it has.
package message

import (
	"context"

	"mxrules.example/envelope"
	"mxrules.example/envelope/header"
)

// maxReceived is how many Received fields a message may have. RFC 5321, section 6.3
// recommends a limit of at least 100 for servers that only count them; genuine mail
// passes far fewer than 50 servers.
const maxReceived = 50

// WellFormed passes when the message has the format that RFC 5322 requires:
//
//   - one From field and one Date field (section 3.6);
//   - no NUL, no CR without LF and no LF without CR, in the header and in the
//     body (section 2.3; RFC 5321, section 2.3.8);
//   - a header of ASCII, or of UTF-8 if the client asked for SMTPUTF8 (section 2.2;
//     RFC 6532, section 3), with field names of printable ASCII in both cases
//     (section 2.2);
//   - no line of more than 998 octets in the header (section 2.1.1);
//   - a header of at most 1 MiB, the limit of [envelope.Message].
//
// If the message can't be read from its spool, WellFormed is a TempError.
//
// Status: 550 5.6.0.
func WellFormed(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "message.wellformed"
	switch {
	case !e.Reached(envelope.Data):
		return envelope.NotYet(check, envelope.Data)
	case e.Message == nil:
		return envelope.WithoutMessage(check, e)
	}
	type key struct{ smtputf8 bool }
	fault, err := envelope.OncePerMessage(ctx, e.Message, key{e.SMTPUTF8}, func() (string, error) {
		if fault := headerFault(e.Message, e.SMTPUTF8); fault != "" {
			return fault, nil
		}
		return octetFault(ctx, e.Message.Open())
	})
	switch {
	case err != nil:
		return unreadable(check, err)
	case fault != "":
		return envelope.Failed(check, envelope.Status{Code: 550, Subject: 6}, "the message %s", fault)
	}
	return envelope.Passed(check)
}

// NoLoop passes when the message has at most 50 Received fields. Every server adds one
// (RFC 5321, section 4.4), so that a message with more is in a mail loop.
//
// Status: 554 5.4.6.
func NoLoop(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "message.noloop"
	switch {
	case !e.Reached(envelope.Data):
		return envelope.NotYet(check, envelope.Data)
	case e.Message == nil:
		return envelope.WithoutMessage(check, e)
	}
	type key struct{}
	hops, _ := envelope.OncePerMessage(ctx, e.Message, key{}, func() (hops int, _ error) {
		for field := range header.Fields(e.Message.Header()) {
			if field.Is("Received") {
				hops++
			}
		}
		return hops, nil
	})
	if hops > maxReceived {
		return envelope.Failed(check, envelope.Status{Code: 554, Subject: 4, Detail: 6},
			"the message is in a mail loop (%d Received fields, at most %d are allowed)", hops, maxReceived)
	}
	return envelope.Passed(check)
}

// unreadable is the finding for a message that can't be read from its spool (RFC
// 3463, section 3.4: mail system status).
func unreadable(check string, err error) envelope.Finding {
	f := envelope.Unavailable(check, err)
	f.Text = "the message could not be read"
	return f
}
