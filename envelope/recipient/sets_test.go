package recipient_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/recipient"
)

func TestRole(t *testing.T) {
	ours := []string{"example.org", ".sub.example.org", "[192.0.2.25]", "bücher.example"}
	usual := recipient.Role(ours)
	long := strings.Repeat("hostmaster", 9)
	own := recipient.Role(ours, "Hostmaster", `"two words"`, "büro", long)
	for _, tc := range []struct {
		name  string
		check envelope.Check
		rcpt  string
		want  envelope.Outcome
	}{
		{"postmaster", usual, "postmaster@example.org", envelope.Pass},
		{"abuse", usual, "abuse@example.org", envelope.Pass},
		{"security", usual, "security@example.org", envelope.Pass},
		{"admin", usual, "admin@example.org", envelope.Pass},
		{"upper case and a final dot", usual, "PoStMaStEr@EXAMPLE.org.", envelope.Pass},
		{"quoted", usual, `"abuse"@example.org`, envelope.Pass},
		{"below a domain", usual, "abuse@a.sub.example.org", envelope.Pass},
		{"a literal", usual, "postmaster@[192.0.2.25]", envelope.Pass},
		{"a U-label", usual, "postmaster@bücher.example", envelope.Pass},
		{"the bare postmaster", usual, "Postmaster", envelope.Pass},
		{"another mailbox", usual, "ann@example.org", envelope.Fail},
		{"a letter that only looks like one of admin", usual, "adm\u0130n@example.org", envelope.Fail},
		{"more than the name", usual, "postmaster+x@example.org", envelope.Fail},
		{"another domain", usual, "postmaster@example.com", envelope.Fail},
		{"another literal", usual, "postmaster@[192.0.2.26]", envelope.Fail},
		{"the domain itself where only those below are ours", usual, "abuse@sub.example.org", envelope.Fail},
		{"a route", usual, "@example.com:postmaster@example.org", envelope.Fail},
		{"percent", usual, "postmaster%example.com@example.org", envelope.Fail},
		{"bare abuse", usual, "abuse", envelope.Fail},
		{"an invalid address", usual, "postmaster@example.org@example.org", envelope.Fail},
		{"no recipient", usual, "", envelope.Fail},
		{"a name of the site", own, "hostmaster@example.org", envelope.Pass},
		{"a long name", own, long + "@example.org", envelope.Pass},
		{"in quotes", own, `"Two Words"@example.org`, envelope.Pass},
		{"in UTF-8", own, "BÜRO@example.org", envelope.Pass},
		{"names of the site replace the default", own, "postmaster@example.org", envelope.Fail},
		{"the bare postmaster where postmaster is no role", own, "postmaster", envelope.Fail},
	} {
		envelopetest.Case{Name: tc.name, Envelope: to(tc.rcpt), Outcome: tc.want, Status: unwanted}.Run(t, tc.check, nil)
	}
}

func TestAnInvalidRoleDefers(t *testing.T) {
	for _, name := range []string{"", "abuse@example.org", "two words", `"open`, "@example.org:abuse", "a%b", strings.Repeat("a", 253), "a\r\nb"} {
		got := recipient.Role([]string{"example.org"}, "abuse", name)(t.Context(), nil, to("abuse@example.org"))
		envelopetest.Expect(t, got, envelope.TempError, badSetup)
		var syntax *envelope.SyntaxError
		if !errors.As(got.Err, &syntax) || syntax.Kind != "role" || syntax.Value != name {
			t.Errorf("%q: the cause is %v", name, got.Err)
		}
	}
}

