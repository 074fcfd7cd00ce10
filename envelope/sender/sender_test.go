package sender_test

import (
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/sender"
	"mxrules.example/envelope/zone"
)

var (
	nothing    = envelope.Status{}
	badSender  = envelope.Status{Code: 501, Subject: 1, Detail: 7}
	notFull    = envelope.Status{Code: 504, Subject: 1, Detail: 8}
	noDomain   = envelope.Status{Code: 550, Subject: 1, Detail: 8}
	nullMX     = envelope.Status{Code: 550, Subject: 7, Detail: 27}
	refused    = envelope.Status{Code: 550, Subject: 7, Detail: 1}
	noMailbox  = envelope.Status{Code: 550, Subject: 1, Detail: 0}
	notOwned   = envelope.Status{Code: 553, Subject: 7, Detail: 1}
	tooMany    = envelope.Status{Code: 550, Subject: 5, Detail: 3}
	dnsFails   = envelope.Status{Code: 451, Subject: 4, Detail: 3}
	siteFails  = envelope.Status{Code: 451, Subject: 3, Detail: 0}
	siteIsBad  = envelope.Status{Code: 451, Subject: 3, Detail: 5}
	pass, fail = envelope.Pass, envelope.Fail
	none, temp = envelope.None, envelope.TempError
)

// world is the zone of all tests. Usable servers have the addresses of AS112 (RFC
// 7534), which are public and no mail servers.
func world() *zone.Zone {
	return zone.MustParse(`
		$ORIGIN example.
		org           MX     10 mx.org
		mx.org        A      192.175.48.1
		four          A      192.175.48.1
		six           AAAA   2620:4f:8000::1
		text          TXT    "neither an MX nor an address"
		below.empty   A      192.175.48.1
		null          MX     0 .
		late          MX     10 .
		half          MX     0 .
		              MX     10 mx.org
		alias         CNAME  org
		lost          CNAME  nowhere
		round         CNAME  round2
		round2        CNAME  round
		deaf          MX     10 nowhere
		byalias       MX     10 alias.mx
		alias.mx      CNAME  mx.org
		xn--bcher-kva MX     10 mx.org
		stubborn      A      192.175.48.1
		patient       AAAA   2620:4f:8000::1
		$ORIGIN .
		localhost     A      127.0.0.1
	`).
		Failing("servfail.example.", zone.SERVFAIL).Failing("refused.example.", zone.REFUSED).
		Failing("timeout.example.", zone.Timeout).Failing("stubborn.example. MX", zone.SERVFAIL).
		Failing("patient.example. MX", zone.Timeout).Failing("patient.example. A", zone.REFUSED).
		Failing("first.example. MX", zone.SERVFAIL).Failing("second.example. A", zone.REFUSED).
		Failing("last.example. AAAA", zone.Timeout)
}

// from returns an envelope with a sender.
func from(sender string) *envelope.Envelope {
	return &envelope.Envelope{Stage: envelope.Mail, MailFrom: sender, SMTPUTF8: true}
}

func TestSyntaxSaysWhatIsWrong(t *testing.T) {
	for _, tc := range []struct {
		sender string
		utf8   bool
		text   string
	}{
		{"ann", true, "the sender ann has no domain"},
		{"postmaster", true, "the sender postmaster has no domain"},
		{"@org.example", true, "the sender @org.example has no local part"},
		{"ann@", true, "the sender ann@ has a domain that is empty"},
		{"ann@b@org.example", true, "the sender ann@b@org.example has a domain that has an invalid character"},
		{"ann@192.0.2.1", true, "the sender ann@192.0.2.1 has a domain that is a number or an address, not a name"},
		{"ann@[192.0.2.999]", true, "the sender ann@[192.0.2.999] has an address literal that is not an IPv4 address"},
		{"ann lee@org.example", true, "the sender ann lee@org.example has a character in its local part that needs quotes"},
		{"ann@bücher.example", false, "the sender ann@bücher.example has a domain that is not ASCII, which requires SMTPUTF8"},
		{"änn@org.example", false, "the sender änn@org.example is not ASCII, which requires SMTPUTF8"},
		{"ann\r\n250 ok@org.example", true, "the sender ann 250 ok@org.example has a control character"},
		{strings.Repeat("a", 243) + "@org.example", true, "the sender " + strings.Repeat("a", 243) + "@org.example has more than 254 octets"},
		{strings.Repeat("a", 960_000), true, "the sender " + strings.Repeat("a", 253) + "... has more than 254 octets"},
	} {
		e := &envelope.Envelope{MailFrom: tc.sender, SMTPUTF8: tc.utf8}
		got := sender.Syntax(t.Context(), nil, e)
		envelopetest.Expect(t, got, fail, badSender)
		envelopetest.Says(t, got, tc.text)
	}
}

func TestFQDNSaysWhatIsMissing(t *testing.T) {
	for address, text := range map[string]string{
		"MAILER-DAEMON":        "the sender MAILER-DAEMON has no domain",
		`"two words"`:          `the sender "two words" has no domain`,
		"root@localhost":       "the domain of the sender root@localhost is not fully qualified",
		"ann@[192.0.2.1]":      "the sender ann@[192.0.2.1] has an address literal instead of a domain name",
		"@a.example:ann@local": "the domain of the sender @a.example:ann@local is not fully qualified",
	} {
		got := sender.FQDN(t.Context(), nil, from(address))
		envelopetest.Expect(t, got, fail, notFull)
		envelopetest.Says(t, got, text)
	}
}

func TestNull(t *testing.T) {
	envelopetest.Expect(t, sender.Null(t.Context(), nil, from("")), pass, nothing)
	for _, address := range []string{"ann@org.example", "<>", "not a mailbox", " "} {
		envelopetest.Expect(t, sender.Null(t.Context(), nil, from(address)), fail, refused)
	}
	envelopetest.Says(t, sender.Null(t.Context(), nil, from("ann@org.example")), "the sender ann@org.example is not the null sender")
}

func TestBounceToOne(t *testing.T) {
	for _, tc := range []struct {
		name   string
		sender string
		before int
		want   envelope.Outcome
		status envelope.Status
	}{
		{"a report to one", "", 0, pass, nothing},
		{"a report to a second", "", 1, fail, tooMany},
		{"a report to many", "", 100, fail, tooMany},
		{"mail to one", "ann@org.example", 0, none, nothing},
		{"mail to many", "ann@org.example", 100, none, nothing},
		{"an invalid sender, to many", "not a mailbox", 100, none, nothing},
	} {
		e := &envelope.Envelope{Stage: envelope.Rcpt, MailFrom: tc.sender, RcptTo: "bob@org.example", Recipients: tc.before}
		envelopetest.Case{Name: tc.name, Envelope: e, Outcome: tc.want, Status: tc.status}.Run(t, sender.BounceToOne, nil)
	}
	got := sender.BounceToOne(t.Context(), nil, &envelope.Envelope{RcptTo: "bob@org.example", Recipients: 1})
	envelopetest.Says(t, got, "mail from the null sender has one recipient, and bob@org.example would be another")
}
