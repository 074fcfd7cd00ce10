package helo_test

import (
	"net/netip"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/zone"
	"mxrules.example/helo"
)

const loginHint = "users with an account here should log in (port 465 or 587)"

var (
	badSequence = envelope.Status{Code: 503, Subject: 5, Detail: 1}
	badArgument = envelope.Status{Code: 501, Subject: 5, Detail: 4}
	notFull     = envelope.Status{Code: 504, Subject: 5, Detail: 4}
	refused     = envelope.Status{Code: 550, Subject: 7, Detail: 1}

	four = netip.MustParseAddr("192.0.2.1")
	six  = netip.MustParseAddr("2001:db8::1")
)

// expect tests a finding. Every failure but that of Present advises a login.
func expect(t *testing.T, got envelope.Finding, want envelope.Outcome, failure envelope.Status) {
	t.Helper()
	status := failure
	if want != envelope.Fail {
		status = envelope.Status{}
	}
	if want == envelope.TempError {
		status = got.Status
	}
	envelopetest.Expect(t, got, want, status)
	if advised := want == envelope.Fail && failure != badSequence; advised != (got.Advice == loginHint) {
		t.Errorf("%s: %v with the advice %q", got.Check, want, got.Advice)
	}
}

// row is one line of a table: a HELO name, the client, and what the check finds.
type row struct {
	helo   string
	client netip.Addr
	want   envelope.Outcome
}

func run(t *testing.T, check envelope.Check, failure envelope.Status, rows []row) {
	t.Helper()
	for _, tc := range rows {
		e := envelope.Envelope{Stage: envelope.Helo, Helo: tc.helo, ClientIP: tc.client}
		try(t, check, nil, e, tc.want, failure, "")
	}
}

// try tests one row of a table.
func try(t *testing.T, check envelope.Check, dns *zone.Zone, e envelope.Envelope, want envelope.Outcome, failure envelope.Status, asked string) {
	t.Helper()
	name := e.Helo
	if e.ClientIP.IsValid() {
		name += " from " + e.ClientIP.String()
	}
	envelopetest.Case{
		Name: name, Envelope: &e, Outcome: want, Status: failure, Asks: asked,
		Also: func(t *testing.T, f envelope.Finding) { expect(t, f, want, failure) },
	}.Run(t, check, dns)
}

func TestPresent(t *testing.T) {
	for _, tc := range []struct {
		name string
		e    envelope.Envelope
		want envelope.Outcome
	}{
		{"greeted", envelope.Envelope{Stage: envelope.Mail, Helo: "mail.example.org"}, envelope.Pass},
		{"greeted badly", envelope.Envelope{Stage: envelope.Mail, Helo: "not a name"}, envelope.Pass},
		{"not greeted", envelope.Envelope{Stage: envelope.Mail}, envelope.Fail},
		{"not greeted, judged whole", envelope.Envelope{}, envelope.Fail},
		{"HELO may still come", envelope.Envelope{Stage: envelope.Connect}, envelope.Pending},
	} {
		t.Run(tc.name, func(t *testing.T) {
			expect(t, helo.Present(t.Context(), nil, &tc.e), tc.want, badSequence)
		})
	}
}

func TestSyntaxSaysWhatIsWrong(t *testing.T) {
	for _, tc := range []struct{ helo, text string }{
		{"", "the client sent no HELO name"},
		{"192.0.2.1", "the HELO name 192.0.2.1 is an address, which needs brackets, as in [192.0.2.1]"},
		{"192.0.2.1.", "the HELO name 192.0.2.1. is an address, which needs brackets, as in [192.0.2.1]"},
		{"192.000.002.001", "the HELO name 192.000.002.001 is an address, which needs brackets, as in [192.0.2.1]"},
		{"2001:DB8::1", "the HELO name 2001:DB8::1 is an address, which needs brackets, as in [IPv6:2001:db8::1]"},
		{"IPv6:2001:db8::1", "the HELO name IPv6:2001:db8::1 is an address, which needs brackets, as in [IPv6:2001:db8::1]"},
		{"::ffff:192.0.2.1", "the HELO name ::ffff:192.0.2.1 is an address, which needs brackets, as in [192.0.2.1]"},
		{"256.1.1.1", "the HELO name 256.1.1.1 is a number or an address, not a name"},
		{"[256.1.1.1]", "the HELO name [256.1.1.1] is not an IPv4 address"},
		{"[2001:db8::1]", `the HELO name [2001:db8::1] is an IPv6 address without the tag "IPv6:"`},
		{"[192.0.2.1", "the HELO name [192.0.2.1 begins with a bracket and does not end with one"},
		{"mail..example.org", "the HELO name mail..example.org has an empty label"},
		{"mail example.org", "the HELO name mail example.org has an invalid character"},
		{"-a.example.org", "the HELO name -a.example.org has a label that begins or ends with a hyphen"},
		{"bücher.example", "the HELO name bücher.example is not ASCII, and must be given in A-labels"},
		{"a\x00b\r\n250 ok", "the HELO name a?b 250 ok has an invalid character"},
		{"\xff.example.org", "the HELO name ?.example.org is not valid UTF-8"},
		{"\u202egro.example", "the HELO name ?gro.example is not a valid internationalised name (RFC 5891)"},
	} {
		t.Run(tc.helo, func(t *testing.T) {
			got := helo.Syntax(t.Context(), nil, &envelope.Envelope{Helo: tc.helo})
			expect(t, got, envelope.Fail, badArgument)
			envelopetest.Says(t, got, tc.text)
		})
	}
}

