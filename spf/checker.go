package spf

import (
	"context"
	"slices"

	"mxrules.example/envelope"
)

// Options are the settings of a [Checker]. The zero value follows RFC 7208.
type Options struct {
	// WithoutExplanation omits the explanation of the domain and its lookup.
	WithoutExplanation bool
	// Receiver is the name of the receiving server, for the macro r in
	// explanations. "" is "unknown" (RFC 7208, section 7.3).
	Receiver string
	// Records replace the SPF records that domains publish, for example to allow a
	// forwarder. The keys are domains. Result.Override reports whether one was used.
	Records map[string]string
	// MaxQuestions is how many questions one evaluation may ask DNS. Less than 1
	// means 111, the most that a conforming record needs.
	MaxQuestions int
	// MaxVoidLookups is how many terms may find nothing (RFC 7208, section 4.6.4).
	// 0 means 2, and less than 0 means none.
	MaxVoidLookups int
}

// Checker evaluates SPF with the settings of a site. Its methods are the functions of
// the same names with these settings. The zero value has the default settings. It is
// safe for concurrent use.
type Checker struct {
	options Options
	records map[envelope.Host]*record
}

// New returns a Checker with these options. The error is an *[envelope.SyntaxError]
// that names the invalid domain or term.
func New(options Options) (*Checker, error) {
	c := &Checker{options: options, records: make(map[envelope.Host]*record, len(options.Records))}
	for domain, text := range options.Records {
		host, err := envelope.ParseHost(domain)
		if err != nil {
			return nil, err
		}
		if !isRecord(text) {
			return nil, &envelope.SyntaxError{Kind: "SPF record", Value: text, Reason: `does not begin with "v=spf1"`}
		}
		if c.records[host], err = parseRecord(text); err != nil {
			return nil, err
		}
	}
	c.options.Records = nil // it belongs to the caller
	return c, nil
}

// defaults is the Checker of the functions.
var defaults = &Checker{}

func (c *Checker) maxQuestions() int {
	if c.options.MaxQuestions > 0 {
		return c.options.MaxQuestions
	}
	return maxQuestions
}

func (c *Checker) maxVoidLookups() int {
	switch limit := c.options.MaxVoidLookups; {
	case limit > 0:
		return limit
	case limit < 0:
		return 0
	}
	return maxVoidLookups
}

func (c *Checker) receiver() string {
	if c.options.Receiver == "" {
		return "unknown"
	}
	return c.options.Receiver
}

// Evaluate is the function of that name with the settings of c.
func (c *Checker) Evaluate(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) *Result {
	if !e.Reached(envelope.Mail) {
		return &Result{Word: none, Identity: mailFromIdentity}
	}
	return c.shared(ctx, r, &input{e.Client(), e.Helo, e.MailFrom, e.Now})
}

// evaluateHelo returns the result for the HELO name (RFC 7208, section 2.3). Before
// Helo it is none.
func (c *Checker) evaluateHelo(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) *Result {
	if !e.Reached(envelope.Helo) {
		return &Result{Word: none, Identity: heloIdentity}
	}
	// The null sender is evaluated as the HELO name is (RFC 7208, section 2.4), so
	// both share one evaluation.
	result := c.shared(ctx, r, &input{e.Client(), e.Helo, "", e.Now})
	result.Identity = heloIdentity
	return result
}

// key is the key of envelope.Once.
type key struct {
	checker *Checker
	in      input
}

// shared evaluates once per judgement. The result belongs to the caller.
func (c *Checker) shared(ctx context.Context, r envelope.Resolver, in *input) *Result {
	if c == nil { // as New returns it with an error
		return &Result{Word: tempError, Identity: mailFromIdentity, Problem: &Problem{Kind: noChecker}}
	}
	result, _ := envelope.Once(ctx, key{c, *in}, func() (*Result, error) { return c.evaluate(ctx, r, in), nil })
	return result.clone()
}

// clone returns a copy for one caller. It is not inlined, so that the stack of a caller
// that waits has no room for it.
//
//go:noinline
func (result *Result) clone() *Result {
	own := *result
	own.Matched = slices.Clone(own.Matched)
	if own.Problem != nil {
		problem := *own.Problem
		own.Problem = &problem
	}
	return &own
}
