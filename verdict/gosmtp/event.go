package gosmtp

import (
	"context"
	"strings"

	"mxrules.example/verdict"
)

// report keeps the reply of an event for go-smtp, and passes the event on to
// Guard.Report. The reply is changed first where the client gets another: for an
// error of the backend, and after too many refusals. After the end of the session
// nothing is passed on, because the client may not get a reply.
func (c *connection) report(ctx context.Context, event verdict.Event) {
	over := ctx.Err() != nil || c.session != nil && c.session.isOver()
	// A 421 stays: the session is over, or the backend panicked.
	if event.Err != nil && event.Reply.Status.Code != 421 {
		event.Reply = c.session.explain(strings.ToUpper(event.Stage.String()), event.Err, event.Envelope.SMTPUTF8)
	}
	c.relays = c.relays || event.Envelope.Relayed
	if event.Reply.Status.Class() != 2 {
		event.Reply = c.counted(event.Reply)
	}
	c.replies = append(c.replies, event.Reply)
	if c.guard.Report != nil && !over {
		c.guard.Report(ctx, event)
	}
}

// counted counts a refusal. It returns the reply, or another after too many. A gateway
// has the mail of many clients, and may be refused without end.
func (c *connection) counted(reply verdict.Reply) verdict.Reply {
	if reply.Status.Class() == 4 || c.relays {
		return reply
	}
	c.rejections++
	if limit := c.guard.MaxRejections; c.rejections > limit && limit > 0 {
		return tooManyRefusals()
	}
	return reply
}
