package reputation

import (
	"context"
	"fmt"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
)

// Reply is what was replied to a command, as a verdict.Event has it.
type Reply struct {
	// Envelope is what was judged.
	Envelope *envelope.Envelope
	// Status is that of the reply that the client got.
	Status envelope.Status
	// Recipients is the number of recipients that a reply to a message stands for. It is
	// not used for other replies.
	Recipients int
	// Check is the name of the check whose finding decided.
	Check string
}

// Recorder returns a function that writes how mail was answered, for Good with the same
// options. Call it for each reply: it writes those that count, as the package
// documentation describes, and does nothing for others. The function is safe for
// concurrent use, and waits for the store. Its error is for a log: the reply is not
// counted then. With invalid options every error says so.
//
// The resolver is for Options.Identity, which asks DNS again, unless the context
// belongs to the judgement, as that of verdict.Connection.Report.
func Recorder(store greylist.Store, options Options) func(context.Context, envelope.Resolver, Reply) error {
	h, err := newHistory(store, options)
	if err != nil {
		return func(context.Context, envelope.Resolver, Reply) error { return err }
	}
	return h.record
}

func (h *history) record(ctx context.Context, r envelope.Resolver, reply Reply) error {
	accepted, refused := reply.counts()
	if accepted+refused == 0 {
		return nil
	}
	identity, err := h.Identity(ctx, r, reply.Envelope)
	switch {
	case err != nil:
		return fmt.Errorf("reputation: identity of the sender: %w", err)
	case identity == "":
		return nil
	}
	counter, n := h.accepted, accepted
	if refused > 0 {
		counter, n = h.refused, refused
	}
	if err := counter.Add(ctx, identity, reply.Envelope.Time(), n); err != nil {
		return fmt.Errorf("reputation: %w", err)
	}
	return nil
}

// counts returns how many recipients a reply accepts or refuses. One of them is 0.
func (reply Reply) counts() (accepted, refused uint32) {
	e := reply.Envelope
	if e == nil || !e.Reached(envelope.Mail) {
		return 0, 0
	}
	message := e.Reached(envelope.Data)
	n := uint32(1)
	if message {
		n = uint32(max(reply.Recipients, 0))
	}
	const firstRefusal, lastRefusal = 550, 559 // of a mailbox or a message, not of a command
	switch code := reply.Status.Code; {
	case code/100 == 2 && message:
		return n, 0
	case code >= firstRefusal && code <= lastRefusal && !strings.Contains(reply.Check, name):
		return 0, n
	}
	return 0, 0
}
