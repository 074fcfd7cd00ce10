package recipient_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/zone"
)

const loginHint = "users with an account here should log in (port 465 or 587)"

var (
	badAddress  = envelope.Status{Code: 501, Subject: 1, Detail: 3}
	notFull     = envelope.Status{Code: 504, Subject: 1, Detail: 2}
	relaying    = envelope.Status{Code: 554, Subject: 7, Detail: 1}
	notYetRelay = envelope.Status{Code: 454, Subject: 7, Detail: 1}
	noMailbox   = envelope.Status{Code: 550, Subject: 1, Detail: 1}
	disabled    = envelope.Status{Code: 550, Subject: 2, Detail: 1}
	full        = envelope.Status{Code: 452, Subject: 2, Detail: 2}
	moved       = envelope.Status{Code: 551, Subject: 1, Detail: 6}
	nullMX      = envelope.Status{Code: 556, Subject: 1, Detail: 10}
	unwanted    = envelope.Status{Code: 550, Subject: 7, Detail: 1}
	storeFails  = envelope.Status{Code: 451, Subject: 3, Detail: 0}
	badSetup    = envelope.Status{Code: 451, Subject: 3, Detail: 5}
	dnsFails    = envelope.Status{Code: 451, Subject: 4, Detail: 3}
	nothing     = envelope.Status{}
)

// to is an envelope for a recipient; one with a character beyond ASCII asks for
// SMTPUTF8.
func to(rcpt string) *envelope.Envelope {
	return &envelope.Envelope{Stage: envelope.Rcpt, RcptTo: rcpt, SMTPUTF8: !ascii(rcpt)}
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 0x7f }) < 0
}

// longMailbox is a generated address, as ticket systems use them: its local part has
// more than 64 octets.
const longMailbox = "reply+aaaabbbbccccddddeeeeffff00001111222233334444555566667777888899990000@example.org"

// mailboxes is the directory of the tests.
func mailboxes(t testing.TB) directory.Lookup {
	t.Helper()
	lookup, err := directory.List(
		"postmaster@example.org",
		"ann@example.org",
		"bob@example.org disabled",
		"carol@example.org full",
		"dave@example.org moved",
		"jürgen@bücher.example",
		"postmaster@[192.0.2.25]",
		longMailbox,
	)
	if err != nil {
		t.Fatal(err)
	}
	return lookup
}

// world is the DNS of the tests.
const world = `
	example.org.          MX  10 mx.example.org.
	example.com.          MX  0 .
	noservice.example.    MX  10 .
	two.example.          MX  0 .
	                      MX  10 mx.example.org.
	bare.example.         A   192.0.2.1
	xn--bcher-kva.example. MX 0 .
	alias.example.        CNAME example.com.
`

func TestChecksKeepTheContract(t *testing.T) {
	ours := []string{"example.org", "bücher.example", "[192.0.2.25]"}
	envelopes := []*envelope.Envelope{
		to("ann@example.org"), to("bob@example.org"), to("carol@example.org"), to("dave@example.org"), to("erin@example.org"),
		to("ann@example.com"), to("ann@bare.example"), to("ann@nowhere.example"), to("postmaster"), to("postmaster@[192.0.2.25]"),
		to("ann%example.com@example.org"), to("@example.com:ann@example.org"), to("jürgen@bücher.example"), to("ann"), to("ann@org"),
	}
	for _, tc := range []struct {
		name  string
		check envelope.Check
	}{
		{"recipient.syntax", recipient.Syntax},
		{"recipient.fqdn", recipient.FQDN},
		{"recipient.ours", recipient.Ours()},
		{"recipient.ours", recipient.Ours(ours...)},
		{"recipient.ours", recipient.Ours("*.example.org")},
		{"recipient.listed", recipient.Listed(mailboxes(t))},
		{"recipient.listed", recipient.Listed(nil)},
		{"recipient.takesmail", recipient.TakesMail},
		{"recipient.role", recipient.Role(nil)},
		{"recipient.role", recipient.Role(ours)},
		{"recipient.role", recipient.Role(nil, "no@name")},
		{"recipient.in", recipient.In()},
		{"recipient.in", recipient.In("ann@example.org", ".example", "[192.0.2.25]", "postmaster")},
		{"recipient.in", recipient.In("no domain")},
		{"recipient.in", recipient.InSet(func(_ context.Context, m envelope.Mailbox) (bool, error) { return m.Local == "ann", nil })},
		{"any(recipient.ours, recipient.takesmail)", envelope.Any(recipient.Ours(ours...), recipient.TakesMail)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			envelopetest.Answers(t, tc.check, tc.name, envelope.Rcpt, envelope.Envelope{RcptTo: "ann@example.org"})
			envelopetest.TestCheck(t, tc.check, zone.MustParse(world), envelopes...)
		})
	}
}

