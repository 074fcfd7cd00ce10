package dmarc

import (
	"context"
	"net/netip"
	"time"

	"mxrules.example/dmarc/author"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/spf"
)

// key is what the evaluation of an envelope depends on, and the key of
// envelope.Once. A judgement has one resolver, which is why it is not part of
// it.
type key struct {
	receiver *Receiver
	held     *envelope.HostSet
	message  *envelope.Message
	client   netip.Addr
	helo     string
	mailFrom string
	now      time.Time
}

// judge evaluates the message of an envelope, once per judgement. The result is
// the caller's own.
func (receiver *Receiver) judge(ctx context.Context, r envelope.Resolver, e *envelope.Envelope, held *envelope.HostSet) *Result {
	shared, _ := envelope.Once(ctx, key{receiver, held, e.Message, e.Client(), e.Helo, e.MailFrom, e.Now}, func() (Result, error) {
		return receiver.authenticate(ctx, r, e, held), nil
	})
	return shared.own()
}

// authenticate asks SPF and DKIM about an envelope, and evaluates what they
// say. A message whose author can't be told is evaluated without them.
func (receiver *Receiver) authenticate(ctx context.Context, r envelope.Resolver, e *envelope.Envelope, held *envelope.HostSet) Result {
	authors, err := author.Of(e.Message)
	if err != nil {
		return receiver.unevaluated(Input{}, nil, err.Error())
	}
	var in Input
	for _, domain := range authors.Domains() {
		in.From = append(in.From, string(domain))
	}
	sender := receiver.senderPolicy(ctx, r, e)
	in.SPF = SPF{Domain: string(sender.Domain), Result: string(sender.Word)}
	if sender.Shaky != nil { // it could be another word if DNS had answered
		in.SPF.Result = temperror
	}
	signatures := dkim.Verify(ctx, r, e.Message, e.Now)
	for _, s := range signatures.Signatures {
		in.DKIM = append(in.DKIM, DKIM{Domain: string(s.Domain), Selector: s.Selector, Result: string(s.Word)})
	}
	result := receiver.evaluate(ctx, r, in, held)
	result.evidence = []envelope.AuthenticationResults{sender, signatures}
	return result
}

// senderPolicy evaluates SPF for MAIL FROM. It goes through the check of
// package spf, which shares its work with all others that ask.
func (receiver *Receiver) senderPolicy(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) *spf.Result {
	check := spf.Pass
	if receiver.SPF != nil {
		check = receiver.SPF.Pass
	}
	if result, ok := check(ctx, r, e).Detail.(*spf.Result); ok {
		return result
	}
	return &spf.Result{Word: spf.WordNone}
}
