package dkim

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"strings"

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
	if !e.Reached(envelope.Data) || e.Message == nil {
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
	return demand{"dkim.pass", "DKIM signature", func(*reading, *Signature) bool { return true }}.check(ctx, r, e)
}

// PassFor passes if a valid DKIM signature of the message is of one of the domains
// (d=), for example of a mailing list or a known forwarder, whatever the author.
// Domains are patterns as for [envelope.ParseHostSet]. It answers at Data. The Detail
// is a *[Result] if keys were looked up. TempError: no valid signature is of one of
// the domains, and the lookup of the key of one that could be failed. None: a whole
// envelope without a message. With an invalid pattern the check is misconfigured.
//
// DNS: none if no signature is of one of the domains. Otherwise TXT for each key, at
// most ten, concurrently.
//
// Status: 550 5.7.20.
func PassFor(domains ...string) envelope.Check {
	const check = "dkim.passfor"
	set, err := envelope.ParseHostSet(domains...)
	if err != nil {
		return envelope.Misconfigured(check, envelope.Data, err)
	}
	return demand{check, "DKIM signature of a required domain", func(_ *reading, s *Signature) bool {
		return set.Contains(s.Domain)
	}}.check
}

// Covers passes if a valid DKIM signature of the message covers all of these header
// fields: it names each of them (h=) at least once, and as often as the message has
// it. Letter case is ignored. Use it for fields that a receiver acts on, such as
// List-Unsubscribe and List-Unsubscribe-Post (RFC 8058, section 4), together with a
// check that they are there, because a signature can also cover absent fields. It
// answers at Data. The Detail is a *[Result] if keys were looked up. TempError: no
// valid signature covers the fields, and the lookup of the key of one that could
// failed. None: a whole envelope without a message. Without a field, or with an
// invalid name, the check is misconfigured.
//
// DNS: none if no signature covers the fields. Otherwise TXT for each key, at most ten,
// concurrently.
//
// Status: 550 5.7.20.
func Covers(fields ...string) envelope.Check {
	const check = "dkim.covers"
	if err := checkFieldNames(fields); err != nil {
		return envelope.Misconfigured(check, envelope.Data, err)
	}
	what := "DKIM signature that covers " + strings.Join(fields, ", ")
	names := make([]string, len(fields))
	for i, field := range fields {
		names[i] = lowerASCII(field)
	}
	return demand{check, what, func(header *reading, s *Signature) bool {
		for _, name := range names {
			if s.mentions(name) < max(1, len(header.fields[name])) {
				return false
			}
		}
		return true
	}}.check
}

// checkFieldNames returns an error unless there are names of header fields (RFC 5322,
// section 2.2).
func checkFieldNames(names []string) error {
	if len(names) == 0 {
		return errors.New("no header field is named")
	}
	for _, name := range names {
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == ':' }) {
			return &envelope.SyntaxError{Kind: "header field name", Value: name, Reason: "is empty or has an invalid character"}
		}
	}
	return nil
}

// demand is what a check requires of a valid signature.
type demand struct {
	name string // of the check
	what string // what is required, for texts
	// met reports whether a signature has the required property, valid or not.
	met func(*reading, *Signature) bool
}

// check passes if a valid signature meets the demand. While the body of the message is
// still arriving, it asks for the keys.
func (d demand) check(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	switch {
	case e.Arriving():
		d.evaluate(ctx, r, e)
		fallthrough
	case !e.Reached(envelope.Data) || e.Message == nil:
		return envelope.WithoutMessage(d.name, e)
	}
	result := d.evaluate(ctx, r, e)
	if result == nil {
		return envelope.Failed(d.name, missing, "the message has no %s", d.what)
	}
	return d.judge(readHeader(ctx, e.Message), result).With(result)
}

// evaluate verifies the signatures of the message. It returns nil without a question if
// there are signatures and none meets the demand.
func (d demand) evaluate(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) *Result {
	header := readHeader(ctx, e.Message)
	if len(header.read) > 0 && !slices.ContainsFunc(header.read, func(s *signature) bool { return d.met(header, &s.Signature) }) {
		return nil
	}
	return Evaluate(ctx, r, e)
}

// judge returns the finding for a result.
func (d demand) judge(header *reading, result *Result) envelope.Finding {
	var first, unknown *Signature // of those that meet the demand
	for i := range result.Signatures {
		switch s := &result.Signatures[i]; {
		case !d.met(header, s):
		case s.Word == pass:
			return envelope.Passed(d.name).Observed("the DKIM signature of %s is valid", s.Domain)
		case s.Word == tempError:
			unknown = cmp.Or(unknown, s)
		default:
			first = cmp.Or(first, s)
		}
	}
	switch {
	case unknown != nil:
		return temporary(d.name, unknown.Err)
	case len(result.Signatures) == 0:
		return envelope.Failed(d.name, missing, "the message has no %s", d.what)
	case first == nil: // those that meet the demand are among the omitted ones
		return envelope.Failed(d.name, missing, "the message has no valid %s among the signatures that were verified", d.what)
	case first.Domain == "":
		return envelope.Failed(d.name, missing, "the message has no valid %s: %s", d.what, first.Reason)
	}
	return envelope.Failed(d.name, missing, "the message has no valid %s; for that of %s (selector %s) %s",
		d.what, first.Domain, first.Selector, first.Reason)
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
