package dkim

import (
	"context"
	"errors"
	"net"

	"mxrules.example/envelope"
	"mxrules.example/envelope/header"
)

// missing: no passing DKIM signature found (RFC 7372, section 3.1).
var missing = envelope.Status{Code: 550, Subject: 7, Detail: 20}

// Signed passes if the message has a DKIM signature, valid or not. It answers at
// Data. None: a whole envelope without a message.
//
// DNS: none.
//
// Status: 550 5.7.20.
func Signed(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "dkim.signed"
	switch {
	case !e.Reached(envelope.Data):
		return envelope.NotYet(check, envelope.Data)
	case e.Message == nil:
		return envelope.WithoutMessage(check, e)
	}
	type anySignature struct{}
	signed, _ := envelope.OncePerMessage(ctx, e.Message, anySignature{}, func() (bool, error) {
		for field := range header.Fields(e.Message.Header()) {
			if field.Is(fieldName) {
				return true, nil
			}
		}
		return false, nil
	})
	if signed {
		return envelope.Passed(check)
	}
	return envelope.Failed(check, missing, "the message has no DKIM signature")
}

// Pass passes if a DKIM signature of the message is valid, whatever its domain. It
// fails for a message without one. It answers at Data. The Detail is a *[Result].
// TempError: no signature is valid, and the lookup of a key failed. None: a whole
// envelope without a message.
//
// DNS: TXT for each key, at most ten, concurrently.
//
// Status: 550 5.7.20.
func Pass(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "dkim.pass"
	switch {
	case e.Arriving():
		Evaluate(ctx, r, e) // asks for the keys
		fallthrough
	case !e.Reached(envelope.Data):
		return envelope.NotYet(check, envelope.Data)
	case e.Message == nil:
		return envelope.WithoutMessage(check, e)
	}
	result := Evaluate(ctx, r, e)
	if result.Passed() {
		return envelope.Passed(check).With(result)
	}
	for _, s := range result.Signatures {
		if s.Word == tempError {
			return temporary(check, s.Err).With(result)
		}
	}
	if len(result.Signatures) == 0 {
		return envelope.Failed(check, missing, "the message has no DKIM signature").With(result)
	}
	first := result.Signatures[0]
	if first.Domain == "" {
		return envelope.Failed(check, missing, "the message has no valid DKIM signature: %s", first.Reason).With(result)
	}
	return envelope.Failed(check, missing, "the message has no valid DKIM signature; for that of %s (selector %s) %s",
		first.Domain, first.Selector, first.Reason).With(result)
}

// temporary is the finding for a failed lookup of a key, or for a message that could
// not be read from its spool (RFC 3463, section 3.4: mail system status).
func temporary(check string, err error) envelope.Finding {
	f := envelope.Temporary(check, err)
	var lookup *net.DNSError
	if !errors.As(err, &lookup) {
		f.Status = envelope.Status{Code: 451, Subject: 3}
		f.Text = "the message could not be read"
	}
	return f
}
