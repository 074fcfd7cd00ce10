package reputation

import (
	"context"
	"fmt"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
	"mxrules.example/greylist/internal/window"
)

// name is the name of the check.
const name = "reputation.good"

// refused is the status of a bad reputation (RFC 3463, section 3.8: delivery not
// authorized).
var refused = envelope.Status{Code: 550, Subject: 7, Detail: 1}

// Result is the Detail of findings of this package once the identity is known.
type Result struct {
	// Identity is the result of Options.Identity.
	Identity string `json:"identity"`
	// Accepted and Refused are the recipients that count, both 0 if the store failed.
	Accepted int64 `json:"accepted"`
	Refused  int64 `json:"refused"`
}

// Explain returns the counts, for verdict.Verdict.Explain.
func (result *Result) Explain() []string {
	return []string{fmt.Sprintf("reputation of %s: %d of %d recipients refused", result.Identity, result.Refused, result.total())}
}

func (result *Result) total() int64 { return result.Accepted + result.Refused }

// Good passes when enough recipients of the identity are known and at most MaxRefused
// percent of them were refused, and fails when more were. It is None if fewer than
// Enough are known, or if the identity is unknown. It is meant for conditions.
//
// It answers from Mail on, and writes nothing: [Recorder] does. A store or an
// Options.Identity that fails is a TempError. With invalid options every finding is a
// TempError whose Err names the option.
//
// DNS: the lookups of Options.Identity; none by default.
//
// Status: 550 5.7.1.
func Good(store greylist.Store, options Options) envelope.Check {
	h, err := newHistory(store, options)
	if err != nil {
		return envelope.Misconfigured(name, envelope.Mail, err)
	}
	return envelope.At(name, envelope.Mail, h.good)
}

func (h *history) good(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	identity, err := h.Identity(ctx, r, e)
	switch {
	case err != nil:
		return envelope.Temporary("", err)
	case identity == "":
		return envelope.NotApplicable("")
	}
	result := &Result{Identity: identity}
	if err := h.read(ctx, result, e.Time()); err != nil {
		f := envelope.Unavailable("", err)
		f.Text = "the reputation is temporarily unavailable"
		return f.With(result)
	}
	switch n := result.total(); {
	case n < int64(h.Enough):
		return envelope.NotApplicable("").With(result)
	case result.Refused*100 > n*int64(h.MaxRefused):
		return envelope.Failed("", refused, "%d of %d recent recipients of mail from %s were refused", result.Refused, n, identity).With(result)
	}
	return envelope.Passed("").With(result)
}

// read reads the counts of an identity.
func (h *history) read(ctx context.Context, result *Result, now time.Time) error {
	type answer struct {
		count window.Count
		err   error
	}
	counts := make([]int64, 0, 2)
	for _, a := range envelope.Concurrently(ctx, []window.Counter{h.accepted, h.refused},
		func(ctx context.Context, c window.Counter) (a answer) {
			a.count, a.err = c.Read(ctx, result.Identity, now)
			return a
		}) {
		if a.err != nil {
			return a.err
		}
		counts = append(counts, a.count.Total())
	}
	result.Accepted, result.Refused = counts[0], counts[1]
	return nil
}
