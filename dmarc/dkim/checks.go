package dkim

import (
	"context"
	"errors"
	"net"

	"mxrules.example/envelope"
	"mxrules.example/envelope/header"
)

// missing is the status of a message that no signature vouches for (RFC 7372,
// section 3.1: no passing DKIM signature found).
var missing = envelope.Status{Code: 550, Subject: 7, Detail: 20}

// Signed passes when the message has a DKIM signature, be it valid or not. It
// answers at Data; a whole envelope without a message is None.
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

// Pass passes when a DKIM signature of the message is valid, whatever domain it
// is of. It fails for a message without one. Where no signature is valid and a
// key could not be looked up, the answer is a TempError. It answers at Data; a
// whole envelope without a message is None. Its Detail is a *Result.
//
// DNS: TXT for each key, at most ten.
func Pass(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "dkim.pass"
	switch {
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
		if s.Word == WordTempError {
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

// temporary is the finding for a key that could not be looked up, or a message
// that its spool does not give back. That is a trouble of ours, and no lookup
// (RFC 3463, section 3.4: mail system status).
func temporary(check string, err error) envelope.Finding {
	f := envelope.Temporary(check, err)
	var lookup *net.DNSError
	if !errors.As(err, &lookup) {
		f.Status = envelope.Status{Code: 451, Subject: 3}
		f.Text = "the message could not be read"
	}
	return f
}