func TestNoDirectoryAndNoSetIsAskedBeforeRCPT(t *testing.T) {
	e := &envelope.Envelope{Stage: envelope.Mail, RcptTo: "ann@example.org"}
	recipient.Listed(func(context.Context, envelope.Mailbox) (directory.Answer, error) {
		t.Error("the directory is asked")
		return directory.Known, nil
	})(t.Context(), nil, e)
	recipient.InSet(func(context.Context, envelope.Mailbox) (bool, error) {
		t.Error("the set is asked")
		return true, nil
	})(t.Context(), nil, e)
}

// TestEveryCheckOnEveryKindOfRecipient tests all checks with addresses that servers
// receive, and with those that grammars disagree about. example.org, [192.0.2.25] and
// bücher.example are ours.
func TestEveryCheckOnEveryKindOfRecipient(t *testing.T) {
	const (
		pass = envelope.Pass
		fail = envelope.Fail
		none = envelope.None
	)
	type row struct{ syntax, fqdn, ours, listed, takesMail, role envelope.Outcome }
	user := row{pass, pass, pass, pass, pass, fail}
	stranger := row{pass, pass, pass, fail, pass, fail} // no such mailbox
	role := row{pass, pass, pass, pass, pass, pass}
	bare := row{pass, pass, pass, none, none, pass}
	foreign := row{pass, pass, fail, none, pass, fail}
	noService := row{pass, pass, fail, none, fail, fail}
	single := row{pass, fail, fail, none, pass, fail}
	literal := row{pass, fail, fail, none, none, fail}
	incomplete := row{fail, fail, fail, none, none, fail} // a local part alone
	unreadable := row{fail, none, fail, none, none, fail}

	long := strings.Repeat("a", 92)
	for rcpt, want := range map[string]row{
		"ann@example.org":                         user,
		"ANN@EXAMPLE.ORG":                         user,
		"ann@example.org.":                        user,
		`"ann"@example.org`:                       user,
		`"a\nn"@example.org`:                      user,
		"erin@example.org":                        stranger,
		long + "@example.org":                     stranger,
		`""@example.org`:                          stranger,
		longMailbox:                               user,
		strings.ToUpper(longMailbox):              user,
		"jürgen@bücher.example":                   {pass, pass, pass, pass, fail, fail},
		"Jürgen@XN--BCHER-KVA.example":            {pass, pass, pass, pass, fail, fail},
		"postmaster@example.org":                  role,
		"PostMaster@Example.Org.":                 role,
		"abuse@example.org":                       {pass, pass, pass, fail, pass, pass},
		"postmaster@[192.0.2.25]":                 {pass, fail, pass, pass, none, pass},
		"ann@[192.0.2.25]":                        {pass, fail, pass, fail, none, fail},
		"postmaster":                              bare,
		"Postmaster":                              bare,
		"POSTMASTER":                              bare,
		"ann@bare.example":                        foreign,
		"ann@nowhere.example":                     foreign,
		"ann@sub.example.org":                     foreign,
		"postmaster@bare.example":                 foreign,
		"ann@a_b.example":                         foreign,
		"ann@example.com":                         noService,
		"ann@example.com.":                        noService,
		"ann@org":                                 single,
		"ann@localhost":                           single,
		"ann@org.":                                single,
		"ann@[192.0.2.1]":                         literal,
		"ann@[IPv6:2001:db8::1]":                  literal,
		"ann@[tag:content]":                       literal,
		"@example.com:ann@example.org":            {pass, pass, fail, pass, pass, fail},
		"ann%example.com@example.org":             {pass, pass, fail, fail, pass, fail},
		"example.com!ann@example.org":             {pass, pass, fail, fail, pass, fail},
		`"ann@example.com"@example.org`:           {pass, pass, fail, fail, pass, fail},
		`"postmaster@example.org"@a.example`:      foreign,
		"ann":                                     incomplete,
		`"ann smith"`:                             incomplete,
		`"postmaster"`:                            incomplete,
		`"ann@example.org"`:                       incomplete,
		"postmaster.":                             unreadable,
		"post master":                             unreadable,
		"postmaster ":                             unreadable,
		"poſtmaster":                              incomplete, // strings.EqualFold would fold the long s
		"":                                        unreadable,
		" ":                                       unreadable,
		"@":                                       unreadable,
		"@example.org":                            unreadable,
		"@example.org:":                           unreadable,
		"@example.org:ann":                        incomplete,
		"ann@":                                    unreadable,
		"ann@.":                                   unreadable,
		"ann@example..org":                        unreadable,
		"ann@example.org..":                       unreadable,
		"ann@192.0.2.25":                          unreadable,
		"ann@[192.0.2.25].":                       unreadable,
		"ann@[192.0.2.256]":                       unreadable,
		"ann@-example.org":                        unreadable,
		"ann@exam ple.org":                        unreadable,
		"ann@bob@example.org":                     unreadable,
		"ann..bob@example.org":                    unreadable,
		".ann@example.org":                        unreadable,
		"ann smith@example.org":                   unreadable,
		`"ann@example.org`:                        unreadable,
		`"ann"bob@example.org`:                    unreadable,
		"<ann@example.org>":                       unreadable,
		"Ann <ann@example.org>":                   unreadable,
		"ann(comment)@example.org":                unreadable,
		"ann@example.org\r\n":                     unreadable,
		"ann\x00@example.org":                     unreadable,
		"\xff@example.org":                        unreadable,
		"ann@\xff.example.org":                    unreadable,
		long + "@carol.example.org":               foreign,
		strings.Repeat("a", 243) + "@example.org": unreadable,
		"ann@" + strings.Repeat("a.", 126) + "org":  unreadable,
		strings.Repeat("ann@example.org,", 100_000): unreadable,
	} {
		t.Run(fmt.Sprintf("%.60q", rcpt), func(t *testing.T) {
			for _, tc := range []struct {
				check  envelope.Check
				want   envelope.Outcome
				status envelope.Status
				asked  string
			}{
				{recipient.Syntax, want.syntax, badAddress, ""},
				{recipient.FQDN, want.fqdn, notFull, ""},
				{recipient.Ours("example.org", "bücher.example", "[192.0.2.25]"), want.ours, relaying, ""},
				{recipient.Listed(mailboxes(t)), want.listed, noMailbox, ""},
				{recipient.TakesMail, want.takesMail, nullMX, "MX"},
				{recipient.Role([]string{"example.org", "[192.0.2.25]"}), want.role, unwanted, ""},
			} {
				dns := zone.MustParse(world)
				got := tc.check(t.Context(), dns, to(rcpt))
				t.Log(got.Check, got.Outcome, got.Text)
				if tc.want != fail {
					tc.status = nothing
				}
				envelopetest.Expect(t, got, tc.want, tc.status)
				if tc.want == none {
					tc.asked = ""
				}
				if asked := dns.Asked().Types(); asked != tc.asked {
					t.Errorf("%s asked %q, want %q", got.Check, asked, tc.asked)
				}
			}
		})
	}
}

