package directory

import (
	"context"
	"errors"
	"maps"
	"slices"

	"mxrules.example/envelope"
	"mxrules.example/envelope/internal/pattern"
)

// Owners answers which logins may write in the name of a mailbox. No login at
// all means that nobody may. The local part is as it is meant, without quotes,
// in the letter case in which it came; there is no source route. It is called by
// many goroutines at once, and its error means that it can't answer now.
type Owners func(ctx context.Context, m envelope.Mailbox) (logins []string, err error)

// OwnersFrom returns Owners that know the addresses of each login. An address is
// an entry as of [List], with "@example.org" for every address of that domain,
// and of none below it. A login that owns a domain owns its addresses beside
// the logins that own them by name.
//
//	owners, err := directory.OwnersFrom(map[string][]string{
//		"ann": {"ann@example.org", "info@example.org"},
//		"bob": {"bob@example.org", "info@example.org", "@bob.example"},
//	})
//
// The error is an *[envelope.SyntaxError] that names the login or the address.
func OwnersFrom(addresses map[string][]string) (Owners, error) {
	owners := make(map[pattern.Pattern][]string)
	for _, login := range slices.Sorted(maps.Keys(addresses)) { // sorted: of two mistakes the error always names the same
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

// At is [envelope.At] for a check that asks o. If o is nil the check is
// misconfigured.
func (o Owners) At(name string, stage envelope.Stage, answer envelope.Check) envelope.Check {
	if o == nil {
		return envelope.Misconfigured(name, stage, errors.New("there is nobody to ask for the owners of an address"))
	}
	return envelope.At(name, stage, answer)
}

// HasLogin reports whether login is one of logins. Their letter case does not
// matter (RFC 8265, section 3.3), but a letter beyond ASCII never stands for one of
// ASCII.
func HasLogin(logins []string, login string) bool {
	login = pattern.FoldCase(login)
	return slices.ContainsFunc(logins, func(l string) bool { return pattern.FoldCase(l) == login })
}
