package gosmtp

import (
	"context"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// Event is one reply to a client: what it is about, what the policy said, and
// what was sent.
type Event struct {
	// Envelope is what was known. Its Stage names what was answered: Connect is
	// the greeting, Data is DATA or BDAT. At Data it has one recipient, and no
	// Message if that did not come whole. The message can be read until OnReply
	// returns.
	Envelope *envelope.Envelope
	// Verdict is what the policy said of the envelope: Continue if it waits for
	// more, and zero if it was not asked.
	Verdict verdict.Verdict
	// Reply is what was sent, which need not be the reply of the verdict: the
	// backend may refuse what the policy accepts, and in SMTP one recipient may be
	// refused for the sake of another. The text of a success is that of go-smtp
	// and not the one here.
	Reply verdict.Reply
}

// The replies to what is accepted, but for their texts.
var (
	greeted = verdict.Reply{Status: envelope.Status{Code: 220}, Lines: []string{"ready"}}
	taken   = verdict.Reply{Status: envelope.Status{Code: 250}, Lines: []string{"OK"}}
)

// tell reports a reply, unless the session has ended: then the client may not get
// one.
func (g *Guard) tell(ctx context.Context, event Event) {
	if g.OnReply != nil && ctx.Err() == nil {
		g.OnReply(ctx, event)
	}
}

// tell reports the reply to the command that is running.
func (s *session) tell(reply verdict.Reply) {
	about := s.about
	s.about = nil
	for _, event := range about {
		event.Reply = reply
		s.guard.tell(s.ctx, event)
	}
}
