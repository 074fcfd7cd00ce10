package postfix

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
)

// recipientClass is an address class of Postfix with the tables of its mailboxes.
type recipientClass struct {
	name, domains, maps, code string
	local                     bool // a key without a domain is a mailbox of each domain
	before                    []string
	required                  bool // without tables no mailbox exists, in others every one does
}

var recipientClasses = [...]recipientClass{
	{name: "local", domains: "mydestination", maps: "local_recipient_maps", code: "unknown_local_recipient_reject_code", local: true},
	{name: "alias", domains: "virtual_alias_domains", maps: "virtual_alias_maps", code: "unknown_virtual_alias_reject_code", required: true},
	{name: "mailbox", domains: "virtual_mailbox_domains", maps: "virtual_mailbox_maps", code: "unknown_virtual_mailbox_reject_code"},
	{name: "relay", domains: "relay_domains", maps: "relay_recipient_maps", code: "unknown_relay_recipient_reject_code"},
}

var errNotListed = errors.New("the mailboxes cannot be listed; use recipient.Listed with a directory, or set the parameter to nothing")

// listed returns the rule that refuses mailboxes that a directory does not know.
type listed func(class recipientClass, code uint16, name string, mailboxes directory.Lookup) rule

func recipientListed(_ recipientClass, code uint16, name string, mailboxes directory.Lookup) rule {
	return refusalWith(code, expr{"recipient.Listed(" + name + ")", recipient.Listed(mailboxes)}, status(550, 1, 1))
}

func (im *importer) senderListed(class recipientClass, code uint16, name string, mailboxes directory.Lookup) rule {
	domains := im.domains(class.domains)
	return refusalWith(code, expr{
		fmt.Sprintf("sender.Listed([]string{%s}, %s)", quoted(domains), name),
		sender.Listed(domains, mailboxes),
	}, status(550, 1, 0))
}

// unlisted carries over reject_unlisted_recipient and reject_unlisted_sender: a rule for
// each address class.
func (im *importer) unlisted(s *scope, rule listed) {
	var before []string // domains of the classes before, which count first
	for _, class := range recipientClasses {
		class.before = slices.Clone(before)
		before = append(before, im.domains(class.domains)...)
		if !im.mayBeUnknown(class) {
			continue
		}
		outer := im.begin(Line{Number: im.main[class.maps].line, Parameter: class.maps, Restriction: "mailboxes of $" + class.domains})
		if err := im.unlistedOf(s, class, rule); err != nil {
			im.leaveOut(s, fmt.Errorf("%s: %w", class.maps, err))
		}
		im.under(outer)
	}
}

func (im *importer) unlistedOf(s *scope, class recipientClass, rule listed) error {
	domains := slices.DeleteFunc(im.domains(class.domains), func(d string) bool { return slices.Contains(class.before, d) })
	known, everything, err := im.mailboxKeys(class.maps, "virtual_alias_maps", "canonical_maps", "recipient_canonical_maps")
	switch {
	case err != nil:
		return err
	case everything:
		im.became("nothing: every mailbox exists")
		return nil
	}
	if class.local {
		for _, name := range [...]string{"postmaster", "mailer-daemon", "double-bounce"} {
			known[name] = true
		}
	}
	entries := mailboxEntries(domains, known, class.local)
	for _, other := range class.before {
		if within(other[1:], domains) {
			entries = append(entries, other) // decided by its own class
		}
	}
	list, err := directory.List(entries...)
	if err != nil {
		return err
	}
	name := im.program.declareOrFail(class.name+"Mailboxes", "directory.List(\n"+strings.ReplaceAll(quoted(entries), ", \"", ",\n\"")+",\n)")
	if delimiter := im.value("recipient_delimiter"); delimiter != "" {
		if len(delimiter) > 1 {
			im.differs("only the first character of recipient_delimiter begins an extension")
		}
		name, list = fmt.Sprintf("%s.Subaddressed(%q)", name, delimiter[:1]), list.Subaddressed(delimiter[:1])
	}
	im.differs("user%other@here is a mailbox here, where Postfix relays it to other for clients that may relay")
	im.emit(s, rule(class, im.code(class.code), name, list))
	return nil
}

// mailboxKeys returns the keys of the tables of parameters. everything says that a
// table of the first one has every key.
func (im *importer) mailboxKeys(parameters ...string) (keys map[string]bool, everything bool, err error) {
	keys = map[string]bool{}
	for i, parameter := range parameters {
		words, err := splitWords(im.value(parameter))
		if err != nil {
			return nil, false, err
		}
		for _, word := range words {
			t, err := im.table(word)
			switch {
			case err != nil:
				return nil, false, fmt.Errorf("%w (%w)", errNotListed, err)
			case t.kind == "static" && i == 0:
				return nil, true, nil
			case t.keys == nil:
				return nil, false, fmt.Errorf("%w (a table of type %s)", errNotListed, t.kind)
			}
			for key := range t.keys {
				keys[key] = true
			}
		}
	}
	return keys, false, nil
}

// mailboxEntries returns the entries of a directory that knows the keys in the domains,
// which are patterns, and no other mailbox of these.
func mailboxEntries(domains []string, keys map[string]bool, local bool) []string {
	var entries []string
	for _, domain := range domains {
		if keys[domain] {
			entries = append(entries, domain)
		} else {
			entries = append(entries, domain+" unknown")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		at := strings.LastIndexByte(key, '@')
		switch {
		case at > 0 && within(key[at+1:], domains):
			entries = append(entries, key)
		case at == 0 && !slices.Contains(domains, key) && within(key[1:], domains):
			entries = append(entries, key)
		case at < 0 && local:
			for _, domain := range domains {
				entries = append(entries, key+domain)
			}
		}
	}
	return entries
}

// within reports whether a domain matches one of the patterns "@example.org" and
// "@.example.org".
func within(domain string, patterns []string) bool {
	for _, pattern := range patterns {
		if name := pattern[1:]; domain == name || name[0] == '.' && strings.HasSuffix(domain, name) {
			return true
		}
	}
	return false
}

// unlistedFollows reports whether smtpd looks for the mailbox after its lists.
func (im *importer) unlistedFollows() bool {
	if !im.yes("smtpd_reject_unlisted_recipient") {
		return false
	}
	return slices.ContainsFunc(recipientClasses[:], im.mayBeUnknown)
}

// mayBeUnknown reports whether a mailbox of a class can be unknown.
func (im *importer) mayBeUnknown(class recipientClass) bool {
	return (class.required || im.value(class.maps) != "") && len(im.domains(class.domains)) > 0
}
