package dmarc

import (
	"context"
	"slices"

	"mxrules.example/dmarc/author"
	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
)

// SingleAuthor passes if the message has one From field and all its addresses are of
// one domain. It fails if the field is missing, repeated or malformed, or has
// several domains: then it is not clear which domain is responsible for the message,
// and a reader may be shown another author than the one that was evaluated (RFC
// 9989, section 11.5).
//
// It also fails if some programs read another author than the one that counts:
//   - another From field, because the program ends lines at a CR or ignores invisible
//     characters in the name of a field;
//   - an address of another organization, without quotes or hidden in a comment, an
//     encoded word, a source route or a local part, as [author.Apparent] finds it;
//   - another local part, because that of the author has an encoded word or invisible
//     characters.
//
// A display name in quotes may contain anything, even an address: every program
// reads it as a name. So mailing lists that write "'Ann' via list" or
// "ann@example.org" as the name pass. Two domains belong to one organization if the
// same domain is registered below a public suffix for both.
//
// DNS: none.
//
// Status: 550 5.7.1.
func SingleAuthor(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "dmarc.singleauthor"
	if !e.Reached(envelope.Data) || e.Message == nil {
		return envelope.WithoutMessage(check, e)
	}
	read := authorsOf(ctx, e.Message)
	if read.err != nil {
		return envelope.Failed(check, unwanted, "the author of the message cannot be identified: %v", read.err)
	}
	domains := read.authors.Domains()
	if len(domains) > 1 {
		return envelope.Failed(check, unwanted, "the From field has addresses of %d domains, among them %s and %s",
			len(domains), domains[0], domains[1])
	}
	for _, apparent := range read.apparent.Domains() {
		if registered(apparent) != registered(domains[0]) {
			return envelope.Failed(check, unwanted, "the author of the message cannot be identified: some programs read an address of %s in the From field", apparent)
		}
	}
	return envelope.Passed(check)
}

// authorship is the author of a message.
type authorship struct {
	authors  author.Authors
	apparent author.Authors // other addresses that some programs read as the author
	err      error          // why the author cannot be identified
}

// authorsOf reads the From field once for each message.
func authorsOf(ctx context.Context, m *envelope.Message) authorship {
	type key struct{}
	read, _ := envelope.OncePerMessage(ctx, m, key{}, func() (authorship, error) {
		authors, err := author.Of(m)
		if err == nil {
			err = disguise(m, authors)
		}
		if err != nil {
			return authorship{err: err}, nil
		}
		return authorship{authors: authors, apparent: author.Apparent(m)}, nil
	})
	return read
}

// AlignedFor passes if mail of the listed domains is authenticated as theirs,
// whatever policy they publish. Use it for domains whose mail must never be accepted
// without authentication: your own, banks, brands. It passes mail that one of
// Options.Forwarders or Options.MailingLists sent. None: no author domain is listed.
// PermError: the author cannot be identified, so use [SingleAuthor] beside this check
// too.
//
// Domains are patterns as for envelope.ParseHostSet: "bank.example" is that one
// domain, ".bank.example" every domain below it. With an invalid pattern the check is
// misconfigured. A listed domain that publishes no policy is its own organizational
// domain, so SPF and DKIM of names below it count.
//
// DNS: as Pass. It shares lookups and the results of SPF and DKIM with the other
// checks of the package.
//
// Status: as NotReject.
func AlignedFor(domains ...string) envelope.Check { return defaults.AlignedFor(domains...) }

// AlignedFor is the check of that name with the settings of c.
func (c *Checker) AlignedFor(domains ...string) envelope.Check {
	const check = "dmarc.alignedfor"
	held, err := envelope.ParseHostSet(domains...)
	if c == nil {
		err = errNoChecker
	}
	if err != nil {
		return envelope.Misconfigured(check, envelope.Data, err)
	}
	return func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		return c.check(ctx, r, e, claim{check, &held, aligned})
	}
}

// aligned is the finding of AlignedFor.
func aligned(name string, result *Result) envelope.Finding {
	switch result.Outcome {
	case envelope.None:
		return envelope.NotApplicable(name)
	case envelope.PermError:
		return unreadable(name, result)
	case envelope.TempError:
		if one := result.lost(); one != nil {
			return failed(name, one)
		}
		return temporarily(name, result)
	case envelope.Fail:
		if !result.exempt() {
			return failed(name, result)
		}
	}
	return envelope.Passed(name)
}

// AuthorOwned passes if the login of the client owns every address in From: it is
// one of those that owners returns for the address. Use it for submission, so that a
// user cannot send in the name of another user. Letter case in logins is ignored.
//
// Addresses that only some programs read in the field, as SingleAuthor describes
// them, must be owned too. It fails if the author cannot be identified, and for more
// than 100 addresses. None: the client has not logged in.
//
// Owners is called once in a judgement for each address. If it returns an error, the
// finding is a TempError with 451 4.3.0, unless the login does not own another of the
// addresses.
//
// DNS: none.
//
// Status: 550 5.7.1.
func AuthorOwned(owners directory.Owners) envelope.Check {
	const check = "dmarc.authorowned"
	return owners.At(check, envelope.Data, func(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if e.Login == "" {
			return envelope.NotApplicable(check)
		}
		read := authorsOf(ctx, e.Message)
		if read.err != nil {
			return envelope.Failed(check, unwanted, "the login %s is not known to own the author of the message: %v", e.Login, read.err)
		}
		mailboxes := slices.Concat(read.authors, read.apparent)
		if len(mailboxes) > maxOwned {
			return envelope.Failed(check, unwanted, "the From field has more than %d addresses", maxOwned)
		}
		var failed error
		for _, mailbox := range mailboxes {
			switch owned, err := owners.Ask(ctx, mailbox, e.Login); {
			case err != nil:
				failed = err
			case !owned:
				return envelope.Failed(check, unwanted, "the login %s does not own the address %s in From", e.Login, mailbox)
			}
		}
		if failed != nil {
			return envelope.Unavailable(check, failed)
		}
		return envelope.Passed(check)
	})
}

// maxOwned is the maximum number of addresses for which owners is called.
const maxOwned = 100
