package directory_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
)

func TestOwnersFromNamesTheInvalidEntry(t *testing.T) {
	for _, tc := range []struct {
		addresses map[string][]string
		want      string
	}{
		{map[string][]string{"ann": {"ann"}}, `mailbox entry "ann" has no domain`},
		{map[string][]string{"ann": {""}}, `mailbox entry "" is empty`},
		{map[string][]string{"ann": {"ann@org.example, bob@org.example"}}, `mailbox entry "ann@org.example, bob@org.example" has a domain that has an invalid character`},
		{map[string][]string{"ann": {"@"}}, `mailbox entry "@" has a domain that is empty`},
		{map[string][]string{"ann": {"@*.example"}}, `mailbox entry "@*.example" has a domain that has an invalid character`},
		{map[string][]string{"ann": {"@a.example:ann@org.example"}}, `mailbox entry "@a.example:ann@org.example" has a domain that has an invalid character`},
		{map[string][]string{"": {"ann@org.example"}}, `login "" is empty`},
		{map[string][]string{"bob": {"two"}, "ann": {"one"}, "eve": {"three"}}, `mailbox entry "one" has no domain`},
	} {
		owners, err := directory.OwnersFrom(tc.addresses)
		var fault *envelope.SyntaxError
		if owners != nil || !errors.As(err, &fault) || err.Error() != tc.want {
			t.Errorf("%v: got %v, want %s", tc.addresses, err, tc.want)
		}
	}
}

func TestOwnersFromKeepsItsOwnMap(t *testing.T) {
	addresses := map[string][]string{"ann": {"ann@org.example"}}
	owners, err := directory.OwnersFrom(addresses)
	if err != nil {
		t.Fatal(err)
	}
	addresses["ann"][0] = "eve@org.example"
	addresses["eve"] = []string{"ann@org.example"}
	logins, err := owners(t.Context(), envelope.Mailbox{Local: "ANN", Domain: "org.example"})
	if err != nil || !slices.Equal(logins, []string{"ann"}) {
		t.Errorf("got %q, %v", logins, err)
	}
	logins[0] = "eve" // the answer belongs to the caller
	if again, _ := owners(t.Context(), envelope.Mailbox{Local: "ann", Domain: "org.example"}); !slices.Equal(again, []string{"ann"}) {
		t.Errorf("got %q", again)
	}
}

func TestAllEntriesThatMatchOwnAnAddress(t *testing.T) {
	owners, err := directory.OwnersFrom(map[string][]string{
		"ann": {"ann@org.example"}, "bob": {"org.example"}, "eve": {".org.example"}, "kim": {"[192.0.2.1]", ".example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]string{
		"Ann@org.example":   {"ann", "bob", "kim"},
		"info@org.example":  {"bob", "kim"},
		"ann@a.org.example": {"eve", "kim"},
		"ann@[192.0.2.1]":   {"kim"},
		"ann@example.org":   nil,
	} {
		m, err := envelope.ParseMailbox(path, true)
		if err != nil {
			t.Fatal(err)
		}
		if logins, err := owners(t.Context(), m); err != nil || !slices.Equal(logins, want) {
			t.Errorf("%s: got %q, %v, want %q", path, logins, err, want)
		}
	}
}

func TestAskIgnoresCase(t *testing.T) {
	owned := func(login string, owners ...string) bool {
		o := directory.Owners(func(context.Context, envelope.Mailbox) ([]string, error) { return owners, nil })
		owned, err := o.Ask(t.Context(), envelope.Mailbox{Local: "info", Domain: "org.example"}, login)
		return owned && err == nil
	}
	for login, want := range map[string]bool{
		"ann": true, "JÜRGEN": true, "a\xfe": true, "b\ufffd": true,
		"": false, "an": false, "jurgen": false, "A\xfe": false, "a\xff": false, "b\xff": false, "jürgen\u017f": false,
	} {
		if got := owned(login, "Ann", "jürgen", "a\xfe", "b\ufffd"); got != want {
			t.Errorf("%q: got %v", login, got)
		}
	}
	for login, other := range map[string]string{"boss": "bo\u017fs", "kate": "\u212aate", "admin": "adm\u0130n"} {
		if owned(other, login) || owned(login, other) {
			t.Errorf("%s passes for %s", other, login)
		}
	}
}

func TestAskOfNoOwnersIsAnError(t *testing.T) {
	down := errors.New("connection refused")
	for name, owners := range map[string]directory.Owners{
		"none":     nil,
		"an error": func(context.Context, envelope.Mailbox) ([]string, error) { return []string{"ann"}, down },
	} {
		if owned, err := owners.Ask(t.Context(), envelope.Mailbox{Local: "ann", Domain: "org.example"}, "ann"); owned || err == nil {
			t.Errorf("%s: %v, %v", name, owned, err)
		}
	}
}

// A mailbox that only looks like another has another owner.
func TestOwnersFromIgnoresCase(t *testing.T) {
	owners, err := directory.OwnersFrom(map[string][]string{"kim": {"kim@org.example", "ÄPFEL@org.example"}})
	if err != nil {
		t.Fatal(err)
	}
	for local, want := range map[string]int{"KIM": 1, "äpfel": 1, "\u212aim": 0, "k\u0130m": 0} {
		if logins, err := owners(t.Context(), envelope.Mailbox{Local: local, Domain: "org.example"}); err != nil || len(logins) != want {
			t.Errorf("%s: got %q, %v", local, logins, err)
		}
	}
}
