// Package dnsbl asks DNS lists: zones that list addresses or names as bad, or as
// good (RFC 5782).
//
// A list knows what no single server can know, because it watches the mail of
// many. It is also the opinion of another organization: its entries may be old, an
// address may be shared by a spammer and a thousand others, and a list that was
// given up may answer that everything is listed. So no list is built in. Choose
// your lists, and read what their answers mean. To try one, let it only mark the
// mail, with MarkUnless, and look at what is marked. Then let it greylist, with
// TempFailUnless and a condition, and only then reject. Unless mail must wait for
// a list that is down, add Ignoring(envelope.TempError) each time.
//
// # What an answer means
//
// The question for an address is its octets (IPv4) or nibbles (IPv6) in reverse
// order before the zone of the list (RFC 5782, sections 2.1 and 2.4), that for a
// domain its name before the zone (section 3). An A record means an entry. Its
// content is a code and not an address, and only the codes that the [List]
// accepts are a listing. Three kinds of answer never are:
//
//   - 127.255.255.0/24, by which lists say that they do not answer this server;
//   - 127.0.1.255, by which lists of names say that they hold no addresses;
//   - anything outside of 127.0.0.0/8: the zone is no list any more.
//
// In all three cases the list said nothing: a PermError, if the answer depends on
// it. If the lookup fails and the answer depends on it, that is a TempError.
//
// # Mistakes that look like no listing
//
// Any other answer within 127.0.0.0/8 that List.Codes does not have is no
// listing. It may be a code that you left out on purpose, or a sign that the
// codes are wrong: lists of names answer 127.0.1.2 and the like, which the
// default codes do not include. [Result].Ignored has every such answer, and the
// Text of a finding without a listing names the first.
//
// Other mistakes show in no answer, because DNS says that there is no record: a
// zone that is misspelt, a list of names that is asked for addresses, one of
// addresses that is asked for names, or one of IPv4 addresses that is asked for
// those of IPv6. [Probe] finds them. Call it when the program starts and from
// time to time (RFC 5782, section 7): it also finds lists that are dead, and those
// that refuse a resolver that many share.
//
// # How lists are asked
//
// Lists are asked one after the other, in their order, and only until those that
// are left can't change the answer. So one entry is enough for NotListed to fail
// and for Listed to pass, whatever the lists before it answered. The TXT record of
// an entry says why it is there. It is asked for only if it goes into a reply, and
// left out if the lookup fails or the text is not clean. All checks of one
// judgement share their questions (envelope.Once).
//
// No list is asked about loopback, private, link-local and shared addresses
// (RFC 1918, 4193, 6598): they mean something else at every site, and count as not
// listed. The package keeps no answers; the Resolver does. For the reverse name of
// the client see package rdns.
package dnsbl

import (
	"context"
	"net/netip"
	"strconv"

	"mxrules.example/envelope"
)

var (
	// blocked is the status of who is on a list (RFC 5321, section 4.2.3:
	// transaction failed; RFC 3463: delivery not authorized).
	blocked = envelope.Status{Code: 554, Subject: 7, Detail: 1}
	// unwanted is the status of who is not where it should be.
	unwanted = envelope.Status{Code: 550, Subject: 7, Detail: 1}
)

// NotListed passes when the address of the client is on none of the lists. The
// Detail is a *[Result]. None: a client whose address is not known. It answers
// from Connect on. With a list that does not parse the check is misconfigured.
//
// DNS: A for each list up to the first that has the client, then its TXT.
func NotListed(lists ...List) envelope.Check {
	return addressCheck("dnsbl.notlisted", 1, unweighted(lists))
}

// ScoreBelow passes when the lists that have the address of the client weigh
// less than threshold together, which is at least 1. So one list that errs does
// not decide alone. A list with a negative Weight, for good senders, speaks for
// the client. In all else ScoreBelow is as NotListed.
//
// DNS: A for each list as long as those that are left can change the answer,
// then TXT for each list with a positive Weight that has the client, if
// together they reach threshold.
func ScoreBelow(threshold int, lists ...List) envelope.Check {
	const check = "dnsbl.scorebelow"
	if threshold < 1 {
		err := &envelope.SyntaxError{Kind: "threshold", Value: strconv.Itoa(threshold), Reason: "is less than 1, which every client reaches"}
		return envelope.Misconfigured(check, envelope.Connect, err)
	}
	return addressCheck(check, threshold, lists)
}

// addressCheck passes when the lists that have the client weigh less than
// threshold.
func addressCheck(check string, threshold int, lists []List) envelope.Check {
	panel, err := readLists(lists)
	if err != nil {
		return envelope.Misconfigured(check, envelope.Connect, err)
	}
	return envelope.At(check, envelope.Connect, func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		client := e.Client()
		switch {
		case !client.IsValid():
			return envelope.NotApplicable(check)
		case isLocal(client):
			return envelope.Passed(check).With(new(poll).result())
		}
		about := subject{"the client %s", []any{client}}
		p := ask(ctx, r, threshold, addressQuestions(panel, client, about))
		if p.outcome() == envelope.Fail {
			return p.listed(ctx, r, check).SuggestLogin()
		}
		return p.finding(check)
	})
}

// Listed passes when the address of the client is on one of the lists, which
// are lists of good senders. It fails for a client whose address is not known,
// because that is on no list. In all else it is NotListed turned round. It
// answers from Connect on.
//
// DNS: A for each list up to the first that has the client.
func Listed(lists ...List) envelope.Check {
	const check = "dnsbl.listed"
	panel, err := readLists(unweighted(lists))
	if err != nil {
		return envelope.Misconfigured(check, envelope.Connect, err)
	}
	return envelope.At(check, envelope.Connect, func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		client := e.Client()
		if !client.IsValid() {
			return envelope.Failed(check, unwanted, "the address of the client is not known, and so it is on no DNS list").With(new(poll).result())
		}
		var questions []question
		if !isLocal(client) {
			questions = addressQuestions(panel, client, subject{"the client %s", []any{client}})
		}
		p := ask(ctx, r, 1, questions)
		switch f := p.finding(check); f.Outcome { // whether the client is not listed
		case envelope.Fail:
			f.Outcome = envelope.Pass
			return f
		case envelope.Pass:
			missing := onNone(check, client, panel).With(f.Detail)
			missing.Err = f.Err
			return missing
		default:
			return f
		}
	})
}

// shared is the space that providers use between themselves and their
// customers (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

// isLocal reports whether an address means something else at every site, so
// that no list can hold it.
func isLocal(addr netip.Addr) bool {
	return addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() || addr.IsUnspecified() || shared.Contains(addr)
}
