package sender_test

import (
	"context"
	"errors"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/sender"
)

// mailboxes is the directory of the site in the tests.
func mailboxes(t testing.TB) directory.Lookup {
	t.Helper()
	lookup, err := directory.List(
		"ann@org.example",
		"no-reply@org.example disabled",
		"full@org.example full",
		"gone@org.example moved",
		"ann@bücher.example",
		"ann@elsewhere.example",
		`"two words"@org.example`,
	)
	if err != nil {
		t.Fatal(err)
	}
	return lookup
}

func TestListed(t *testing.T) {
	check := sender.Listed([]string{"org.example", "net.example", "bücher.example", ".sub.example"}, mailboxes(t))
	for _, tc := range []struct {
		name, sender string
		want         envelope.Outcome
	}{
		{"a mailbox", "ann@org.example", pass},
		{"upper case and a final dot", "ANN@ORG.Example.", pass},
		{"a quoted local part", `"two words"@org.example`, pass},
		{"a U-label", "ann@bücher.example", pass},
		{"a source route", "@elsewhere.example:ann@org.example", pass},
		{"a mailbox that only sends", "no-reply@org.example", pass},
		{"a full mailbox", "full@org.example", pass},
		{"a mailbox that has moved", "gone@org.example", pass},
		{"no such mailbox", "eve@org.example", fail},
		{"no such mailbox after a route", "@elsewhere.example:eve@org.example", fail},
		{"an address in the local part", `"ann@org.example"@org.example`, fail},
		{"a percent form", "ann%org.example@org.example", fail},
		{"our domain, foreign to the directory", "ann@net.example", none},
		{"below our domain, foreign to the directory", "ann@a.sub.example", none},
		{"a foreign domain that the directory knows", "eve@elsewhere.example", none},
		{"below our domain", "eve@a.org.example", none},
		{"a literal", "eve@[192.0.2.1]", none},
		{"an invalid address", "eve@org.example@org.example", none},
		{"no domain", "eve", none},
		{"the null sender", "", none},
	} {
		envelopetest.Case{Name: tc.name, Envelope: from(tc.sender), Outcome: tc.want, Status: noMailbox}.Run(t, check, nil)
	}
	envelopetest.Says(t, check(t.Context(), nil, from("Eve@org.example")),
		"the sender Eve@org.example is in a domain of this site, and there is no such mailbox here")
}

// The directory is not asked for senders outside our domains.
func TestListedAsksForOurDomainsOnly(t *testing.T) {
	check := sender.Listed([]string{"org.example"}, func(_ context.Context, m envelope.Mailbox) (directory.Answer, error) {
		t.Errorf("asked for %s", m)
		return directory.Unknown, nil
	})
	for _, address := range []string{"", "ann@elsewhere.example", "ann@a.org.example", "ann@[192.0.2.1]", "ann", "not a mailbox"} {
		envelopetest.Expect(t, check(t.Context(), nil, from(address)), none, nothing)
	}
}

func TestAFailingDirectoryIsATempError(t *testing.T) {
	down := errors.New("the directory is down")
	for name, lookup := range map[string]directory.Lookup{
		"down":      func(context.Context, envelope.Mailbox) (directory.Answer, error) { return directory.Unknown, down },
		"no answer": func(context.Context, envelope.Mailbox) (directory.Answer, error) { return 0, nil },
	} {
		t.Run(name, func(t *testing.T) {
			check := sender.Listed([]string{"org.example"}, lookup)
			got := check(t.Context(), nil, from("ann@org.example"))
			envelopetest.Expect(t, got, temp, siteFails)
			if name == "down" && !errors.Is(got.Err, down) {
				t.Errorf("the cause is %v", got.Err)
			}
			envelopetest.Expect(t, check(t.Context(), nil, from("ann@elsewhere.example")), none, nothing)
		})
	}
}

func TestListedAsksOncePerJudgementAndMailbox(t *testing.T) {
	asked := 0
	counting := func(_ context.Context, m envelope.Mailbox) (directory.Answer, error) {
		asked++
		if m.Local == "ann" {
			return directory.Known, nil
		}
		return directory.Unknown, nil
	}
	one, two := sender.Listed([]string{"org.example"}, counting), sender.Listed([]string{"org.example"}, counting)
	ctx := envelope.WithJudgement(t.Context())
	for range 3 {
		envelopetest.Expect(t, one(ctx, nil, from("ann@org.example")), pass, nothing)
		envelopetest.Expect(t, one(ctx, nil, from("@a.example:ann@ORG.example.")), pass, nothing)
		envelopetest.Expect(t, one(ctx, nil, from("eve@org.example")), fail, noMailbox)
	}
	if asked != 2 {
		t.Errorf("asked %d times for two mailboxes", asked)
	}
	two(ctx, nil, from("ann@org.example")) // may be another directory
	one(envelope.WithJudgement(t.Context()), nil, from("ann@org.example"))
	if asked != 4 {
		t.Errorf("asked %d times, want once more for each directory and judgement", asked)
	}
}
