package sender

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"mxrules.example/envelope"
)

// Owners answers which logins may write in the name of a sender. No login at
// all means that nobody may. The local part is as it is meant, without quotes,
// in the letter case in which it came; there is no source route. It is called by
// many goroutines at once, and its error means that it can't answer now.
type Owners func(ctx context.Context, sender envelope.Mailbox) (logins []string, err error)

// OwnedByLogin passes when the login of the client owns the sender: when it is
// one of those that owners has for that address. A login may own many addresses,
// and an address may have many owners. The letter case of a login does not
// matter (RFC 8265, section 3.3). An address that nobody owns fails, and so does
// one that can't be read. An error of owners is a TempError with 451 4.3.0.
//
// None: the null sender, and a client that has not logged in, which owns and
// claims nothing. Whether somebody may write in our name without a login is for
// NotOurs to say. One rule for both lets everybody write in the name of others:
//
//	envelope.Any(sender.OwnedByLogin(owners), sender.NotOurs(domains...))
//
// The owners are asked once per judgement and sender, however many rules share
// the check.
func OwnedByLogin(owners Owners) envelope.Check {
	const check = "sender.ownedbylogin"
	if owners == nil {
		return envelope.Misconfigured(check, envelope.Mail, errors.New("there is nobody to ask for the owners of an address"))
	}
	return envelope.At(check, envelope.Mail, func(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if isNull(e) || e.Login == "" {
			return envelope.NotApplicable(check)
		}
		if mailbox, fault := read(e); fault == "" {
			logins, err := once(ctx, &owners, mailbox, owners)
			if err != nil {
				return unavailable(check, err)
			}
			if slices.ContainsFunc(logins, func(login string) bool { return sameLogin(login, e.Login) }) {
				return envelope.Passed(check)
			}
		}
		return envelope.Failed(check, envelope.Status{Code: 553, Subject: 7, Detail: 1},
			"the login %s does not own the sender address %s", e.Login, e.MailFrom)
	})
}

// sameLogin reports whether two logins differ in letter case at most. Octets
// that are no characters have none.
func sameLogin(a, b string) bool {
	return a == b || utf8.ValidString(a) && utf8.ValidString(b) && strings.ToLower(a) == strings.ToLower(b)
}

// OwnersFrom returns Owners that know the addresses of each login. An address is
// written as in "ann@example.org", its local part in any letter case;
// "@example.org" is every address of that domain, and of none below it. A login
// that owns a domain owns its addresses beside those who own them by name.
//
//	owners, err := sender.OwnersFrom(map[string][]string{
//		"ann": {"ann@example.org", "info@example.org"},
//		"bob": {"bob@example.org", "info@example.org", "@bob.example"},
//	})
//
// The error is an *[envelope.SyntaxError] that names the login or the address.
func OwnersFrom(addresses map[string][]string) (Owners, error) {
	byMailbox := make(map[envelope.Mailbox][]string)
	byDomain := make(map[envelope.Host][]string)
	for _, login := range slices.Sorted(maps.Keys(addresses)) { // sorted: of two mistakes the error always names the same
		if login == "" {
			return nil, &envelope.SyntaxError{Kind: "login", Value: login, Reason: "is empty"}
		}
		for _, address := range addresses[login] {
			if name, whole := strings.CutPrefix(address, "@"); whole {
				domain, err := envelope.ParseHost(name)
				if err != nil {
					return nil, err
				}
				byDomain[domain] = append(byDomain[domain], login)
				continue
			}
			mailbox, err := parseAddress(address)
			if err != nil {
				return nil, err
			}
			byMailbox[mailbox] = append(byMailbox[mailbox], login)
		}
	}
	return func(_ context.Context, sender envelope.Mailbox) ([]string, error) {
		return slices.Concat(byMailbox[fold(sender)], byDomain[sender.Domain]), nil
	}, nil
}
