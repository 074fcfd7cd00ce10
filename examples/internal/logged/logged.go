// Package logged writes envelopes for the logs of the examples, in the form that
// examples/judge reads. They have no message. What the client sent is cleaned and cut: a
// value that is not printable is logged in another form.
package logged

import (
	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// Event returns the envelope of an event, with all recipients of the reply.
func Event(event verdict.Event) envelope.JSON {
	var recipients []string
	for _, r := range event.Recipients {
		recipients = append(recipients, envelope.Excerpt(r.To))
	}
	return cleaned(event.Envelope, recipients)
}

// Envelope returns an envelope with its own recipient.
func Envelope(e *envelope.Envelope) envelope.JSON { return cleaned(e, nil) }

func cleaned(e *envelope.Envelope, recipients []string) envelope.JSON {
	if e == nil {
		return envelope.JSON{}
	}
	short := *e
	short.Message = nil
	short.Helo, short.Login = envelope.Excerpt(e.Helo), envelope.Excerpt(e.Login)
	short.MailFrom, short.RcptTo = envelope.Excerpt(e.MailFrom), envelope.Excerpt(e.RcptTo)
	j, _ := short.JSON(recipients...) // only reading a message fails
	return j
}
