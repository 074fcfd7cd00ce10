package sender_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/sender"
)

// owners are the addresses of the users in the tests.
func owners(t testing.TB) directory.Owners {
	t.Helper()
	owners, err := directory.OwnersFrom(map[string][]string{
		"ann":             {"Ann@org.example", "info@org.example", "ann@bücher.example", `"two words"@org.example`},
		"Bob@org.example": {"bob@org.example", "INFO@ORG.example.", "bob@[192.0.2.1]"},
		"chief":           {"@org.example", "@xn--bcher-kva.example"},
		"jürgen":          {"jürgen@org.example"},
		"nobody":          nil,
	})
	if err != nil {
		t.Fatal(err)
	}
	return owners
}

func TestOwnedByLogin(t *testing.T) {
	check := sender.OwnedByLogin(owners(t))
	for _, tc := range []struct {
		login, sender string
		want          envelope.Outcome
	}{
		{"ann", "ann@org.example", pass},
		{"ann", "ANN@ORG.Example.", pass},
		{"ANN", "ann@org.example", pass},
		{"ann", `"ann"@org.example`, pass}, // the same mailbox, quoted
		{"ann", `"Two\ Words"@org.example`, pass},
		{"ann", "info@org.example", pass}, // owned by both
		{"bob@org.example", "info@org.example", pass},
		{"ann", "ann@xn--bcher-kva.example", pass},
		{"ann", "@elsewhere.example:ann@org.example", pass}, // the route is ignored
		{"bob@ORG.example", "Bob@org.example", pass},
		{"bob@org.example", "bob@[192.0.2.1]", pass},
		{"Jürgen", "jürgen@org.example", pass},
		{"JÜRGEN", "JÜRGEN@org.example", pass},
		{"chief", "ann@org.example", pass}, // owned by both
		{"chief", "anybody@org.example", pass},
		{"chief", "anybody@BÜCHER.example", pass},

		{"ann", "bob@org.example", fail},
		{"ann", "anybody@org.example", fail},
		{"ann", "ann@elsewhere.example", fail}, // without an owner
		{"ann", "ann@a.org.example", fail},
		{"ann", "ann+tag@org.example", fail},
		{"ann", "ann%org.example@org.example", fail},
		{"ann", `"ann@org.example"@org.example`, fail},
		{"ann", `"ann@org.example"@elsewhere.example`, fail},
		{"ann", "bob@[192.0.2.1]", fail},
		{"bob@org.example", "bob@[192.0.2.2]", fail},
		{"bob", "bob@org.example", fail},
		{"chief", "chief@a.org.example", fail},
		{"chief", "chief@elsewhere.example", fail},
		{"nobody", "nobody@org.example", fail},
		{"eve", "eve@org.example", fail},
		{"ann ", "ann@org.example", fail},
		{"ann\x00", "ann@org.example", fail},
		{"\xffann", "ann@org.example", fail},

		// An invalid address has no owner.
		{"chief", "ann", fail},
		{"chief", "@org.example", fail},
		{"chief", "ann@org.example@org.example", fail},
		{"chief", strings.Repeat("a", 243) + "@org.example", fail},
		{"chief", strings.Repeat("a", 960_000) + "@org.example", fail},

		{"", "ann@org.example", none},
		{"", "ann@elsewhere.example", none},
		{"", "not a mailbox", none},
		{"ann", "", none},
		{"", "", none},
	} {
		e := from(tc.sender)
		e.Login = tc.login
		envelopetest.Expect(t, check(t.Context(), nil, e), tc.want, ifFail(tc.want, notOwned))
	}
	e := from("bob@Org.example")
	e.Login = "ann"
	envelopetest.Says(t, check(t.Context(), nil, e), "the login ann does not own the sender address bob@Org.example")
	e.Login = "a\r\nb"
	envelopetest.Says(t, check(t.Context(), nil, e), "the login a b does not own the sender address bob@Org.example")
}

// Invalid UTF-8 equals only the same octets, although its clean text may be equal.
func TestOwnedByLoginComparesOctets(t *testing.T) {
	check := sender.OwnedByLogin(func(context.Context, envelope.Mailbox) ([]string, error) {
		return []string{"", "a\xfe", "b\ufffd"}, nil
	})
	for login, want := range map[string]envelope.Outcome{"a\xfe": pass, "b\ufffd": pass, "B\ufffd": pass, "A\xfe": fail, "a\xff": fail, "b\xff": fail} {
		e := from("ann@org.example")
		e.Login = login
		envelopetest.Expect(t, check(t.Context(), nil, e), want, ifFail(want, notOwned))
	}
}

func TestFailingOwnersAreATempError(t *testing.T) {
	down := errors.New("the database is down")
	check := sender.OwnedByLogin(func(context.Context, envelope.Mailbox) ([]string, error) { return []string{"ann"}, down })
	e := from("ann@org.example")
	e.Login = "ann"
	got := check(t.Context(), nil, e)
	envelopetest.Expect(t, got, temp, siteFails)
	if !errors.Is(got.Err, down) {
		t.Errorf("the cause is %v", got.Err)
	}
	envelopetest.Expect(t, sender.OwnedByLogin(nil)(t.Context(), nil, e), temp, siteIsBad)
}

func TestOwnersAreAskedOncePerJudgementAndSender(t *testing.T) {
	var asked []string
	check := sender.OwnedByLogin(func(_ context.Context, sender envelope.Mailbox) ([]string, error) {
		asked = append(asked, sender.String())
		if sender.Route != "" {
			t.Errorf("asked with the route %q", sender.Route)
		}
		return []string{sender.Local}, nil
	})
	ctx := envelope.WithJudgement(t.Context())
	for range 3 {
		for _, address := range []string{"ann@org.example", "@a.example:ann@ORG.example.", "bob@org.example"} {
			e := from(address)
			e.Login = "ann"
			check(ctx, nil, e)
			e.Login = "eve" // the owners are the same, the answer is not
			envelopetest.Expect(t, check(ctx, nil, e), fail, notOwned)
		}
	}
	if want := []string{"ann@org.example", "bob@org.example"}; !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
	for _, e := range []*envelope.Envelope{{Login: "ann"}, {Login: "ann", MailFrom: "ann"}, {MailFrom: "ann@org.example"}} {
		check(t.Context(), nil, e)
	}
	if len(asked) != 2 {
		t.Errorf("asked %q for no login or no sender", asked)
	}
}
