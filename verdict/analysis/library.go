package analysis

import (
	"strings"
	"sync"
)

// Outcomes of the checks of this library.
const (
	passes = outcomes(1 << pass)
	fails  = outcomes(1 << fail)
	isNone = outcomes(1 << none)
	isTemp = outcomes(1 << tempError)
	isPerm = outcomes(1 << permError)
)

// domains has the outcomes that checks can have. A check that is not here can have
// every outcome. A failure of a check that asks nothing, as when the time of the
// judgement is over, is left out.
var domains = []struct {
	can    outcomes
	checks string
}{
	{passes | fails, "client.authenticated client.tls client.waited helo.present helo.syntax sender.null recipient.syntax recipient.ours recipient.role"},
	{passes | fails | isNone, "helo.fqdn helo.literal helo.notgeneric helo.notours sender.syntax sender.fqdn sender.bouncetoone sender.notours sender.ours recipient.fqdn " +
		"message.singlefields message.dated message.asciiheader message.linelength message.noloop message.bulk message.oneclick message.list dkim.signed dmarc.singleauthor"},
	{passes | fails | isTemp, "client.in helo.in rdns.exists rdns.confirmed rdns.notgeneric rdns.in recipient.in spf.pass greylist.known greylist.trusted"},
	{passes | fails | isTemp | isPerm, "dnsbl.listed"},
	{passes | fails | isNone | isTemp, "helo.resolves helo.matches rdns.notin rdns.matcheshelo rdns.backshelo " +
		"sender.in sender.listed sender.ownedbylogin sender.resolves sender.takesmail sender.mxusable sender.mxnotalias " +
		"recipient.listed recipient.takesmail dkim.pass dkim.passfor dkim.covers dmarc.pass dmarc.authorowned " +
		"message.linesended message.wellformed quota.within reputation.good"},
}

// Checks that usual mail from outside, for a mailbox of the site, does not pass. A witness
// prefers usual outcomes.
var (
	usuallyFail = wordsOf("client.in client.authenticated sender.null sender.in sender.ours recipient.role recipient.in rdns.in dnsbl.listed " +
		"dkim.passfor message.bulk message.list message.oneclick greylist.trusted")
	usuallyNone = wordsOf("sender.listed sender.bouncetoone helo.literal rdns.backshelo dmarc.alignedfor")
)

// usually returns the usual outcome of a check with the outcomes of a set.
func usually(name string, can outcomes) outcome {
	usual := pass
	switch {
	case usuallyFail.has(name):
		usual = fail
	case usuallyNone.has(name):
		usual = none
	}
	if !can.has(usual) {
		return can.first()
	}
	return usual
}

