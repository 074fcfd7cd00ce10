package site

import "mxrules.example/envelope"

// Logged returns an envelope for the log, as examples/judge reads it, with these recipients,
// or with its own if there are none, and without the message. What the client sent is
// cleaned and cut: a value that is not printable is logged in another form.
func Logged(e *envelope.Envelope, recipients ...string) envelope.JSON {
	if e == nil {
		return envelope.JSON{}
	}
	short := *e
	short.Message = nil
	short.Helo, short.Login = envelope.Excerpt(e.Helo), envelope.Excerpt(e.Login)
	short.MailFrom, short.RcptTo = envelope.Excerpt(e.MailFrom), envelope.Excerpt(e.RcptTo)
	var to []string
	for _, recipient := range recipients {
		to = append(to, envelope.Excerpt(recipient))
	}
	j, _ := short.JSON(to...) // only reading a message fails
	return j
}
