package envelopetest

import (
	"context"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

func TestACaseFindsEachDefect(t *testing.T) {
	deferral := envelope.Status{Code: 451, Subject: 4, Detail: 3}
	world := dns().Failing("broken.example.org.", zone.SERVFAIL)
	greeted := func(name string) *envelope.Envelope { return &envelope.Envelope{Helo: name} }
	for _, tc := range []struct {
		name     string
		c        Case
		complain string // "" if the case holds
	}{
		{"a pass", Case{Envelope: greeted("mail.example.org"), Outcome: envelope.Pass, Asks: "A"}, ""},
		{"a pass with the status of the table", Case{Envelope: greeted("mail.example.org"), Outcome: envelope.Pass, Status: refused, Asks: "A"}, ""},
		{"the questions with names", Case{Envelope: greeted("mail.example.org"), Outcome: envelope.Pass, Asks: "mail.example.org. A"}, ""},
		{"a failure", Case{Envelope: greeted("a.example"), Outcome: envelope.Fail, Status: refused, Says: "the name a.example has no", Asks: "A MX"}, ""},
		{"a deferral", Case{Envelope: greeted("broken.example.org"), Outcome: envelope.TempError, Status: deferral, Asks: "A"}, ""},
		{"a deferral with the status of the table", Case{Envelope: greeted("broken.example.org"), Outcome: envelope.TempError, Status: refused, Asks: "A"}, ""},
		{"another outcome", Case{Envelope: greeted("mail.example.org"), Outcome: envelope.Fail, Status: refused, Asks: "A"}, "want fail"},
		{"another status", Case{Envelope: greeted("a.example"), Outcome: envelope.Fail, Status: deferral, Asks: "A MX"}, "want fail 451 4.4.3"},
		{"no status", Case{Envelope: greeted("a.example"), Outcome: envelope.Fail, Asks: "A MX"}, "want fail"},
		{"another deferral", Case{Envelope: greeted("broken.example.org"), Outcome: envelope.TempError, Status: envelope.Status{Code: 450}, Asks: "A"}, "want temperror"},
		{"another text", Case{Envelope: greeted("a.example"), Outcome: envelope.Fail, Status: refused, Says: "b.example", Asks: "A MX"}, `want "b.example"`},
		{"other questions", Case{Envelope: greeted("mail.example.org"), Outcome: envelope.Pass, Asks: "MX"}, `asked "mail.example.org. A", want "MX"`},
		{"no questions", Case{Envelope: greeted("mail.example.org"), Outcome: envelope.Pass}, `asked "mail.example.org. A", want ""`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			said := strings.ReplaceAll(record(t, func(t testing.TB) { tc.c.find(t, resolves, world) }), "\n", " ")
			if (said == "") != (tc.complain == "") || !strings.Contains(said, tc.complain) {
				t.Errorf("said %q, want %q", said, tc.complain)
			}
		})
	}
}

func TestExpectAndSaysFindEachDefect(t *testing.T) {
	advised := envelope.Failed("sample.check", refused, "a text").Advising("an advice")
	wordless := envelope.Finding{Check: "sample.check", Outcome: envelope.Fail, Status: refused}
	for name, tc := range map[string]struct {
		test     func(testing.TB)
		complain bool
	}{
		"all parts":                {func(t testing.TB) { Expect(t, advised, envelope.Fail, refused, "text", "; an advice") }, false},
		"one part of two":          {func(t testing.TB) { Expect(t, advised, envelope.Fail, refused, "text", "other") }, true},
		"a failure without a text": {func(t testing.TB) { Expect(t, wordless, envelope.Fail, refused) }, true},
		"the text":                 {func(t testing.TB) { Says(t, advised, "a text") }, false},
		"the text and the advice":  {func(t testing.TB) { Says(t, advised, "a text; an advice") }, false},
		"a part of the text":       {func(t testing.TB) { Says(t, advised, "text") }, true},
	} {
		if said := record(t, tc.test); (said != "") != tc.complain {
			t.Errorf("%s: said %q", name, said)
		}
	}
}

func TestAnswersFindsEachDefect(t *testing.T) {
	eager := func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if !e.Reached(envelope.Helo) {
			if e.Reached(envelope.Connect) {
				envelope.LookupMX(ctx, r, "example.org")
			}
			return envelope.NotYet("sample.eager", envelope.Helo)
		}
		return envelope.Passed("sample.eager")
	}
	bad := envelope.Misconfigured("sample.bad", envelope.Connect, context.Canceled)
	for name, tc := range map[string]struct {
		check    envelope.Check
		says     string
		from     envelope.Stage
		complain bool
	}{
		"as it says":             {resolves, "sample.resolves", envelope.Helo, false},
		"another name":           {resolves, "sample.other", envelope.Helo, true},
		"another stage":          {resolves, "sample.resolves", envelope.Mail, true},
		"questions before":       {eager, "sample.eager", envelope.Helo, true},
		"misconfigured at Start": {bad, "sample.bad", envelope.Connect, false},
	} {
		said := record(t, func(t testing.TB) { Answers(t, tc.check, tc.says, tc.from, envelope.Envelope{Helo: "example.org"}) })
		if (said != "") != tc.complain {
			t.Errorf("%s: said %q", name, said)
		}
	}
}

func TestRounds(t *testing.T) {
	world := dns()
	for name, want := range map[string]int{"mail.example.org": 1, "nowhere.example.org": 2, "not a name": 0} {
		if got := Rounds(t, resolves, world, &envelope.Envelope{Helo: name}); got != want {
			t.Errorf("%s: %d rounds, want %d", name, got, want)
		}
	}
	if addrs, err := world.LookupNetIP(t.Context(), "ip4", "mail.example.org."); len(addrs) == 0 || err != nil {
		t.Errorf("afterwards: %v, %v", addrs, err)
	}
}