// relations has what an outcome of one check says of others, whatever arguments they
// have.
var relations = []struct {
	check string
	is    outcomes
	then  outcomes
	of    string
}{
	{"helo.present", fails, fails, "helo.syntax"},
	{"helo.syntax", passes, passes | fails, "helo.fqdn"},
	{"helo.fqdn", isNone, isNone, "helo.literal helo.resolves helo.matches helo.notgeneric"},
	{"helo.fqdn", isNone, fails, "helo.in"},
	{"helo.fqdn", fails, isNone, "helo.literal"},
	{"helo.literal", passes | fails, passes, "helo.fqdn"},
	{"helo.literal", passes | fails, isNone, "helo.resolves helo.notgeneric"},
	{"helo.literal", passes | fails, fails, "helo.in"},
	{"helo.in", passes, passes | fails | isTemp, "helo.resolves helo.notgeneric"},
	{"helo.resolves", isNone, isNone, "helo.notgeneric"},
	{"helo.notgeneric", isNone, isNone, "helo.resolves"},

	{"rdns.exists", fails, fails, "rdns.confirmed rdns.notgeneric rdns.in"},
	{"rdns.exists", fails, fails | isNone, "rdns.matcheshelo rdns.backshelo"},
	{"rdns.exists", fails, passes | isNone, "rdns.notin"},
	{"rdns.exists", isTemp, isTemp, "rdns.confirmed rdns.notgeneric rdns.in"},
	{"rdns.confirmed rdns.notgeneric rdns.in rdns.matcheshelo rdns.backshelo", passes, passes, "rdns.exists"},
	{"rdns.in rdns.backshelo", passes, passes, "rdns.confirmed"},

	{"sender.null", passes, isNone, "sender.syntax sender.fqdn sender.notours sender.ours sender.in sender.listed sender.ownedbylogin sender.resolves sender.takesmail sender.mxusable sender.mxnotalias"},
	{"sender.null", passes, passes | fails, "sender.bouncetoone"},
	{"sender.null", fails, isNone, "sender.bouncetoone"},
	{"sender.null", fails, passes | fails, "sender.syntax sender.ours"},
	{"sender.null", fails, passes | fails | isTemp, "sender.in"},
	{"sender.syntax", isNone, isNone, "sender.fqdn sender.notours sender.ours sender.in sender.listed sender.resolves sender.takesmail sender.mxusable sender.mxnotalias"},
	{"sender.syntax", fails, isNone, "sender.notours sender.listed sender.resolves sender.takesmail sender.mxusable sender.mxnotalias"},
	{"sender.syntax", fails, fails, "sender.ours sender.in"},
	{"sender.syntax", passes, passes | fails, "sender.fqdn sender.notours"},
	{"sender.syntax", passes | fails, isNone, "sender.bouncetoone"},
	{"sender.fqdn", passes, passes, "sender.syntax"},
	{"sender.fqdn", passes, isNone, "sender.bouncetoone"},
	{"sender.fqdn", passes, passes | fails, "sender.notours"},
	{"sender.fqdn", passes, passes | fails | isTemp, "sender.resolves sender.takesmail"},
	{"sender.fqdn", isNone, isNone, "sender.resolves sender.takesmail sender.mxusable sender.mxnotalias"},
	{"sender.resolves", isNone, isNone, "sender.takesmail sender.mxusable sender.mxnotalias"},
	{"sender.resolves", fails, passes, "sender.takesmail"},
	{"sender.takesmail", isNone, isNone, "sender.resolves sender.mxusable sender.mxnotalias"},
	{"sender.takesmail", fails, passes, "sender.resolves"},

	{"recipient.syntax", fails, fails, "recipient.ours recipient.role recipient.in"},
	{"recipient.syntax", fails, isNone, "recipient.listed recipient.takesmail"},
	{"recipient.syntax", fails, fails | isNone, "recipient.fqdn"},
	{"recipient.syntax", passes, passes | fails, "recipient.fqdn"},
	{"recipient.fqdn", fails | isNone, fails, "recipient.role"},

	{"spf.pass", passes, passes, "spf.notfail spf.notsoftfail spf.valid"},
	{"spf.pass spf.notfail spf.notsoftfail spf.valid", isTemp, isTemp, "spf.pass spf.notfail spf.notsoftfail spf.valid"},
	{"spf.notfail", fails, fails, "spf.pass spf.notsoftfail"},
	{"spf.notfail", fails, passes, "spf.valid"},
	{"spf.notfail", isNone, fails, "spf.pass"},
	{"spf.notfail", isNone, isNone, "spf.notsoftfail spf.valid"},
	{"spf.notfail", isPerm, fails, "spf.pass"},
	{"spf.notfail", isPerm, isPerm, "spf.notsoftfail"},
	{"spf.notfail", isPerm, fails | isPerm, "spf.valid"},
	{"spf.notfail", passes, passes | fails, "spf.notsoftfail"},
	{"spf.notfail", passes, passes, "spf.valid"},
	{"spf.notsoftfail", fails, fails, "spf.pass"},
	{"spf.notsoftfail", fails, passes, "spf.valid"},
	{"spf.notsoftfail", isNone, isNone, "spf.notfail spf.valid"},
	{"spf.notsoftfail", isNone | isPerm, fails, "spf.pass"},
	{"spf.notsoftfail", passes, passes, "spf.notfail spf.valid"},
	{"spf.notsoftfail", isPerm, isPerm, "spf.notfail"},
	{"spf.valid", fails | isNone | isPerm, fails, "spf.pass"},

	{"dkim.passfor dkim.covers", passes, passes, "dkim.pass dkim.signed"},
	{"dkim.pass", passes, passes, "dkim.signed"},
	{"dkim.pass", fails, fails, "dkim.passfor dkim.covers"},
	{"dkim.signed", fails, fails, "dkim.pass dkim.passfor dkim.covers"},

	{"dmarc.pass", passes, passes, "dmarc.notreject dmarc.notquarantine"},
	{"dmarc.notreject", fails, passes, "dmarc.notquarantine"},
	{"dmarc.notquarantine", fails, passes, "dmarc.notreject"},
	{"dmarc.notreject dmarc.notquarantine", fails | isPerm, fails, "dmarc.pass"},
	{"dmarc.notreject", isPerm, isPerm, "dmarc.notquarantine"},
	{"dmarc.notquarantine", isPerm, isPerm, "dmarc.notreject"},

	{"message.wellformed", passes, passes, "message.linesended message.singlefields message.dated message.asciiheader message.linelength"},
	{"message.linesended message.singlefields message.dated message.asciiheader message.linelength", fails, fails, "message.wellformed"},

	// Without a message.
	{withMessage, isNone, isNone, withMessage},
}

// withMessage has the checks that are None only without a message.
const withMessage = "message.linesended message.singlefields message.dated message.asciiheader message.linelength message.wellformed message.noloop " +
	"dkim.signed dkim.pass dkim.passfor dkim.covers dmarc.pass dmarc.notreject dmarc.notquarantine"

// library returns the facts of the checks of this library, once.
var library = sync.OnceValue(func() *knowledge {
	k := &knowledge{domains: map[string]outcomes{}, trusted: wordsOf("client.authenticated client.in")}
	for _, d := range domains {
		for check := range strings.FieldsSeq(d.checks) {
			k.domains[check] = d.can
		}
	}
	for _, r := range relations {
		for a := range strings.FieldsSeq(r.check) {
			for b := range strings.FieldsSeq(r.of) {
				if a != b {
					k.relations = append(k.relations, relation{a, r.is, b, r.then})
				}
			}
		}
	}
	k.relations = k.closure()
	return k
})
