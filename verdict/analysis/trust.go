package analysis

import (
	"slices"
	"strings"

	"mxrules.example/verdict"
)

// words is a list of names of checks. A name that ends with a dot stands for all checks
// of the package.
type words []string

func wordsOf(text string) words { return strings.Fields(text) }

func (w words) has(name string) bool {
	return slices.ContainsFunc(w, func(word string) bool {
		return word == name || strings.HasSuffix(word, ".") && strings.HasPrefix(name, word)
	})
}

// all reports whether every name is in the list.
func (w words) all(names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return !w.has(name) })
}

// What checks prove, by their names.
var (
	// forgeable checks pass for every client that wants it.
	forgeable = wordsOf("client.tls client.waited helo.present helo.syntax helo.fqdn helo.literal helo.resolves helo.notgeneric helo.notours helo.in " +
		"rdns.exists rdns.notgeneric rdns.notin rdns.matcheshelo sender. message. dkim.signed " +
		"spf.notfail spf.notsoftfail spf.valid spf.helonotfail dmarc.published dmarc.singleauthor dmarc.notreject dmarc.notquarantine")
	// obtainable checks prove a name, and pass for every client that has one.
	obtainable = wordsOf("rdns.confirmed helo.matches spf.pass dkim.pass dkim.covers dmarc.pass")
	// manners are checks about what a client is, and not what it may do.
	manners = wordsOf("client.waited client.tls helo. rdns. dnsbl. spf. dkim. reputation. sender.resolves sender.takesmail sender.mxusable sender.mxnotalias " +
		"dmarc.pass dmarc.notreject dmarc.notquarantine dmarc.published dmarc.alignedfor")
	// harmless are checks whose failures a sender cannot bring about, and without which
	// mail is handled as if there were none of them.
	harmless = wordsOf("dnsbl. greylist. quota. reputation.")
	// opinions are checks that reflect what one party thinks of a client or a message.
	opinions = wordsOf("dnsbl.notlisted dnsbl.helonotlisted dnsbl.sendernotlisted dnsbl.ptrnotlisted dmarc.notreject")

	ours   = wordsOf("recipient.ours")
	listed = wordsOf("recipient.listed")
	role   = wordsOf("recipient.role")
)

// untrusted returns the function that is 1 where no check trusts the client.
func (v *vet) untrusted() node {
	return v.every(v.trusted, anyOutcome&^setOf(pass))
}

func (v *vet) openRelay() {
	foreign := v.and(v.facts, v.untrusted(), v.every(ours, setOf(fail)), v.every(role, setOf(fail)), v.every(listed, setOf(none)))
	for e := range v.ends(foreign) {
		switch witness := func() *Witness { return v.witness(v.and(foreign, v.with(e))) }; {
		case e.action != verdict.Accept:
		case e.place == len(v.policy.rules):
			v.report(OpenRelay, -1, witness(), "no rule closes the relay: mail of untrusted clients for other domains is accepted")
		case v.asks(ours):
			v.report(OpenRelay, e.place, witness(), "accepts mail of untrusted clients for other domains")
		}
	}
}

func (v *vet) anyoneCanPass() {
	for _, i := range v.rulesThat(func(s actions) bool { return s.has(verdict.Accept) }) {
		accepts := v.and(v.facts, v.with(end{action: verdict.Accept, place: i}))
		checks := v.checksOf(i)
		// rests reports whether the rule accepts although no other check of it passes than
		// those of the list, and needs these.
		rests := func(list words) node {
			others := slices.DeleteFunc(slices.Clone(checks), list.has)
			alone := v.and(accepts, v.every(others, anyOutcome&^setOf(pass)))
			if v.and(alone, v.every(list, anyOutcome&^setOf(pass))) != v.constant(0) {
				return v.constant(0)
			}
			return alone
		}
		for _, list := range []words{forgeable, obtainable} {
			if w := v.witness(rests(list)); w != nil {
				v.report(AnyoneCanPass, i, w, "accepts mail because of what every client can bring about")
				break
			}
		}
	}
}
