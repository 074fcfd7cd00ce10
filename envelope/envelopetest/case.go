package envelopetest

import (
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

// Case is one row of a table that tests a check: an envelope, and the finding that the
// check must return for it.
//
//	for _, tc := range []envelopetest.Case{
//		{Name: "a mail host", Envelope: helo("example.org"), Outcome: envelope.Pass, Asks: "MX"},
//		{Name: "no mail host", Envelope: helo("www.example.org"), Outcome: envelope.Fail, Status: refused, Asks: "MX"},
//	} {
//		tc.Run(t, hasMX, dns)
//	}
type Case struct {
	Name     string
	Envelope *envelope.Envelope
	Outcome  envelope.Outcome
	// Status is the status of a Fail, PermError or TempError; other outcomes must have
	// none. A permanent status is not compared with that of a TempError, so that all
	// rows of a table can have the same one.
	Status envelope.Status
	// Says is a part of the text, compared as by [Expect].
	Says string
	// Asks are the questions to DNS in order: their types, such as "A AAAA"
	// ([zone.Questions.Types]), or names and types, such as "example.org. MX".
	Asks string
	// Also tests other fields of the finding, such as its Detail. It may be nil.
	Also func(t *testing.T, f envelope.Finding)
}

// Run tests the case in a subtest. The log of dns is emptied before it. dns is nil
// for a check that does not use DNS.
func (c Case) Run(t *testing.T, check envelope.Check, dns *zone.Zone) {
	t.Helper()
	t.Run(c.Name, func(t *testing.T) {
		t.Helper()
		f := c.find(t, check, dns)
		if c.Also != nil {
			c.Also(t, f)
		}
	})
}

// find returns the finding of the check, and compares it with the case.
func (c Case) find(t testing.TB, check envelope.Check, dns *zone.Zone) envelope.Finding {
	t.Helper()
	if dns == nil {
		f := check(t.Context(), nil, c.Envelope)
		Expect(t, f, c.Outcome, c.status(f), c.Says)
		return f
	}
	dns.Forget()
	f := check(t.Context(), dns, c.Envelope)
	Expect(t, f, c.Outcome, c.status(f), c.Says)
	if asked := dns.Asked(); c.Asks != asked.Types() && c.Asks != asked.String() {
		t.Errorf("%s: asked %q, want %q", f.Check, asked, c.Asks)
	}
	return f
}

// status returns the status that f must have.
func (c Case) status(f envelope.Finding) envelope.Status {
	switch {
	case c.Outcome == envelope.Fail, c.Outcome == envelope.PermError:
		return c.Status
	case c.Outcome == envelope.TempError && c.Status.IsDeferral():
		return c.Status
	case c.Outcome == envelope.TempError:
		return f.Status
	}
	return envelope.Status{}
}

// Expect tests that a finding has this outcome and status, and that its text has each
// of the parts. The text is the Text and, after "; ", the Advice of the finding, as in
// a reply. Expect also tests what [TestCheck] tests for every finding: a failure has a
// status and a text, a TempError has a cause, and the text is clean.
func Expect(t testing.TB, f envelope.Finding, outcome envelope.Outcome, status envelope.Status, parts ...string) {
	t.Helper()
	if f.Outcome != outcome || f.Status != status {
		t.Fatalf("got %s, want %v %v", brief(f), outcome, status)
	}
	if reason := fault(f, &envelope.Envelope{Stage: envelope.Start}); reason != "" {
		t.Errorf("the finding %s %s", brief(f), reason)
	}
	for _, part := range parts {
		if text := textOf(f); !strings.Contains(text, part) {
			t.Errorf("%s: the text is\n%q, want\n%q", f.Check, text, part)
		}
	}
}

// Says tests that a finding has exactly this text: its Text, with or without its
// Advice.
func Says(t testing.TB, f envelope.Finding, text string) {
	t.Helper()
	if text != f.Text && text != textOf(f) {
		t.Errorf("%s: the text is\n%q, want\n%q", f.Check, textOf(f), text)
	}
}

func textOf(f envelope.Finding) string {
	if f.Advice == "" {
		return f.Text
	}
	return f.Text + "; " + f.Advice
}

// Answers tests that a check has this name and answers from this stage on: at Start it
// returns both, before the stage it is Pending and asks nothing, and at the stage it is
// not Pending. A misconfigured check is a TempError at Start. The check must answer for
// the envelope at that stage.
func Answers(t testing.TB, check envelope.Check, name string, from envelope.Stage, e envelope.Envelope) {
	t.Helper()
	if got, stage := check.Describe(); got != name || stage != from {
		t.Errorf("got %s from %v, want %s from %v", got, stage, name, from)
	}
	asked := &questioned{}
	e.Stage = from - 1
	early := check(t.Context(), asked, &e)
	waits := early.Outcome == envelope.Pending || e.Stage == envelope.Start && early.Status == misconfigured
	if !waits || early.Awaits != from || asked.count() > 0 {
		t.Errorf("%s at %v: got %s and %d questions, want Pending until %v", name, e.Stage, brief(early), asked.count(), from)
	}
	e.Stage = from
	if f := check(t.Context(), asked, &e); f.Outcome == envelope.Pending || f.Check != name {
		t.Errorf("%s at %v: got %s", name, e.Stage, brief(f))
	}
}