func TestIn(t *testing.T) {
	in := recipient.In("Ann@Example.ORG.", longMailbox, `"two words"@example.org`, "jürgen@bücher.example", "ann@[192.0.2.25]",
		"example.net", ".example.com", "[IPv6:2001:db8::25]", "postmaster")
	for rcpt, want := range map[string]envelope.Outcome{
		"ann@example.org":                   envelope.Pass,
		"ANN@example.org.":                  envelope.Pass,
		longMailbox:                         envelope.Pass,
		`"ann"@example.org`:                 envelope.Pass,
		`"Two Words"@example.org`:           envelope.Pass,
		"jürgen@xn--bcher-kva.example":      envelope.Pass,
		"ann@[192.0.2.25]":                  envelope.Pass,
		"anyone@example.net":                envelope.Pass,
		"anyone@Example.Net.":               envelope.Pass,
		"anyone@a.b.example.com":            envelope.Pass,
		"anyone@[IPv6:2001:db8:0::25]":      envelope.Pass,
		"Postmaster":                        envelope.Pass,
		"bob@example.org":                   envelope.Fail,
		"postmaster@example.org":            envelope.Fail,
		"ann+x@example.org":                 envelope.Fail,
		"ann@a.example.org":                 envelope.Fail,
		"bob@[192.0.2.25]":                  envelope.Fail,
		"anyone@a.example.net":              envelope.Fail,
		"anyone@example.com":                envelope.Fail,
		"anyone@[IPv6:2001:db8::26]":        envelope.Fail,
		"@example.com:ann@example.org":      envelope.Fail,
		"ann%example.com@example.net":       envelope.Fail,
		"example.com!ann@example.net":       envelope.Fail,
		`"ann@example.com"@example.net`:     envelope.Fail,
		"ann":                               envelope.Fail,
		"ann@example.net@example.net":       envelope.Fail,
		"":                                  envelope.Fail,
		strings.Repeat("a@example.net", 99): envelope.Fail,
	} {
		envelopetest.Case{Name: envelope.Excerpt(rcpt), Envelope: to(rcpt), Outcome: want, Status: unwanted}.Run(t, in, nil)
	}
	envelopetest.Expect(t, recipient.In("example.org")(t.Context(), nil, to("postmaster")), envelope.Fail, unwanted)
	envelopetest.Expect(t, recipient.In()(t.Context(), nil, to("ann@example.org")), envelope.Fail, unwanted)
	got := in(t.Context(), nil, to("bob@example.org"))
	envelopetest.Says(t, got, "the recipient bob@example.org is not in the list of recipients")
}

func TestAnInvalidPatternDefers(t *testing.T) {
	for _, pattern := range []string{"", "@", "ann@", "ann smith@example.org", "ann@b@c", "*.example.org",
		"[192.0.2.1", "192.0.2.1", "@a.example:ann@example.org", "ann%a.example@example.org", `"a@b"@example.org`} {
		got := recipient.In("example.org", pattern)(t.Context(), nil, to("ann@example.org"))
		envelopetest.Expect(t, got, envelope.TempError, badSetup)
		var syntax *envelope.SyntaxError
		if !errors.As(got.Err, &syntax) || syntax.Value != pattern {
			t.Errorf("%q: the cause is %v", pattern, got.Err)
		}
	}
}

func TestInSet(t *testing.T) {
	chosen := map[string]bool{"ann@example.org": true}
	in := recipient.InSet(func(_ context.Context, m envelope.Mailbox) (bool, error) { return chosen[m.String()], nil })
	envelopetest.Expect(t, in(t.Context(), nil, to("ann@EXAMPLE.org.")), envelope.Pass, nothing)
	envelopetest.Expect(t, in(t.Context(), nil, to("Ann@example.org")), envelope.Fail, unwanted)
	delete(chosen, "ann@example.org")
	envelopetest.Expect(t, in(t.Context(), nil, to("ann@example.org")), envelope.Fail, unwanted)
}

func TestInSetIsNotAskedForARelayedRecipient(t *testing.T) {
	var asked []envelope.Mailbox
	in := recipient.InSet(func(_ context.Context, m envelope.Mailbox) (bool, error) {
		asked = append(asked, m)
		return true, nil
	})
	for _, rcpt := range []string{"", "ann", "ann@b@c", "@a.example:ann@example.org", "ann%a.example@example.org", "a.example!ann@example.org", `"a@b"@example.org`} {
		envelopetest.Expect(t, in(t.Context(), nil, to(rcpt)), envelope.Fail, unwanted)
	}
	if len(asked) > 0 {
		t.Errorf("asked for %v", asked)
	}
	envelopetest.Expect(t, in(t.Context(), nil, to("POSTMASTER")), envelope.Pass, nothing)
	if len(asked) != 1 || asked[0] != (envelope.Mailbox{Local: "postmaster"}) {
		t.Errorf("asked for %v", asked)
	}
}

func TestAFailingSetIsATempError(t *testing.T) {
	down := errors.New("connection refused")
	in := recipient.InSet(func(context.Context, envelope.Mailbox) (bool, error) { return true, down })
	got := in(t.Context(), nil, to("ann@example.org"))
	envelopetest.Expect(t, got, envelope.TempError, storeFails)
	if got.Err != down {
		t.Errorf("the cause is %v", got.Err)
	}
}

func TestInSetGetsTheContextOfTheJudgement(t *testing.T) {
	type key struct{}
	in := recipient.InSet(func(ctx context.Context, _ envelope.Mailbox) (bool, error) { return ctx.Value(key{}) == "here", nil })
	envelopetest.Expect(t, in(context.WithValue(t.Context(), key{}, "here"), nil, to("ann@example.org")), envelope.Pass, nothing)
}
