package envelopetest

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mxrules.example/envelope"
)

// TestCheck tests that a check, or a combination of checks, keeps the contract of
// [envelope.Check]. The same question to r must always get the same answer; r is nil
// for a check that does not use DNS. Pass at least one envelope for each outcome:
// pass, fail, none. Each is judged at every stage, so that its own Stage does not
// matter; one without a time gets one. TestCheck adds an empty envelope and two of a
// hostile client.
//
// What it tests:
//
//   - At Start the check returns its name, in lower case, and the stage from which it
//     answers, and asks nothing. All its findings have this name. A misconfigured
//     check is a TempError at Start, and any other is Pending. A check must not return
//     451 4.3.5 (system incorrectly configured) only when mail comes, because then
//     [envelope.Check.Validate] does not find the mistake.
//   - Before that stage the check is Pending and asks nothing. From then on it may be
//     Pending only until a later stage, and never at Data or for a whole envelope. It
//     ignores fields of later stages than that of the envelope. Its answer does not
//     change at later stages. While the body of a message is still arriving, a check
//     may use the header to ask DNS, but its finding is the same as without it.
//   - For relayed mail (Relayed of the envelope) the check is Pending before the
//     message, or its answer does not depend on the client.
//   - The finding for an envelope is the same when repeated, concurrently, and in a
//     judgement in which envelopes share work ([envelope.Once]).
//   - The envelope is not changed, and nothing panics or hangs.
//   - Fail and PermError have a status of class 5. TempError has one of class 4, and
//     an Err. Each of the three has a Text. Text, Advice and Retry are clean.
//   - If any lookup fails, or if the context ends, the answer is the same or
//     TempError: a failure of DNS never refuses mail. A caller whose context has ended
//     does not change the answer of a later caller in the same judgement.
//
// TestCheck never calls Commit, and does not test that a check writes nothing else.
func TestCheck(t *testing.T, check envelope.Check, r envelope.Resolver, envelopes ...*envelope.Envelope) {
	t.Helper()
	s := newCheckSuite(t, check, r, envelopes)
	for _, tc := range checkCases {
		t.Run(tc.name, func(t *testing.T) { tc.run(s.with(t)) })
	}
}

// checkSuite is one running case of TestCheck.
type checkSuite struct {
	testing.TB
	limit     time.Duration
	check     envelope.Check
	resolver  envelope.Resolver
	envelopes []*envelope.Envelope
	name      string         // of the check at Start
	from      envelope.Stage // from which the check answers, by its finding at Start
	bad       bool           // the check is misconfigured
}

func newCheckSuite(t testing.TB, check envelope.Check, r envelope.Resolver, envelopes []*envelope.Envelope) *checkSuite {
	s := &checkSuite{TB: t, limit: patience, check: check, resolver: r}
	for _, e := range append(hostile(), envelopes...) {
		own := *e
		if own.Now.IsZero() {
			own.Now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		}
		s.envelopes = append(s.envelopes, &own)
	}
	s.name, s.from = check.Describe()
	s.bad = check.Validate() != nil
	return s
}

func (s *checkSuite) with(t testing.TB) *checkSuite {
	own := *s
	own.TB = t
	return &own
}

// hostile returns envelopes of a hostile client.
func hostile() []*envelope.Envelope {
	const bytes = "x\r\n250 ok\x00\x1b[31m\u202e\u200b\xff"
	return []*envelope.Envelope{
		{},
		{
			ClientIP: netip.MustParseAddr("::ffff:192.0.2.1"),
			Helo:     bytes, MailFrom: bytes, RcptTo: bytes, Login: bytes, SMTPUTF8: true,
			Message: envelope.NewMessage([]byte(bytes)),
		},
		{
			ClientIP: netip.MustParseAddr("fe80::1%eth0"),
			Helo:     strings.Repeat("long.", 10_000),
			MailFrom: `"` + bytes + `@a"@` + strings.Repeat("b.", 10_000),
			RcptTo:   `@a,@b:"` + bytes + `"@[IPv6:::1` + bytes + `]`,
			Message:  envelope.NewMessage([]byte("From: " + bytes + "\r\nFrom\r\n\r\n" + bytes)),
		},
	}
}

// stages are the stages at which the check is called, in order.
var stages = []envelope.Stage{
	envelope.Connect, envelope.Helo, envelope.Mail, envelope.Rcpt, envelope.Data, envelope.Whole,
}

