// Package directory holds what a site knows of its own mailboxes.
//
// A server that accepts mail for a mailbox that does not exist must return it later,
// to a sender that is nearly always forged. A server that asks its directory before
// it replies to RCPT (RFC 5321, sections 3.3 and 4.2.3) rejects such mail instead.
// The directory also distinguishes forged senders in our own domains from real ones.
//
// A [Lookup] is a function from a mailbox to an [Answer]: Known, Unknown, Foreign,
// and three ways in which a mailbox exists and accepts no mail. It may query a
// database, an LDAP server or the delivery agent. Two are ready to use: [List] for
// entries that a program holds, and [File] for a text file that an administrator
// edits while the server runs. Their answers take a few map lookups, however many
// mailboxes there are. [Lookup.Subaddressed] adds user+detail@example.org to any
// Lookup (RFC 5233).
//
// [Owners] is a function from a mailbox to the logins that may use it as a sender,
// and [OwnersFrom] makes one of a map.
//
// The checks are recipient.Listed, sender.Listed, sender.OwnedByLogin and
// dmarc.AuthorOwned. The package follows no aliases, and does not say where a mailbox
// has moved (RFC 5321, section 3.4): a site that wants every client to know can say
// so in a reply of its own.
package directory

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mxrules.example/envelope"
)

// Answer is what a directory knows of one mailbox. The zero value is not an answer: a
// Lookup that returns it has a bug.
type Answer uint8

const (
	_ Answer = iota
	// Known: the mailbox accepts mail.
	Known
	// Unknown: the domain belongs to the site and has no such mailbox.
	Unknown
	// Foreign: the domain does not belong to the site.
	Foreign
	// Disabled: the mailbox exists and accepts no mail.
	Disabled
	// Full: the mailbox exists and accepts no mail until its owner makes room.
	Full
	// Moved: the mailbox has another address now, and its mail is not forwarded.
	Moved
)

var answerWords = [...]string{
	Known: "known", Unknown: "unknown", Foreign: "foreign",
	Disabled: "disabled", Full: "full", Moved: "moved",
}

// String returns the word for a in a text file, "" for the zero value.
func (a Answer) String() string {
	if int(a) < len(answerWords) {
		return answerWords[a]
	}
	return fmt.Sprintf("answer(%d)", uint8(a))
}

// Lookup returns what a directory knows of a mailbox. The local part is unquoted,
// in its original letter case, and may have any printable character. The mailbox
// has a domain or an address literal, and no source route.
//
// An error means that the directory failed. A Lookup is called concurrently, and
// must return soon after ctx ends. One that waits passes ctx on, so that other checks
// go on meanwhile (see [envelope.Consult]).
type Lookup func(ctx context.Context, m envelope.Mailbox) (Answer, error)

// Ask looks up a mailbox without its source route, by [envelope.Consult], so that
// other checks of the judgement go on while the directory is asked. Within a judgement
// a mailbox is looked up once through the same variable l, however many rules share a
// check. An answer that is none of the constants is an error, and so is a nil Lookup.
func (l *Lookup) Ask(ctx context.Context, m envelope.Mailbox) (Answer, error) {
	if *l == nil {
		return 0, errNoDirectory
	}
	m.Route = ""
	return envelope.Once(ctx, question[Lookup]{l, m}, func() (Answer, error) { return l.ask(ctx, m) })
}

// question identifies a question about a mailbox within a judgement. Functions can't
// be compared, but the variables that hold them can.
type question[F any] struct {
	asked   *F
	mailbox envelope.Mailbox
}

func (l *Lookup) ask(ctx context.Context, m envelope.Mailbox) (Answer, error) {
	answer, err := envelope.Consult(ctx, func(ctx context.Context) (Answer, error) { return (*l)(ctx, m) })
	switch {
	case err != nil:
		return 0, err
	case answer < Known || answer > Moved:
		return 0, fmt.Errorf("the directory says %q of %s, which is not an answer", answer, envelope.Excerpt(m.String()))
	}
	return answer, nil
}

// At is [envelope.At] for a check that calls l. If l is nil, the check is
// misconfigured.
func (l Lookup) At(name string, stage envelope.Stage, answer envelope.Check) envelope.Check {
	if l == nil {
		return envelope.Misconfigured(name, stage, errNoDirectory)
	}
	return envelope.At(name, stage, answer)
}

var errNoDirectory = errors.New("there is no directory to ask")

// Subaddressed returns a Lookup that knows user+detail if l knows user (RFC 5233). It
// is nil if l is. The user ends before the first separator in the local part, such as
// "+", and is never empty. The whole local part is looked up first, and the user only
// if that is Unknown.
//
// Use it only if delivery understands subaddresses too: mail that is accepted here
// and can't be delivered is returned to an innocent sender.
func (l Lookup) Subaddressed(separator string) Lookup {
	if l == nil || separator == "" {
		return l
	}
	return func(ctx context.Context, m envelope.Mailbox) (Answer, error) {
		answer, err := l(ctx, m)
		if err != nil || answer != Unknown {
			return answer, err
		}
		if user, _, found := strings.Cut(m.Local, separator); found && user != "" {
			m.Local = user
			return l(ctx, m)
		}
		return Unknown, nil
	}
}
