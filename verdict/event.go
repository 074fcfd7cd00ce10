package verdict

import (
	"errors"
	"log/slog"

	"mxrules.example/envelope"
)

// Event is one reply of a [Session], for logs and metrics: what was judged, and
// what was said.
type Event struct {
	// Stage is where the reply was given.
	Stage envelope.Stage
	// Envelope is what was judged. At Data it has no recipient; see Recipients. Its
	// message can be read until Report returns.
	Envelope *envelope.Envelope
	// Recipients are those that the reply to a message stands for, in the order of
	// RCPT: all of them in SMTP, one in LMTP.
	Recipients []Recipient
	// Verdict is that of the policy; of several recipients, the one that decided.
	Verdict Verdict
	// Reply is what was said.
	Reply Reply
	// Err is why the server did not do what the policy let through, nil if it did.
	Err error
}

// LogValue returns the event for logs, with cleaned texts: stage, reply, recipients,
// envelope, verdict and the private error.
func (e Event) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("stage", e.Stage.String()),
		slog.String("reply", replyLine(e.Reply)),
	}
	if len(e.Recipients) > 0 {
		to := make([]string, len(e.Recipients))
		for i, r := range e.Recipients {
			to[i] = envelope.Excerpt(r.To)
		}
		attrs = append(attrs, slog.Any("recipients", to))
	}
	if e.Envelope != nil {
		attrs = append(attrs, slog.Any("envelope", e.Envelope))
	}
	if e.Verdict.Action != 0 { // a Session refuses commands out of order without a verdict
		attrs = append(attrs, slog.Any("verdict", e.Verdict))
	}
	if e.Err != nil {
		attrs = append(attrs, slog.String("error", envelope.Excerpt(e.Err.Error())))
	}
	return slog.GroupValue(attrs...)
}

// Verdicts returns the verdicts of Recipients, in their order.
func (e Event) Verdicts() []Verdict {
	verdicts := make([]Verdict, len(e.Recipients))
	for i, r := range e.Recipients {
		verdicts[i] = r.Verdict
	}
	return verdicts
}

// Recipient is one recipient of a message with the verdict about it.
type Recipient struct {
	To string
	// Index is the place of the recipient in the transaction, from 0: how many
	// calls of Rcpt succeeded before its own.
	Index   int
	Verdict Verdict
}

// answer completes an event with the reply, and reports it. If the policy lets
// the command through, then is called before, and its error becomes the reply.
func (s *Session) answer(event Event, then func() error) Reply {
	event.Reply = event.Verdict.Reply()
	if event.Stage == envelope.Connect && event.Reply.Status.Class() == 2 {
		event.Reply.Status.Code = 220
	}
	panics := true
	defer func() {
		if panics {
			event.Reply, event.Err = brokenDown(), errPanic
		}
		s.report(&event)
	}()
	if passes := event.Verdict.Err() == nil; passes || s.ctx.Err() != nil {
		event.Reply, event.Err = s.perform(event, then)
	}
	panics = false
	return event.Reply
}

func (s *Session) report(event *Event) {
	if s.connection.Report == nil {
		return
	}
	ctx := s.ctx
	if s.epoch != nil {
		ctx = s.epoch.shared
	}
	s.connection.Report(ctx, *event)
}

// perform does what was let through, and returns the reply that comes of it.
func (s *Session) perform(event Event, then func() error) (Reply, error) {
	if err := s.ctx.Err(); err != nil {
		return shuttingDown(), err
	}
	if then == nil {
		return event.Reply, nil
	}
	if err := then(); err != nil {
		return replyTo(err), err
	}
	if err := s.ctx.Err(); err != nil && event.Stage < envelope.Data {
		return shuttingDown(), err
	}
	return event.Reply, nil
}

// Refuse returns an error whose reply has this status and text, for what a server
// refuses by itself: the last argument of Mail, Rcpt and Data may return it, and
// Abort takes it. A status that is not of class 5 defers.
func Refuse(status envelope.Status, text string) error {
	action := TempFail
	if status.Class() == 5 {
		action = Reject
	}
	return Verdict{Action: action, Status: status, Text: text}.Err()
}

// replyTo returns the reply that an error of the server becomes: its own if it is
// an *Error, otherwise one that tells nothing of it.
func replyTo(err error) Reply {
	var refused *Error
	if errors.As(err, &refused) && refused != nil && refused.Verdict.Err() != nil {
		return refused.Verdict.Reply()
	}
	return Reply{Status: envelope.Status{Code: 451, Subject: 3}, Lines: []string{"internal server error, please try again later"}}
}

// shuttingDown is the reply after the end of a session (RFC 3463, section 3.4:
// system not accepting network messages).
func shuttingDown() Reply {
	return Reply{Status: envelope.Status{Code: 421, Subject: 3, Detail: 2}, Lines: []string{"the server is shutting down"}}
}

// errPanic is the error of an event whose command the server broke off.
var errPanic = errors.New("the server panicked")

// brokenDown is the reply of a server that panicked.
func brokenDown() Reply {
	return Reply{Status: envelope.Status{Code: 421}, Lines: []string{"the server has an internal error, closing the connection"}}
}

func outOfOrder(text string) Reply {
	return Reply{Status: envelope.Status{Code: 503, Subject: 5, Detail: 1}, Lines: []string{text}}
}

// refuse reports a reply that the session gives by itself.
func (s *Session) refuse(event Event, reply Reply) Reply {
	event.Reply = reply
	if err := s.ctx.Err(); err != nil {
		event.Reply, event.Err = shuttingDown(), err
	}
	s.report(&event)
	return event.Reply
}
