package dmarc

import (
	"context"

	"mxrules.example/dmarc/author"
	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
)

// SingleAuthor passes when the message has one From field whose addresses are
// all of one domain. It fails when the field is missing, repeated or malformed,
// or names several domains: then nobody can tell who answers for the message,
// and what a reader is shown may not be what was checked (RFC 9989, section
// 11.5).
//
// It also fails when some programs would show another author than the one that
// counts: when there is another From field for those that end a line at CR, or
// pass over characters in a name that can't be seen, and when an address has an
// encoded word or such characters in its local part. The name beside an address
// may say anything: no check looks at it.
//
// DNS: none.
func SingleAuthor(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "dmarc.singleauthor"
	switch {
	case !e.Reached(envelope.Data):
		return envelope.NotYet(check, envelope.Data)
	case e.Message == nil:
		return envelope.WithoutMessage(check, e)
	}
	type finding struct{}
	f, _ := envelope.OncePerMessage(ctx, e.Message, finding{}, func() (envelope.Finding, error) {
		return singleAuthor(check, e.Message), nil
	})
	return f
}

func singleAuthor(check string, m *envelope.Message) envelope.Finding {
	authors, err := author.Of(m)
	if err != nil {
		return envelope.Failed(check, unwanted, "the author of the message can't be told: %v", err)
	}
	if domains := authors.Domains(); len(domains) > 1 {
		return envelope.Failed(check, unwanted, "the From field has addresses of %d domains, among them %s and %s",
			len(domains), domains[0], domains[1])
	}
	if fault := disguise(m, authors); fault != "" {
		return envelope.Failed(check, unwanted, "the author of the message can't be told: %s", fault)
	}
	return envelope.Passed(check)
}

// AlignedFor passes when mail of the listed domains is authenticated as theirs,
// whatever they publish. It is for domains whose mail is never to be believed
// without proof: our own, banks, brands. None: the author domain is not listed,
// which of several one is enough to be. PermError: the author can't be told, so
// that [SingleAuthor] belongs beside this check too. It passes what one of
// Receiver.Forwarders or Receiver.MailingLists has sent.
//
// Domains are patterns as envelope.ParseHostSet reads them: "bank.example" is
// that one domain, ".bank.example" every domain below it. One that can't be read
// makes every answer a TempError whose Err names it. A listed domain that
// publishes no policy is its own organizational domain, so that SPF and DKIM of
// names below it count.
//
// DNS: as Pass. It shares what it asks, and what SPF and DKIM found, with the
// other checks of the package.
func AlignedFor(domains ...string) envelope.Check { return standard.AlignedFor(domains...) }

// AlignedFor is the check of that name with the settings of the receiver.
func (receiver *Receiver) AlignedFor(domains ...string) envelope.Check {
	const check = "dmarc.alignedfor"
	held, err := envelope.ParseHostSet(domains...)
	if receiver == nil {
		err = errNoReceiver
	}
	if err != nil {
		return envelope.Misconfigured(check, envelope.Data, err)
	}
	return envelope.At(check, envelope.Data, func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		result := receiver.judge(ctx, r, e, &held)
		var f envelope.Finding
		switch result.Outcome {
		case envelope.None:
			return envelope.NotApplicable(check)
		case envelope.PermError:
			f = unreadable(check, result)
		case envelope.TempError:
			f = temporarily(check, result)
		case envelope.Fail:
			if f = failed(check, result); result.exempt() {
				f = envelope.Passed(check)
			}
		default:
			f = envelope.Passed(check)
		}
		return f.With(result)
	})
}

// AuthorOwned passes when the login of the client owns every address in From:
// when it is one of those that owners has for that address. It is for
// submission, where MAIL FROM alone does not keep a user from writing in the
// name of another. Owners is asked once per judgement and address, by many
// goroutines at once; its error means that it can't answer now, and gives a
// TempError with 451 4.3.0. The letter case of a login does not matter.
//
// An author that can't be told is owned by nobody. None: a client that has not
// logged in.
//
// DNS: none.
func AuthorOwned(owners directory.Owners) envelope.Check {
	const check = "dmarc.authorowned"
	return owners.At(check, envelope.Data, func(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if e.Login == "" {
			return envelope.NotApplicable(check)
		}
		authors, err := author.Of(e.Message)
		if err != nil {
			return envelope.Failed(check, unwanted, "the login %s can't be shown to own the author of the message: %v", e.Login, err)
		}
		var failed error
		for _, mailbox := range authors {
			logins, err := askOwners(ctx, &owners, mailbox)
			switch {
			case err != nil:
				failed = err
			case !directory.HasLogin(logins, e.Login):
				return envelope.Failed(check, unwanted, "the login %s does not own the address %s in From", e.Login, mailbox)
			}
		}
		if failed != nil {
			return envelope.Unavailable(check, failed)
		}
		return envelope.Passed(check)
	})
}

// askOwners asks once per judgement. Who owns is the key: the pointer is that
// of one call of AuthorOwned.
func askOwners(ctx context.Context, owners *directory.Owners, mailbox envelope.Mailbox) ([]string, error) {
	type key struct {
		owners  *directory.Owners
		mailbox envelope.Mailbox
	}
	return envelope.Once(ctx, key{owners, mailbox}, func() ([]string, error) { return (*owners)(ctx, mailbox) })
}
