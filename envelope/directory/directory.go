// Package directory says what a site knows of its own mailboxes.
//
// A server that takes mail for a mailbox that does not exist must send the
// mail back later, and does so to a sender who is nearly always forged. So it
// asks its directory while the client still waits for the reply to RCPT (RFC
// 5321, sections 3.3 and 4.2.3), and refuses there what it can't deliver. The
// same knowledge tells a forged sender of one's own domain from a real one.
//
// The question is a [Lookup], a function from a mailbox to an [Answer]: Known, Unknown, Foreign, and three ways in which a mailbox exists
// and takes no mail. Behind it may stand a database, an LDAP server or the
// delivery agent itself. Three are ready: [List] and [Map] for addresses that a
// program holds, and [File] for a text file that an administrator edits while
// the server runs. They keep one table of domains, each with its mailboxes, so
// that an answer costs two steps however many mailboxes there are.
// [Subaddressed] adds user+detail@example.org to any of them (RFC 5233).
//
// A site also knows who may write in the name of a mailbox: [Owners] answers
// with the logins, and [OwnersFrom] makes them of a map.
//
// The package decides nothing: recipient.Listed, sender.Listed and
// sender.OwnedByLogin make findings of the answers. It follows no aliases, keeps
// no answer of a Lookup that is not its own, and does not say where a mailbox
// has moved (RFC 5321, section 3.4): a site that wants to tell that to every
// stranger can say it in a reply of its own.
package directory

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mxrules.example/envelope"
)

// Answer is what a directory knows of one mailbox. The zero value is no
// answer, which is a mistake of the directory.
type Answer uint8

const (
	_ Answer = iota
	// Known: the mailbox takes mail.
	Known
	// Unknown: the domain belongs to the site, and has no such mailbox.
	Unknown
	// Foreign: the domain does not belong to the site, so that the directory
	// knows nothing of its mailboxes.
	Foreign
	// Disabled: the mailbox exists and takes no mail.
	Disabled
	// Full: the mailbox exists and takes no mail until its owner makes room.
	Full
	// Moved: the mailbox is elsewhere now, and mail for it is not sent on.
	Moved
)

var answerWords = [...]string{
	Known: "known", Unknown: "unknown", Foreign: "foreign",
	Disabled: "disabled", Full: "full", Moved: "moved",
}

// String returns the word for a that a text file has, "" for the zero value.
func (a Answer) String() string {
	if int(a) < len(answerWords) {
		return answerWords[a]
	}
	return fmt.Sprintf("answer(%d)", uint8(a))
}

// Lookup answers for one mailbox. Its local part is as it is meant, without
// quotes, in the letter case in which it came, and may hold any printable
// character. It has a domain or an address literal, and no source route.
//
// An error means that the directory can't answer now. A Lookup is called
// concurrently and returns soon after ctx ends.
type Lookup func(ctx context.Context, m envelope.Mailbox) (Answer, error)

// Ask looks up a mailbox. Its source route is not looked at. No answer without
// an error is an error, and so is a Lookup that is nil.
func (l Lookup) Ask(ctx context.Context, m envelope.Mailbox) (Answer, error) {
	if l == nil {
		return 0, errNoDirectory
	}
	m.Route = ""
	answer, err := l(ctx, m)
	switch {
	case err != nil:
		return 0, err
	case answer < Known || answer > Moved:
		return 0, fmt.Errorf("the directory says %q of %s, which is no answer", answer, envelope.Excerpt(m.String()))
	}
	return answer, nil
}

// At is [envelope.At] for a check that asks l. If l is nil the check is
// misconfigured.
func (l Lookup) At(name string, stage envelope.Stage, answer envelope.Check) envelope.Check {
	if l == nil {
		return envelope.Misconfigured(name, stage, errNoDirectory)
	}
	return envelope.At(name, stage, answer)
}

var errNoDirectory = errors.New("there is no directory to ask")

// Subaddressed returns a Lookup that knows user+detail where lookup knows user
// (RFC 5233), and nil if lookup is nil. Separator is what stands between the two,
// such as "+"; its first place in the local part counts, and a user is never
// empty. The whole local part is asked for first, and without the detail only if
// it is Unknown.
//
// Use it only if delivery does the same: what is taken here and can't be
// delivered comes back to an innocent sender.
func Subaddressed(lookup Lookup, separator string) Lookup {
	if lookup == nil || separator == "" {
		return lookup
	}
	return func(ctx context.Context, m envelope.Mailbox) (Answer, error) {
		answer, err := lookup(ctx, m)
		if err != nil || answer != Unknown {
			return answer, err
		}
		if user, _, found := strings.Cut(m.Local, separator); found && user != "" {
			m.Local = user
			return lookup(ctx, m)
		}
		return Unknown, nil
	}
}
