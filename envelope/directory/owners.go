package directory

import (
	"context"
	"maps"
	"slices"

	"mxrules.example/envelope"
)

// Owners answers which logins may write in the name of a mailbox. No login at
// all means that nobody may. The local part is as it is meant, without quotes,
// in the letter case in which it came; there is no source route. It is called by
// many goroutines at once, and its error means that it can't answer now.
type Owners func(ctx context.Context, m envelope.Mailbox) (logins []string, err error)

// OwnersFrom returns Owners that know the addresses of each login. An address is
// an entry as of [List], with "@example.org" for every address of that domain,
// and of none below it. A login that owns a domain owns its addresses beside
// those who own them by name.
//
//	owners, err := directory.OwnersFrom(map[string][]string{
//		"ann": {"ann@example.org", "info@example.org"},
//		"bob": {"bob@example.org", "info@example.org", "@bob.example"},
//	})
//
// The error is an *[envelope.SyntaxError] that names the login or the address.
func OwnersFrom(addresses map[string][]string) (Owners, error) {
	type entry struct {
		domain envelope.Host
		local  string // folded, "" for the whole domain
	}
	owners := make(map[entry][]string)
	for _, login := range slices.Sorted(maps.Keys(addresses)) { // sorted: of two mistakes the error always names the same
		if login == "" {
			return nil, &envelope.SyntaxError{Kind: "login", Value: login, Reason: "is empty"}
		}
		for _, address := range addresses[login] {
			domain, local, reason := parseEntry(address)
			if reason != "" {
				return nil, badEntry(address, reason)
			}
			owned := entry{domain, local}
			owners[owned] = append(owners[owned], login)
		}
	}
	return func(_ context.Context, m envelope.Mailbox) ([]string, error) {
		domain := place(m.Domain, m.Literal)
		return slices.Concat(owners[entry{domain, FoldCase(m.Local)}], owners[entry{domain, ""}]), nil
	}, nil
}

// HasLogin reports whether login is one of logins. Their letter case does not
// matter, as in FoldCase.
func HasLogin(logins []string, login string) bool {
	login = FoldCase(login)
	return slices.ContainsFunc(logins, func(l string) bool { return FoldCase(l) == login })
}
