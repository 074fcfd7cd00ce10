package directory_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
)

// ask asks a directory about an address.
func ask(t *testing.T, lookup directory.Lookup, address string) directory.Answer {
	t.Helper()
	m, err := envelope.ParseMailbox(address, true)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := lookup.Ask(t.Context(), m)
	if err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	return answer
}

func TestList(t *testing.T) {
	long := strings.Repeat("reply-", 15)
	lookup, err := directory.List(
		"postmaster@example.org",
		"Ann@Example.ORG.",
		`"two words"@example.org`,
		`"plain"@example.org`,
		`"a@b"@example.org`,
		"jürgen@bücher.example",
		"@example.net",
		"postmaster@[192.0.2.1]",
		"@[IPv6:2001:db8::1]",
		long+"@example.org",
		"ann@example.org", // a repeated entry is allowed
	)
	if err != nil {
		t.Fatal(err)
	}
	const (
		known   = directory.Known
		unknown = directory.Unknown
		foreign = directory.Foreign
	)
	for address, want := range map[string]directory.Answer{
		"postmaster@example.org":            known,
		"POSTMASTER@example.org":            known,
		"ann@example.org":                   known,
		"aNN@EXAMPLE.org.":                  known,
		`"ann"@example.org`:                 known,
		"plain@example.org":                 known,
		`"two words"@example.org`:           known,
		`"two\ words"@example.org`:          known,
		`"a@b"@example.org`:                 known,
		long + "@example.org":               known,
		"a@example.org":                     unknown,
		"bob@example.org":                   unknown,
		`""@example.org`:                    unknown,
		"ann+list@example.org":              unknown,
		"ann@sub.example.org":               foreign,
		"ann@org":                           foreign,
		"ann@notexample.org":                foreign,
		"jürgen@bücher.example":             known,
		"JÜRGEN@xn--bcher-kva.example":      known,
		"jurgen@bücher.example":             unknown,
		"anyone@example.net":                known,
		`""@example.net`:                    known,
		"anyone@sub.example.net":            foreign,
		"postmaster@[192.0.2.1]":            known,
		"postmaster@[192.0.2.01]":           known,
		"postmaster@[IPv6:::ffff:c000:201]": known,
		"ann@[192.0.2.1]":                   unknown,
		"ann@[192.0.2.2]":                   foreign,
		"ann@[IPv6:2001:DB8:0::1]":          known,
		"@relay.example:ann@example.org":    known, // the route is ignored
	} {
		t.Run(address, func(t *testing.T) {
			if got := ask(t, lookup, address); got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestTheNarrowestEntryCounts(t *testing.T) {
	lookup, err := directory.List(
		"ann@example.org",
		"bob@example.org disabled",
		"carol@example.org full",
		"dave@example.org moved",
		"nobody@example.net unknown",
		"@example.net",
		"@closed.example.org disabled",
		".wide.example",
		"ann@a.wide.example full",
		"@b.wide.example disabled",
		"@.b.wide.example moved",
		"nobody@c.wide.example unknown",
		"plain.example",
		"[192.0.2.1] disabled",
		"@localhost",
		`""@example.org full`,
	)
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]directory.Answer{
		"ann@example.org":           directory.Known,
		"bob@example.org":           directory.Disabled,
		"CAROL@example.org":         directory.Full,
		"dave@example.org":          directory.Moved,
		"erin@example.org":          directory.Unknown,
		"nobody@example.net":        directory.Unknown,
		"somebody@example.net":      directory.Known,
		"anyone@closed.example.org": directory.Disabled,
		"anyone@example.com":        directory.Foreign,

		"ann@wide.example":        directory.Foreign,
		"ann@x.wide.example":      directory.Known,
		"ann@x.y.wide.example":    directory.Known,
		"ann@a.wide.example":      directory.Full,
		"bob@a.wide.example":      directory.Known, // the domain is named by ann@a.wide.example
		"bob@b.wide.example":      directory.Disabled,
		"bob@x.b.wide.example":    directory.Moved, // the nearest domain above counts
		"nobody@c.wide.example":   directory.Unknown,
		"somebody@c.wide.example": directory.Known,
		"anyone@plain.example":    directory.Known,
		"anyone@x.plain.example":  directory.Foreign,
		"anyone@[192.0.2.1]":      directory.Disabled,
		"anyone@[192.0.2.2]":      directory.Foreign,
		"root@localhost":          directory.Known,
		`""@example.org`:          directory.Full,
	} {
		if got := ask(t, lookup, address); got != want {
			t.Errorf("%s: got %v, want %v", address, got, want)
		}
	}
}

func TestAnEmptyDirectoryKnowsNoDomain(t *testing.T) {
	lookup, err := directory.List()
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(t, lookup, "ann@example.org"); got != directory.Foreign {
		t.Errorf("got %v", got)
	}
}

// badEntries has invalid entries and the reasons in their errors.
var badEntries = []struct{ entry, reason string }{
	{"", "is empty"},
	{"ann", "has no domain"},
	{"ann@", "has a domain that is empty"},
	{"@", "has a domain that is empty"},
	{"@..example.org", "has a domain that has an empty label"},
	{"postmaster", "has no domain"},
	{"localhost", "has no domain"},
	{"192.0.2.1", "is a number or an address, not a name"},
	{"*.example.org", "has an invalid character"},
	{"@192.0.2.1", "has a domain that is a number or an address, not a name"},
	{"@[192.0.2.1", "has a domain that is not in brackets"},
	{"@[example.org]", "has a domain that is not an IPv4 address"},
	{"ann@*.example.org", "has a domain that has an invalid character"},
	{"ann@bob@example.org", "has a domain that has an invalid character"},
	{"@relay.example:ann@example.org", "has a domain that has an invalid character"},
	{"ann(smith)@example.org", "has a character in its local part that needs quotes"},
	{" \t", "is empty"},
	{"#2@example.org", "is empty"}, // a comment
	{"ann@example.org\x00", "has a domain that has an invalid character"},
	{strings.Repeat("a", 243) + "@example.org", "has more than 254 octets"},
	{strings.Repeat("a", 1<<20) + "@example.org", "has more than 254 octets"},
}

func TestABadEntryIsNamed(t *testing.T) {
	for _, tc := range badEntries {
		t.Run(envelope.Excerpt(tc.entry), func(t *testing.T) {
			_, err := directory.List("ann@example.org", tc.entry)
			var syntax *envelope.SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("got %v", err)
			}
			if syntax.Kind != "mailbox entry" || syntax.Value != tc.entry || syntax.Reason != tc.reason {
				t.Errorf("got %v, want the reason %q", syntax, tc.reason)
			}
			if len(err.Error()) > 512 {
				t.Errorf("the error has %d octets", len(err.Error()))
			}
		})
	}
}

func TestABadWordIsNamed(t *testing.T) {
	for _, tc := range []struct{ first, second, want string }{
		{"ann@example.org", "bob@example.org foreign", `mailbox entry "bob@example.org" is followed by "foreign", ` + noWord},
		{"ann@example.org", "bob smith@example.org", `mailbox entry "bob" is followed by "smith@example.org", ` + noWord},
		{"ann@example.org", "*@example.org.x y", `mailbox entry "*@example.org.x" is followed by "y", ` + noWord},
		{"ann@example.org", "bob@example.org full moved", `mailbox entry "bob@example.org" is followed by "moved", and has its word already`},
		{"ann@Example.ORG full", "Ann@example.org", `mailbox entry "Ann@example.org" is both full and known`},
		{`"ann"@example.org full`, "Ann@example.org", `mailbox entry "Ann@example.org" is both full and known`},
		{"@example.org", "@example.org. disabled", `mailbox entry "@example.org." is both known and disabled`},
	} {
		if _, err := directory.List(tc.first, tc.second); fmt.Sprint(err) != tc.want {
			t.Errorf("got %v, want %s", err, tc.want)
		}
	}
}

func TestAskReturnsAnErrorWithoutAnAnswer(t *testing.T) {
	m := envelope.Mailbox{Local: "ann", Domain: "example.org"}
	down := errors.New("connection refused")
	for name, lookup := range map[string]directory.Lookup{
		"no directory": nil,
		"no answer":    func(context.Context, envelope.Mailbox) (directory.Answer, error) { return 0, nil },
		"no such answer": func(context.Context, envelope.Mailbox) (directory.Answer, error) {
			return directory.Moved + 1, nil
		},
		"subaddresses of no directory": directory.Lookup(nil).Subaddressed("+"),
		"an error beside an answer": func(context.Context, envelope.Mailbox) (directory.Answer, error) {
			return directory.Known, down
		},
	} {
		if answer, err := lookup.Ask(t.Context(), m); err == nil || answer != 0 {
			t.Errorf("%s: %v, %v", name, answer, err)
		}
	}
	failing := directory.Lookup(func(context.Context, envelope.Mailbox) (directory.Answer, error) { return directory.Known, down })
	if _, err := failing.Ask(t.Context(), m); err != down {
		t.Errorf("the cause is %v", err)
	}
}

func TestALookupGetsTheParsedMailbox(t *testing.T) {
	type key struct{}
	var got string
	lookup := directory.Lookup(func(ctx context.Context, m envelope.Mailbox) (directory.Answer, error) {
		got = fmt.Sprint(ctx.Value(key{}), " ", m.Local, " at ", m.Domain, m.Literal, m.Route)
		return directory.Known, nil
	})
	for address, want := range map[string]string{
		"Ann@Example.ORG.":                "here Ann at example.org",
		`"a\"@ b"@bücher.example`:         `here a"@ b at xn--bcher-kva.example`,
		"ann@[IPv6:2001:0DB8::1]":         "here ann at [IPv6:2001:db8::1]",
		"@relay.example:ann@[192.0.2.01]": "here ann at [192.0.2.1]",
	} {
		m, err := envelope.ParseMailbox(address, true)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := lookup.Ask(context.WithValue(t.Context(), key{}, "here"), m); err != nil || got != want {
			t.Errorf("%s: asked for %q (%v), want %q", address, got, err, want)
		}
	}
}

func TestSubaddressed(t *testing.T) {
	plain, err := directory.List(
		"ann@example.org", "ann+spam@example.org disabled", "bob@example.org full", "@example.net", "ann@[192.0.2.1]",
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		separator, address string
		want               directory.Answer
	}{
		{"+", "ann@example.org", directory.Known},
		{"+", "ann+lists@example.org", directory.Known},
		{"+", "Ann+Lists@example.org", directory.Known},
		{"+", "ann+@example.org", directory.Known},
		{"+", "ann+a+b@example.org", directory.Known},
		{"+", "ann+spam@example.org", directory.Disabled}, // the whole local part is looked up first
		{"+", "ann+spam+x@example.org", directory.Known},
		{"+", "bob+lists@example.org", directory.Full},
		{"+", "carol+lists@example.org", directory.Unknown},
		{"+", "+ann@example.org", directory.Unknown},
		{"+", "ann-lists@example.org", directory.Unknown},
		{"+", "ann+lists@example.com", directory.Foreign},
		{"+", "ann+lists@example.net", directory.Known},
		{"+", "ann+lists@[192.0.2.1]", directory.Known},
		{"--", "ann--lists@example.org", directory.Known},
		{"--", "ann-lists@example.org", directory.Unknown},
		{"", "ann+lists@example.org", directory.Unknown},
	} {
		t.Run(tc.separator+tc.address, func(t *testing.T) {
			if got := ask(t, plain.Subaddressed(tc.separator), tc.address); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestSubaddressedNeverLooksUpAnEmptyUser(t *testing.T) {
	lookup := directory.Lookup(func(_ context.Context, m envelope.Mailbox) (directory.Answer, error) {
		if m.Local == "" {
			return directory.Known, nil
		}
		return directory.Unknown, nil
	}).Subaddressed("+")
	if got := ask(t, lookup, "+ann@example.org"); got != directory.Unknown {
		t.Errorf("got %v", got)
	}
}

func TestSubaddressedKeepsTheError(t *testing.T) {
	down := errors.New("connection refused")
	asked := 0
	lookup := directory.Lookup(func(context.Context, envelope.Mailbox) (directory.Answer, error) {
		asked++
		return directory.Unknown, down
	}).Subaddressed("+")
	if _, err := lookup(t.Context(), envelope.Mailbox{Local: "ann+lists", Domain: "example.org"}); err != down || asked != 1 {
		t.Errorf("%v after %d questions", err, asked)
	}
}

func TestAnswersHaveWords(t *testing.T) {
	for answer, want := range map[directory.Answer]string{
		0: "", directory.Known: "known", directory.Unknown: "unknown", directory.Foreign: "foreign",
		directory.Disabled: "disabled", directory.Full: "full", directory.Moved: "moved", 7: "answer(7)",
	} {
		if got := answer.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
