package analysis

import "strings"

// The facts of the checks of this library. A word is a set of outcomes:
const (
	p  = outcomes(1 << pass)
	f  = outcomes(1 << fail)
	n  = outcomes(1 << none)
	t  = outcomes(1 << tempError)
	pe = outcomes(1 << permError)
)

// domains has the outcomes that checks can have. A check that is not here can have
// every outcome. A failure of a check that asks nothing, as when the time of the
// judgement is over, is left out.
var domains = []struct {
	can    outcomes
	checks string
}{
	{p | f, "client.authenticated client.tls client.waited helo.present helo.syntax sender.null recipient.syntax recipient.ours recipient.role"},
	{p | f | n, "helo.fqdn helo.literal helo.notgeneric helo.notours sender.syntax sender.fqdn sender.bouncetoone sender.notours sender.ours recipient.fqdn dkim.signed"},
	{p | f | t, "client.in helo.in recipient.in spf.pass"},
	{p | f | n | t, "helo.resolves helo.matches rdns.exists rdns.confirmed rdns.notgeneric rdns.in rdns.notin rdns.matcheshelo rdns.backshelo " +
		"sender.in sender.listed sender.ownedbylogin sender.resolves sender.takesmail sender.mxusable sender.mxnotalias " +
		"recipient.listed recipient.takesmail dkim.pass dkim.passfor dkim.covers dmarc.pass " +
		"message.linesended message.singlefields message.dated message.asciiheader message.linelength message.wellformed message.noloop"},
}

