package sender_test

import (
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/sender"
)

// TestEveryCheckOnEveryKindOfSender tests every check with every kind of sender, and
// what it asks DNS: only Resolves, TakesMail and MXUsable ask. The site is org.example,
// with the mailbox ann, which the login ann owns.
func TestEveryCheckOnEveryKindOfSender(t *testing.T) {
	checks := []struct {
		check  envelope.Check
		status envelope.Status // of Fail
	}{
		{sender.Syntax, badSender},
		{sender.FQDN, notFull},
		{sender.Resolves, noDomain},
		{sender.TakesMail, nullMX},
		{sender.MXUsable, noDomain},
		{sender.NotOurs("org.example", "bücher.example"), refused},
		{sender.Ours("org.example", "bücher.example"), refused},
		{sender.Listed([]string{"org.example", "bücher.example"}, mailboxes(t)), noMailbox},
		{sender.OwnedByLogin(owners(t)), notOwned},
		{sender.In("ann@org.example", "bücher.example"), refused},
		{sender.Null, refused},
	}
	const byMX, byA, byAAAA = "MX / MX / MX A", "MX A / MX / MX A", "MX A AAAA / MX / MX A AAAA"
	longest := strings.Repeat("a", 66) + "@" + strings.Repeat("abcdefgh.", 20) + "example"
	for _, tc := range []struct {
		sender string
		utf8   bool
		want   string // an outcome for each check: pass, fail, none or temperror
		asked  string // by Resolves, TakesMail and MXUsable
	}{
		//                                Syn  FQDN Res  Tak  MXU  Not  Ours List Own  In   Null
		{"ann@org.example", false /*    */, "pass pass pass pass pass fail pass pass pass pass fail", byMX},
		{"Ann@ORG.example.", false /*   */, "pass pass pass pass pass fail pass pass pass pass fail", byMX},
		{"@b.example:ann@org.example", false, "pass pass pass pass pass fail pass pass pass pass fail", byMX},
		{`"a b"@org.example`, false /*  */, "pass pass pass pass pass fail pass fail fail fail fail", byMX},
		{"ann@bücher.example", true /*  */, "pass pass pass pass pass fail pass pass pass pass fail", byMX},
		{"ann@bücher.example", false /* */, "fail none none none none none fail none fail fail fail", ""},
		{"änn@org.example", true /*     */, "pass pass pass pass pass fail pass fail fail fail fail", byMX},
		{"änn@org.example", false /*    */, "fail none none none none none fail none fail fail fail", ""},
		{"ann@four.example", false /*   */, "pass pass pass pass pass pass fail none fail fail fail", byA},
		{"ann@six.example", false /*    */, "pass pass pass pass pass pass fail none fail fail fail", byAAAA},
		{"ann@alias.example", false /*  */, "pass pass pass pass pass pass fail none fail fail fail", byMX},
		{"ann@null.example", false /*   */, "pass pass pass fail none pass fail none fail fail fail", "MX / MX / MX"},
		{"ann@half.example", false /*   */, "pass pass pass pass pass pass fail none fail fail fail", byMX},
		{"ann@deaf.example", false /*   */, "pass pass pass pass fail pass fail none fail fail fail", "MX / MX / MX A AAAA"},
		{"ann@nowhere.example", false /**/, "pass pass fail pass fail pass fail none fail fail fail", byAAAA},
		{"ann@text.example", false /*   */, "pass pass fail pass fail pass fail none fail fail fail", byAAAA},
		{"ann@servfail.example", false /**/, "pass pass temperror temperror temperror pass fail none fail fail fail", "MX A AAAA / MX / MX"},
		{"ann@refused.example", false /**/, "pass pass temperror temperror temperror pass fail none fail fail fail", "MX A AAAA / MX / MX"},
		{"ann@timeout.example", false /**/, "pass pass temperror temperror temperror pass fail none fail fail fail", "MX A AAAA / MX / MX"},
		{"root@localhost", false /*     */, "pass fail pass pass fail pass fail none fail fail fail", "MX A / MX / MX A AAAA"},
		{"ann@[192.0.2.1]", false /*    */, "pass fail none none none pass fail none fail fail fail", ""},
		{"ann@[IPv6:2001:db8::1]", false, "pass fail none none none pass fail none fail fail fail", ""},
		{"ann@[192.0.2.1", false /*     */, "fail none none none none none fail none fail fail fail", ""},
		{"ann@192.0.2.1", false /*      */, "fail none none none none none fail none fail fail fail", ""},
		{"ann", false /*                */, "fail fail none none none none fail none fail fail fail", ""},
		{"@org.example", false /*       */, "fail none none none none none fail none fail fail fail", ""},
		{"ann@org@org.example", false /**/, "fail none none none none none fail none fail fail fail", ""},
		{"ann..b@org.example", false /* */, "fail none none none none none fail none fail fail fail", ""},
		{"ann@org..example", false /*   */, "fail none none none none none fail none fail fail fail", ""},
		{"ann@a_b.example", false /*    */, "pass pass fail pass fail pass fail none fail fail fail", byAAAA},
		{"ann\x00@org.example", true /* */, "fail none none none none none fail none fail fail fail", ""},
		{"\xff@org.example", true /*    */, "fail none none none none none fail none fail fail fail", ""},
		{longest, false /*              */, "pass pass fail pass fail pass fail none fail fail fail", byAAAA},
		{"a" + longest, false /*        */, "fail none none none none none fail none fail fail fail", ""},
		{strings.Repeat("a@", 500_000), true, "fail none none none none none fail none fail fail fail", ""},
		{"", false /*                   */, "none none none none none none none none none none pass", ""},
		{"", true /*                    */, "none none none none none none none none none none pass", ""},
	} {
		t.Run(envelope.Excerpt(tc.sender), func(t *testing.T) {
			e := &envelope.Envelope{Stage: envelope.Mail, MailFrom: tc.sender, SMTPUTF8: tc.utf8, Login: "ann"}
			want := strings.Fields(tc.want)
			var asked []string
			for i, c := range checks {
				dns := world()
				got := c.check(t.Context(), dns, e)
				if got.Outcome.String() != want[i] {
					t.Errorf("%s: %v (%s %v), want %s", got.Check, got.Outcome, got.Text, got.Err, want[i])
				}
				status := ifFail(got.Outcome, c.status)
				if got.Outcome == temp {
					status = dnsFails
				}
				envelopetest.Expect(t, got, got.Outcome, status)
				if types := dns.Asked().Types(); types != "" {
					asked = append(asked, types)
				}
			}
			if got := strings.Join(asked, " / "); got != tc.asked {
				t.Errorf("asked %q, want %q", got, tc.asked)
			}
		})
	}
}
