package directory

import (
	"context"
	"errors"
	"maps"
	"slices"

	"mxrules.example/envelope"
	"mxrules.example/envelope/internal/pattern"
)

// Owners returns the logins that may use a mailbox as their sender, or none. The
// mailbox is as for a [Lookup]. An error means that the logins are not known now.
// Owners is called concurrently, and must return soon after ctx ends. Owners that
// wait pass ctx on, as a Lookup does.
type Owners func(ctx context.Context, m envelope.Mailbox) (logins []string, err error)

// OwnersFrom returns Owners for the addresses of each login. An address is an
// entry as for [List], such as "@example.org" for every address of that domain. An
// address is owned by all logins with an entry that matches it.
//
//	owners, err := directory.OwnersFrom(map[string][]string{
//		"ann": {"ann@example.org", "info@example.org"},
//		"bob": {"bob@example.org", "info@example.org", "@bob.example"},
//	})
//
// The error is an *[envelope.SyntaxError] that names the login or the address.
func OwnersFrom(addresses map[string][]string) (Owners, error) {
	owners := make(map[pattern.Pattern][]string)
	for _, login := range slices.Sorted(maps.Keys(addresses)) { // sorted, so that of two mistakes the same one is always named
		if login == "" {
			return nil, &envelope.SyntaxError{Kind: "login", Value: login, Reason: "is empty"}
		}
		for _, address := range addresses[login] {
			p, err := parseEntry(address)
			if err != nil {
				return nil, err
			}
			owners[p] = append(owners[p], login)
		}
	}
	return func(_ context.Context, m envelope.Mailbox) (logins []string, err error) {
		for p := range pattern.Matching(m) {
			logins = append(logins, owners[p]...)
		}
		return logins, nil
	}, nil
}

// Ask reports whether login is one of the owners of a mailbox without its source
// route. Letter case does not matter (RFC 8265, section 3.3), but a letter outside
// ASCII never equals one of ASCII. The owners are asked as a [Lookup] is by its Ask:
// once per judgement and mailbox.
func (o *Owners) Ask(ctx context.Context, m envelope.Mailbox, login string) (owned bool, err error) {
	if *o == nil {
		return false, errNoOwners
	}
	m.Route = ""
	logins, err := envelope.Once(ctx, question[Owners]{o, m}, func() ([]string, error) {
		return envelope.Consult(ctx, func(ctx context.Context) ([]string, error) { return (*o)(ctx, m) })
	})
	if err != nil {
		return false, err
	}
	login = pattern.FoldCase(login)
	return slices.ContainsFunc(logins, func(l string) bool { return pattern.FoldCase(l) == login }), nil
}

// At is [envelope.At] for a check that calls o. If o is nil, the check is
// misconfigured.
func (o Owners) At(name string, stage envelope.Stage, answer envelope.Check) envelope.Check {
	if o == nil {
		return envelope.Misconfigured(name, stage, errNoOwners)
	}
	return envelope.At(name, stage, answer)
}

var errNoOwners = errors.New("there are no owners to ask")