// relations has what an outcome of one check says of others, whatever arguments they
// have.
var relations = []struct {
	check string
	is    outcomes
	then  outcomes
	of    string
}{
	{"helo.present", f, f, "helo.syntax"},
	{"helo.syntax", p, p | f, "helo.fqdn"},
	{"helo.fqdn", n, n, "helo.literal helo.resolves helo.matches helo.notgeneric"},
	{"helo.fqdn", n, f, "helo.in"},
	{"helo.fqdn", f, n, "helo.literal"},
	{"helo.literal", p | f, p, "helo.fqdn"},
	{"helo.literal", p | f, n, "helo.resolves helo.notgeneric"},
	{"helo.literal", p | f, f, "helo.in"},
	{"helo.in", p, p | f | t, "helo.resolves helo.notgeneric"},
	{"helo.resolves", n, n, "helo.notgeneric"},
	{"helo.notgeneric", n, n, "helo.resolves"},

	{"rdns.exists", f, f, "rdns.confirmed rdns.notgeneric rdns.in"},
	{"rdns.exists", f, f | n, "rdns.matcheshelo rdns.backshelo"},
	{"rdns.exists", f, p | n, "rdns.notin"},
	{"rdns.exists", t, t, "rdns.confirmed rdns.notgeneric rdns.in"},
	{"rdns.confirmed rdns.notgeneric rdns.in rdns.matcheshelo rdns.backshelo", p, p, "rdns.exists"},
	{"rdns.in rdns.backshelo", p, p, "rdns.confirmed"},

	{"sender.null", p, n, "sender.syntax sender.fqdn sender.notours sender.ours sender.in sender.listed sender.ownedbylogin sender.resolves sender.takesmail sender.mxusable sender.mxnotalias"},
	{"sender.null", p, p | f, "sender.bouncetoone"},
	{"sender.null", f, n, "sender.bouncetoone"},
	{"sender.null", f, p | f, "sender.syntax sender.ours"},
	{"sender.null", f, p | f | t, "sender.in"},
	{"sender.syntax", n, n, "sender.fqdn sender.notours sender.ours sender.in sender.listed sender.resolves sender.takesmail sender.mxusable sender.mxnotalias"},
	{"sender.syntax", f, n, "sender.notours sender.listed sender.resolves sender.takesmail sender.mxusable sender.mxnotalias"},
	{"sender.syntax", f, f, "sender.ours sender.in"},
	{"sender.syntax", p, p | f, "sender.fqdn sender.notours"},
	{"sender.syntax", p | f, n, "sender.bouncetoone"},
	{"sender.fqdn", p, p, "sender.syntax"},
	{"sender.fqdn", p, p | f | t, "sender.resolves sender.takesmail"},
	{"sender.fqdn", n, n, "sender.resolves sender.takesmail sender.mxusable sender.mxnotalias"},
	{"sender.resolves", n, n, "sender.takesmail sender.mxusable sender.mxnotalias"},
	{"sender.resolves", f, p, "sender.takesmail"},
	{"sender.takesmail", n, n, "sender.resolves"},
	{"sender.takesmail", f, p, "sender.resolves"},

	{"recipient.syntax", f, f, "recipient.ours recipient.role recipient.in"},
	{"recipient.syntax", f, n, "recipient.listed recipient.takesmail"},
	{"recipient.syntax", f, f | n, "recipient.fqdn"},
	{"recipient.syntax", p, p | f, "recipient.fqdn"},
	{"recipient.fqdn", f | n, f, "recipient.role"},

	{"spf.pass", p, p, "spf.notfail spf.notsoftfail spf.valid"},
	{"spf.pass", t, t, "spf.notfail spf.notsoftfail spf.valid"},
	{"spf.notfail spf.notsoftfail spf.valid", t, t, "spf.pass"},
	{"spf.notfail", f, f, "spf.pass spf.notsoftfail"},
	{"spf.notfail", f, p, "spf.valid"},
	{"spf.notfail", n, f, "spf.pass"},
	{"spf.notfail", n, n, "spf.notsoftfail spf.valid"},
	{"spf.notfail", pe, f, "spf.pass"},
	{"spf.notfail", pe, pe, "spf.notsoftfail"},
	{"spf.notfail", pe, f | pe, "spf.valid"},
	{"spf.notfail", p, p | f, "spf.notsoftfail"},
	{"spf.notfail", p, p, "spf.valid"},
	{"spf.notsoftfail", f, f, "spf.pass"},
	{"spf.notsoftfail", f, p, "spf.valid"},
	{"spf.notsoftfail", n, n, "spf.notfail spf.valid"},
	{"spf.notsoftfail", n | pe, f, "spf.pass"},
	{"spf.notsoftfail", p, p, "spf.notfail spf.valid"},
	{"spf.valid", f | n | pe, f, "spf.pass"},

	{"dkim.passfor dkim.covers", p, p, "dkim.pass dkim.signed"},
	{"dkim.pass", p, p, "dkim.signed"},
	{"dkim.pass", f, f, "dkim.passfor dkim.covers"},
	{"dkim.signed", f, f, "dkim.pass dkim.passfor dkim.covers"},

	{"dmarc.pass", p, p, "dmarc.notreject dmarc.notquarantine"},
	{"dmarc.notreject", f, p, "dmarc.notquarantine"},
	{"dmarc.notquarantine", f, p, "dmarc.notreject"},
	{"dmarc.notreject dmarc.notquarantine", f | pe, f, "dmarc.pass"},
	{"dmarc.notreject", pe, pe, "dmarc.notquarantine"},
	{"dmarc.notquarantine", pe, pe, "dmarc.notreject"},

	{"message.wellformed", p, p, "message.linesended message.singlefields message.dated message.asciiheader message.linelength"},
	{"message.linesended message.singlefields message.dated message.asciiheader message.linelength", f, f, "message.wellformed"},

	// Without a message.
	{withMessage, n, n, withMessage},
}

// withMessage has the checks that are None only without a message.
const withMessage = "message.linesended message.singlefields message.dated message.asciiheader message.linelength message.wellformed message.noloop " +
	"dkim.signed dkim.pass dkim.passfor dkim.covers dmarc.pass dmarc.notreject dmarc.notquarantine"

// library returns the facts of the checks of this library.
func library() (facts []Fact) {
	facts = append(facts, Trusted("client.authenticated", "client.in"))
	for _, d := range domains {
		for check := range strings.FieldsSeq(d.checks) {
			facts = append(facts, Fact{name: check, domain: d.can})
		}
	}
	for _, r := range relations {
		for a := range strings.FieldsSeq(r.check) {
			for b := range strings.FieldsSeq(r.of) {
				if a != b {
					facts = append(facts, Fact{relation: []relation{{a, r.is, b, r.then}}})
				}
			}
		}
	}
	return facts
}
