// Package dnsbl checks clients and domains against DNS lists: zones that list addresses
// or names as bad, or as good (RFC 5782).
//
// A list sees the mail of many servers, so it knows more than one server can. It is
// also the opinion of another organization: its entries may be old, thousands of users
// may share an address with a spammer, and an abandoned list may list everything. So
// no list is built in. Choose your lists, and read what their answers mean. To try a
// list, first only mark mail with MarkUnless and look at the marked mail. Then
// greylist with TempFailUnless and a condition, and only then reject. If mail must not
// wait while a list is down, add Ignoring(envelope.TempError) to each rule.
//
// # What an answer means
//
// For an address, the name that is looked up has its octets (IPv4) or nibbles (IPv6) in
// reverse order before the zone of the list (RFC 5782, sections 2.1 and 2.4). For a
// domain, it has the domain before the zone (section 3). An A record means an entry.
// Its content is a code and not an address, and only the codes that the [List] accepts
// are a listing. Three kinds of answer are never a listing:
//
//   - 127.255.255.0/24: the list does not answer this server;
//   - 127.0.1.255: a list of names has no addresses;
//   - anything outside 127.0.0.0/8: the zone is no longer a list.
//
// Such an answer is unknown, not "not listed": the finding is a PermError if it
// depends on it. If a lookup fails and the finding depends on it, it is a TempError.
//
// # Mistakes that look like "not listed"
//
// Any other answer within 127.0.0.0/8 that List.Codes does not have is not a
// listing. It may be a code that you left out on purpose, or a sign that the
// codes are wrong: lists of names answer 127.0.1.2 and the like, which the
// default codes do not include. [Result].Ignored has every such answer, and the
// Text of a finding without a listing names the first.
//
// Other mistakes cause no answer at all: a misspelt zone, a list of names that is asked
// for addresses or the reverse, a list of IPv4 addresses that is asked for IPv6
// addresses. [Probe] finds them. Call it when the program starts and
// from time to time (RFC 5782, section 7): it also finds lists that are dead, and
// lists that refuse a shared resolver.
//
// # How lists are asked
//
// All lists are asked together. Their answers are taken in order, until the remaining
// ones cannot change the finding. So one entry is enough for NotListed to fail and for
// Listed to pass, whatever the lists before it answered, and the Result does not have
// the lists after it. If answers come without waiting, as from a cache, the lists that
// are not needed are not asked. The TXT record of an entry is its reason. It is looked
// up only for a reply, and left out if the lookup fails or the text is not clean. All
// checks of one judgement share their lookups ([envelope.Once]).
//
// No list is asked about loopback, private, link-local and shared addresses
// (RFC 1918, 4193, 6598), which belong to each site: they count as not listed. The
// package has no cache; a Resolver has one. For the reverse name of the client see
// package rdns.
package dnsbl

import (
	"context"
	"net/netip"
	"strconv"

	"mxrules.example/envelope"
)

// NotListed passes when the address of the client is on none of the lists. The
// Detail is a *[Result]. None: a client whose address is not known. It answers
// from Connect on. With a list that does not parse the check is misconfigured.
//
// DNS: A for all lists together, then TXT for the first that has the client.
//
// Status: 554 5.7.1.
func NotListed(lists ...List) envelope.Check {
	return addressCheck("dnsbl.notlisted", 1, unweighted(lists))
}

// ScoreBelow passes when the weights of the lists that have the address of the client
// add up to less than threshold, which must be at least 1. So one wrong entry does not
// decide alone. A list of good senders has a negative Weight. Otherwise ScoreBelow is
// like NotListed.
//
// DNS: A for all lists together, then, if the check fails, TXT for all lists with a
// positive Weight that have the client, together.
//
// Status: as NotListed.
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

// Listed passes when the address of the client is on one of the lists, which are lists
// of good senders. A client of unknown address fails. Otherwise Listed is the opposite
// of NotListed. It answers from Connect on.
//
// DNS: A for all lists together.
//
// Status: 550 5.7.1, as a PermError 554 5.7.1.
func Listed(lists ...List) envelope.Check {
	const check = "dnsbl.listed"
	panel, err := readLists(unweighted(lists))
	if err != nil {
		return envelope.Misconfigured(check, envelope.Connect, err)
	}
	return envelope.At(check, envelope.Connect, func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		client := e.Client()
		if !client.IsValid() {
			return envelope.Failed(check, unwanted, "the client address is unknown").With(new(poll).result())
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

// isLocal reports whether an address is one of a local network, which no list can
// have.
func isLocal(addr netip.Addr) bool {
	return addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() || addr.IsUnspecified() || shared.Contains(addr)
}
