// Package message checks the form of a message (RFC 5322), which DATA brings.
//
// A message that breaks the rules of its own format is read differently by
// different programs: one ends a line at a bare LF and another does not, one
// shows the first of two From fields and another the last. Filters and readers
// are then told different things, and a server behind this one may even see two
// messages where this one saw one (SMTP smuggling). Programs of mail write such
// messages rarely and by mistake; the others write them on purpose.
//
// WellFormed asks for what RFC 5322 and RFC 5321 demand of every message and
// what hardly any honest one lacks. NoLoop finds messages that servers send
// around in circles. Both see the fields that package header sees. They look at
// the outer message only, decode nothing, and ask no DNS. Who the author is, and
// whether he is, is for package dmarc.
//
// Both answer at Data; a whole envelope without a message is None. Time grows
// with the length of the message, memory does not. A message is read once,
// however many recipients it has.
package message

import (
	"context"

	"mxrules.example/envelope"
	"mxrules.example/envelope/header"
)

// maxReceived is how many Received fields a message may have. RFC 5321, section
// 6.3 wants a limit of at least 100 if nothing else counts against loops; mail
// that passes more than 50 servers is not seen in practice.
const maxReceived = 50

// WellFormed passes when the message has the form that RFC 5322 demands:
//
//   - one From field and one Date field (section 3.6);
//   - no NUL, no CR without LF and no LF without CR, in the header and in the
//     body (section 2.3; RFC 5321, section 2.3.8);
//   - a header of ASCII, or, where SMTPUTF8 was asked for, of UTF-8 (section 2.2;
//     RFC 6532, section 3), and of ASCII without control characters in the names
//     of its fields, where there is no choice (section 2.2);
//   - no line of more than 998 octets in the header (section 2.1.1);
//   - a header of at most 1 MiB, which is as much as a Message keeps of it.
//
// A body that is read from a spool and can't be is a TempError.
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

// NoLoop passes when the message has at most 50 Received fields. Every server on
// its way has added one (RFC 5321, section 4.4), so that a message with more is
// going in circles.
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
			"the message has passed through %d servers, more than %d, and seems to go in circles", hops, maxReceived)
	}
	return envelope.Passed(check)
}

// unreadable is the finding for a message that its spool does not give back: a
// trouble of ours, and no lookup (RFC 3463, section 3.4: mail system status).
func unreadable(check string, err error) envelope.Finding {
	f := envelope.Unavailable(check, err)
	f.Text = "the message could not be read"
	return f
}