// upTo returns e as it is known at stage, without the fields of later stages.
func upTo(e *envelope.Envelope, stage envelope.Stage) *envelope.Envelope {
	known := e.UpTo(stage)
	return &known
}

// at returns e at an earlier stage, with all its fields.
func at(e *envelope.Envelope, stage envelope.Stage) *envelope.Envelope {
	all := *e
	all.Stage = stage
	return &all
}

// label describes an envelope in an error.
func label(e *envelope.Envelope) string {
	client := "unknown"
	if e.ClientIP.IsValid() {
		client = e.ClientIP.String()
	}
	return fmt.Sprintf("at stage %s, client %s, HELO %.40q, MAIL %.40q, RCPT %.40q",
		e.Stage, client, e.Helo, e.MailFrom, e.RcptTo)
}

// find calls the check with a copy of e, and tests what every finding must have.
func (s *checkSuite) find(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	s.Helper()
	own, header := *e, ""
	if own.Message != nil {
		header = string(own.Message.Header())
	}
	f := bounded(s.TB, s.limit, label(e), func() envelope.Finding { return s.check(ctx, r, &own) })
	if own != *e || own.Message != nil && string(own.Message.Header()) != header {
		s.Errorf("%s: the check changes the envelope", label(e))
	}
	if reason := fault(f, e); reason != "" {
		s.Errorf("%s: the finding %s %s", label(e), brief(f), reason)
	}
	if f.Outcome == envelope.TempError && f.Status == misconfigured && !s.bad {
		s.Errorf("%s: the finding %s has the status of a misconfigured check, but at Start the check is not misconfigured", label(e), brief(f))
	}
	if f.Check != s.name {
		s.Errorf("%s: the finding is named %q, and that at Start %q", label(e), f.Check, s.name)
	}
	return f
}

// misconfigured is the status of a check from envelope.Misconfigured.
var misconfigured = envelope.Status{Code: 451, Subject: 3, Detail: 5}

// fault returns what is wrong with a finding, "" if nothing is.
func fault(f envelope.Finding, e *envelope.Envelope) string {
	switch f.Outcome {
	case envelope.None, envelope.Pass:
	case envelope.Pending:
		if e.Reached(f.Awaits) || f.Awaits == envelope.Whole || f.Awaits > envelope.Data {
			return "is Pending and does not await a later stage"
		}
		if f.Commit != nil {
			return "is Pending and has a Commit"
		}
	case envelope.Fail, envelope.PermError:
		if !f.Status.IsFailure() {
			return "has no permanent status"
		}
	case envelope.TempError:
		if !f.Status.IsDeferral() {
			return "has no transient status"
		}
		if f.Err == nil {
			return "has no Err"
		}
	default:
		return "has no outcome"
	}
	speaks := f.Outcome == envelope.Fail || f.Outcome == envelope.PermError || f.Outcome == envelope.TempError
	_, combined := f.Detail.([]envelope.Finding)
	switch {
	case speaks && f.Text == "" && !combined: // envelope.Not has one only if its check has
		return "has no Text"
	case !clean(f.Text) || !clean(f.Advice) || !clean(f.Retry):
		return "has a Text, Advice or Retry that is not clean"
	case !f.Deferral.IsZero() && !f.Deferral.IsDeferral():
		return "has a Deferral that is not a transient status"
	}
	return ""
}

func clean(text string) bool { return envelope.CleanText(text, true) == text }

// brief describes a finding in one line.
func brief(f envelope.Finding) string {
	text := fmt.Sprintf("%s %v", f.Check, f.Outcome)
	if f.Outcome == envelope.Pending {
		text += fmt.Sprintf(" until %s", f.Awaits)
	}
	if !f.Status.IsZero() {
		text += " " + f.Status.String()
	}
	if f.Text != "" {
		text += fmt.Sprintf(" %.200q", f.Text)
	}
	return "(" + text + ")"
}

// same reports whether two findings are equal except for Detail and Err, whose types
// need not be comparable.
func same(f, g envelope.Finding) bool {
	return f.Check == g.Check && f.Outcome == g.Outcome && f.Awaits == g.Awaits &&
		f.Status == g.Status && f.Deferral == g.Deferral &&
		f.Text == g.Text && f.Advice == g.Advice && f.Retry == g.Retry
}
