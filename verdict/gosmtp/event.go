package gosmtp

import (
	"context"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// The replies to what is accepted, but for their texts.
var (
	greeted = verdict.Reply{Status: envelope.Status{Code: 220}, Lines: []string{"ready"}}
	taken   = verdict.Reply{Status: envelope.Status{Code: 250}, Lines: []string{"OK"}}
)

// tell reports a reply, unless the session has ended: then the client may not get
// one.
func (g *Guard) tell(ctx context.Context, event verdict.Event) {
	if g.Report != nil && ctx.Err() == nil {
		g.Report(ctx, event)
	}
}

// expect says what the reply to the command that is running will be about.
func (s *session) expect(event verdict.Event) { s.about = &event }

// tell reports the reply to the command that is running.
func (s *session) tell(reply verdict.Reply) {
	if s.about == nil {
		return
	}
	event := *s.about
	s.about = nil
	event.Reply = reply
	s.guard.tell(s.ctx, event)
}

// event is what a reply to the message is about that stands for these recipients.
// The message is nil if it did not come whole.
func (tx *transaction) event(message *envelope.Message, recipients ...recipient) verdict.Event {
	e := tx.envelope
	e.Stage, e.Message = envelope.Data, message
	event := verdict.Event{Stage: envelope.Data, Envelope: &e, Verdict: verdict.Merge(verdictsOf(recipients)...)}
	for _, r := range recipients {
		event.Recipients = append(event.Recipients, verdict.Recipient{To: r.envelope.RcptTo, Verdict: r.verdict})
	}
	return event
}
