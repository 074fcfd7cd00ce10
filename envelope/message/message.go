// Package message checks the format of a message (RFC 5322), and what its header says
// about mailing lists and bulk mail.
//
// Programs read an invalid message differently: one ends a line at a bare LF and
// another does not, one shows the first of two From fields and another the last. So a
// filter may see something else than the reader, and a server behind this one may
// see two messages in what is one here (SMTP smuggling). Mail programs send such
// messages rarely and by mistake; attackers send them on purpose.
//
// WellFormed combines five checks: LinesEnded, SingleFields, Dated, ASCIIHeader and
// LineLength. Genuine mail fails some of them now and then: subjects in raw 8-bit
// characters, feedback reports without Date, References on one very long line. Use the
// single checks to reject for some properties and to mark for the others. LinesEnded
// and SingleFields are those that attacks need.
//
// Bulk and List are conditions. OneClick is what large mailbox providers require of
// bulk mail. NoLoop finds mail loops.
//
// All checks use the header fields as package header parses them. They read the outer
// message only, decode nothing, and do not use DNS. They do not check the author; see
// package dmarc, whose SingleAuthor rejects a message without From.
//
// All checks answer at Data. A whole envelope without a message is None. The time is
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

// NoLoop passes when the message has at most 50 Received fields. Every server adds one
// (RFC 5321, section 4.4), so that a message with more is in a mail loop.
//
// Status: 554 5.4.6.
func NoLoop(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "message.noloop"
	hops, f, ok := once(ctx, check, e, func(m *envelope.Message) (hops int, _ error) {
		for field := range header.Fields(m.Header()) {
			if field.Is("Received") {
				hops++
			}
		}
		return hops, nil
	})
	switch {
	case !ok:
		return f
	case hops > maxReceived:
		return envelope.Failed(check, envelope.Status{Code: 554, Subject: 4, Detail: 6},
			"the message is in a mail loop (%d Received fields, at most %d are allowed)", hops, maxReceived)
	}
	return envelope.Passed(check)
}

// once returns what read finds in the message, which is read once for all recipients.
// If there is no answer, ok is false and f is the finding of the check.
func once[T any](ctx context.Context, check string, e *envelope.Envelope, read func(*envelope.Message) (T, error)) (answer T, f envelope.Finding, ok bool) {
	if !e.Reached(envelope.Data) || e.Message == nil {
		return answer, envelope.WithoutMessage(check, e), false
	}
	type key struct {
		check    string
		smtputf8 bool
	}
	answer, err := envelope.OncePerMessage(ctx, e.Message, key{check, e.SMTPUTF8}, func() (T, error) { return read(e.Message) })
	if err != nil { // RFC 3463, section 3.4: mail system status
		f := envelope.Unavailable(check, err)
		f.Text = "the message could not be read"
		return answer, f, false
	}
	return answer, f, true
}