func TestSyntaxBoundsLengths(t *testing.T) {
	label := strings.Repeat("a", 63)
	longest := strings.Join([]string{label, label, label, label[:61]}, ".") // 253 octets
	for _, tc := range []struct {
		name, helo string
		want       envelope.Outcome
	}{
		{"a label of 63", label + ".example", envelope.Pass},
		{"a label of 64", label + "a.example", envelope.Fail},
		{"a name of 253", longest, envelope.Pass},
		{"a name of 253 and a final dot", longest + ".", envelope.Pass},
		{"a name of 254", longest + "a", envelope.Fail},
		{"a literal of 255", "[x:" + strings.Repeat("a", 251) + "]", envelope.Pass},
		{"a literal of 256", "[x:" + strings.Repeat("a", 252) + "]", envelope.Fail},
		{"a name of 100,000", strings.Repeat("a.", 50_000), envelope.Fail},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := helo.Syntax(t.Context(), nil, &envelope.Envelope{Helo: tc.helo})
			expect(t, got, tc.want, badArgument)
			if len(got.Text) > 450 {
				t.Errorf("a text of %d octets does not fit a line of a reply", len(got.Text))
			}
		})
	}
}

// A finding at HELO does not change at MAIL, where SMTPUTF8 is known.
func TestSyntaxIsTheSameAtMail(t *testing.T) {
	for _, name := range []string{"mail.example.org", "bücher.example", "xn--bcher-kva.example", "192.0.2.1", ""} {
		early := helo.Syntax(t.Context(), nil, &envelope.Envelope{Stage: envelope.Helo, Helo: name})
		late := helo.Syntax(t.Context(), nil, &envelope.Envelope{Stage: envelope.Mail, Helo: name, SMTPUTF8: true})
		if early.Outcome != late.Outcome {
			t.Errorf("%q: %v at HELO, %v at MAIL", name, early.Outcome, late.Outcome)
		}
	}
}

func TestFQDNSaysWhatIsWrong(t *testing.T) {
	got := helo.FQDN(t.Context(), nil, &envelope.Envelope{Helo: "localhost"})
	envelopetest.Says(t, got, "the HELO name localhost is not fully qualified")
}

func TestLiteral(t *testing.T) {
	mapped := netip.MustParseAddr("::ffff:192.0.2.1")
	unknown := netip.Addr{}
	run(t, helo.Literal, refused, []row{
		{"[192.0.2.1]", four, envelope.Pass},
		{"[192.0.2.1]", mapped, envelope.Pass},
		{"[192.0.2.01]", four, envelope.Pass},
		{"[IPv6:2001:db8::1]", six, envelope.Pass},
		{"[ipv6:2001:DB8:0:0:0:0:0:1]", six, envelope.Pass},
		{"[IPv6:2001:db8::1]", six.WithZone("eth0"), envelope.Pass},
		{"[IPv6:::ffff:192.0.2.1]", four, envelope.Pass},
		{"[192.0.2.2]", four, envelope.Fail},
		{"[192.168.1.5]", four, envelope.Fail},
		{"[192.0.2.1]", six, envelope.Fail},
		{"[IPv6:2001:db8::2]", six, envelope.Fail},
		{"[tag:content]", four, envelope.Fail},
		{"[tag:content]", unknown, envelope.Fail},
		{"[192.0.2.1]", unknown, envelope.None},
		{"mail.example.org", four, envelope.None},
		{"192.0.2.1", four, envelope.None},
		{"[192.0.2.999]", four, envelope.None},
		{"[192.0.2.1", four, envelope.None},
		{"", four, envelope.None},
	})
	got := helo.Literal(t.Context(), nil, &envelope.Envelope{Helo: "[192.0.2.9]", ClientIP: mapped})
	envelopetest.Says(t, got, "the HELO literal [192.0.2.9] is not the address of the client, 192.0.2.1")
}