func TestSyntaxSaysWhatIsWrong(t *testing.T) {
	for rcpt, want := range map[string]string{
		"":                              "the client has given no recipient",
		"ann":                           "the recipient ann has no domain",
		"ann@bob@example.org":           "the recipient ann@bob@example.org has a domain that has an invalid character",
		"ann@example.org\r\n250 ok":     "the recipient ann@example.org 250 ok has a domain that has an invalid character",
		strings.Repeat("a", 253) + "@b": "the recipient " + strings.Repeat("a", 253) + "@b has more than 254 octets",
	} {
		got := recipient.Syntax(t.Context(), nil, to(rcpt))
		envelopetest.Expect(t, got, envelope.Fail, badAddress)
		envelopetest.Says(t, got, want)
	}
}

func TestWithoutSMTPUTF8ARecipientIsASCII(t *testing.T) {
	ours := recipient.Ours("bücher.example")
	for _, rcpt := range []string{"jürgen@example.org", "ann@bücher.example", "ann@example。org"} {
		e := envelope.Envelope{RcptTo: rcpt}
		envelopetest.Expect(t, recipient.Syntax(t.Context(), nil, &e), envelope.Fail, badAddress)
		envelopetest.Expect(t, ours(t.Context(), nil, &e), envelope.Fail, relaying)
		envelopetest.Expect(t, recipient.FQDN(t.Context(), nil, &e), envelope.None, nothing)
		envelopetest.Expect(t, recipient.Listed(mailboxes(t))(t.Context(), nil, &e), envelope.None, nothing)
		envelopetest.Expect(t, recipient.TakesMail(t.Context(), nil, &e), envelope.None, nothing)
	}
	envelopetest.Expect(t, ours(t.Context(), nil, &envelope.Envelope{RcptTo: "ann@xn--bcher-kva.example"}), envelope.Pass, nothing)
}

func TestFQDNSaysWhatIsMissing(t *testing.T) {
	for rcpt, want := range map[string]string{
		"ann":                    "the recipient ann has no domain",
		"ann@org.":               "the domain of the recipient ann@org. is not fully qualified",
		"ann@[192.0.2.1]":        "the recipient ann@[192.0.2.1] has an address literal instead of a domain name",
		"@a.example:ann@org":     "the domain of the recipient @a.example:ann@org is not fully qualified",
		"ann@[IPv6:2001:db8::1]": "the recipient ann@[IPv6:2001:db8::1] has an address literal instead of a domain name",
	} {
		got := recipient.FQDN(t.Context(), nil, to(rcpt))
		envelopetest.Expect(t, got, envelope.Fail, notFull)
		envelopetest.Says(t, got, want)
	}
}
