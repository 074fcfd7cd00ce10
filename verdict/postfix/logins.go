package postfix

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/sender"
)

// knownOfLogins returns what is known of the restrictions of smtpd_sender_login_maps.
func knownOfLogins(name string) (restriction, bool) {
	r := restriction{stage: envelope.Mail}
	switch name {
	case "reject_sender_login_mismatch":
		r.carry = logins(true, true, false)
	case "reject_authenticated_sender_login_mismatch":
		r.carry = logins(false, true, false)
	case "reject_unauthenticated_sender_login_mismatch":
		r.carry = logins(true, false, false)
	case "reject_known_sender_login_mismatch":
		r.carry = logins(true, true, true)
	default:
		return restriction{}, false
	}
	return r, true
}

// logins is a restriction on senders with an owner: for strangers, for clients with a
// login, and for the latter only if the sender has an owner.
func logins(strangers, users, ownedOnly bool) func(*importer, *scope, string) error {
	return func(im *importer, s *scope, _ string) error {
		if !im.yes("smtpd_sasl_auth_enable") {
			im.became("nothing: smtpd_sasl_auth_enable is no")
			return nil
		}
		owned, owners, err := im.owners()
		if err != nil {
			return err
		}
		if strangers {
			authenticated := expr{"client.Authenticated", client.Authenticated}
			im.emit(s, rejectIf(owned).unless(authenticated).reply(status(553, 7, 1)).named("sender.needslogin"))
		}
		if users && ownedOnly {
			im.emit(s, rejectUnless(owners).when(owned))
		} else if users {
			im.emit(s, rejectUnless(owners))
		}
		return nil
	}
}

// owners returns the check that a sender is in smtpd_sender_login_maps, and the one that
// the login owns it.
func (im *importer) owners() (owned, owners expr, err error) {
	addresses := map[string][]string{}
	var all []string
	words, err := splitWords(im.value("smtpd_sender_login_maps"))
	if err != nil {
		return owned, owners, err
	}
	for _, word := range words {
		t, err := im.table(word)
		if err != nil {
			return owned, owners, err
		}
		if t.keys == nil {
			return owned, owners, fmt.Errorf("smtpd_sender_login_maps: the addresses in a table of type %s cannot be listed", t.kind)
		}
		for _, key := range slices.Sorted(maps.Keys(t.keys)) {
			if !strings.Contains(key, "@") || strings.HasSuffix(key, "@") {
				return owned, owners, fmt.Errorf("smtpd_sender_login_maps: the key %q has no domain", excerpt(key))
			}
			if slices.Contains(all, key) {
				continue // the first table counts
			}
			all = append(all, key)
			for login := range strings.FieldsFuncSeq(t.keys[key], func(c rune) bool { return c == ',' || c == ' ' || c == '\t' }) {
				addresses[login] = append(addresses[login], key)
			}
		}
	}
	if len(all) == 0 {
		return owned, owners, errors.New("smtpd_sender_login_maps is empty")
	}
	owner, err := directory.OwnersFrom(addresses)
	if err != nil {
		return owned, owners, err
	}
	var lines strings.Builder
	for _, login := range slices.Sorted(maps.Keys(addresses)) {
		fmt.Fprintf(&lines, "%q: {%s},\n", login, quoted(addresses[login]))
	}
	name := im.program.declareOrFail("owners", "directory.OwnersFrom(map[string][]string{\n"+lines.String()+"})")
	return expr{"sender.In(" + quoted(all) + ")", sender.In(all...)}, expr{"sender.OwnedByLogin(" + name + ")", sender.OwnedByLogin(owner)}, nil
}
