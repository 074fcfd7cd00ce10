package dkim_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/zone"
)

func TestChecks(t *testing.T) {
	signed := sign(usual, mail, rsaKey())
	broken := strings.Replace(signed, "Hello", "hello", 1)
	for _, tc := range []struct {
		name, raw    string
		signed, pass envelope.Outcome
		text         string // of Pass
	}{
		{"not signed", mail, envelope.Fail, envelope.Fail, "the message has no DKIM signature"},
		{"signed", signed, envelope.Pass, envelope.Pass, "the DKIM signature of example.org is valid"},
		{"broken", broken, envelope.Pass, envelope.Fail,
			"the message has no valid DKIM signature; for that of example.org (selector rsa) the body of the message has changed since it was signed"},
		{"one of two is broken", junk(1, "junk.example", mail) + signed, envelope.Pass, envelope.Pass, "the DKIM signature of example.org is valid"},
		{"malformed", "DKIM-Signature: x\r\n" + mail, envelope.Pass, envelope.Fail,
			"the message has no valid DKIM signature: the signature is not a list of tags (RFC 6376, section 3.2)"},
		{"DNS fails", sign(with("d", "broken.example"), mail, rsaKey()), envelope.Pass, envelope.TempError,
			"the DNS lookup of rsa._domainkey.broken.example failed"},
		{"DNS fails for one of two, and the other is broken", sign(with("d", "broken.example"), broken, rsaKey()), envelope.Pass, envelope.TempError,
			"the DNS lookup of rsa._domainkey.broken.example failed"},
		{"DNS fails for one of two, and the other is good", sign(with("d", "broken.example"), signed, rsaKey()), envelope.Pass, envelope.Pass, "the DKIM signature of example.org is valid"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dns := world().Failing("*.broken.example. TXT", zone.SERVFAIL)
			e := envelope.Envelope{Message: envelope.NewMessage([]byte(tc.raw)), Now: now}
			if f := dkim.Signed(t.Context(), dns, &e); f.Outcome != tc.signed {
				t.Errorf("signed: %v %s", f.Outcome, f.Text)
			}
			if n := len(dns.Asked()); n != 0 {
				t.Errorf("Signed asked %d questions", n)
			}
			f := dkim.Pass(t.Context(), dns, &e)
			if f.Outcome != tc.pass || f.Text != tc.text {
				t.Errorf("pass: %v %s, want %v %s", f.Outcome, f.Text, tc.pass, tc.text)
			}
			if f.Outcome == envelope.Fail && f.Status.String() != "550 5.7.20" {
				t.Errorf("status %s", f.Status)
			}
			if _, ok := f.Detail.(*dkim.Result); !ok {
				t.Errorf("detail %T", f.Detail)
			}
		})
	}
}

func TestUnreadableSpoolIsTempError(t *testing.T) {
	m, err := envelope.Spool{Memory: 1, Dir: t.TempDir()}.ReadMessage(strings.NewReader(sign(usual, mail, rsaKey())))
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	f := dkim.Pass(t.Context(), world(), &envelope.Envelope{Message: m, Now: now})
	if f.Outcome != envelope.TempError || f.Status.String() != "451 4.3.0" || f.Err == nil {
		t.Errorf("%v %s %v", f.Outcome, f.Status, f.Err)
	}
}

func TestChecksKeepTheContract(t *testing.T) {
	signed := sign(usual, mail, rsaKey())
	var envelopes []*envelope.Envelope
	for _, raw := range []string{
		mail,
		signed,
		strings.Replace(signed, "Hello", "hello", 1),
		junk(3, "junk.example", mail) + signed,
		junk(2, "junk.example", mail) + mail,
		"DKIM-Signature: \x00\r\n" + mail,
	} {
		envelopes = append(envelopes, &envelope.Envelope{Message: envelope.NewMessage([]byte(raw)), Now: now})
	}
	for name, check := range map[string]envelope.Check{
		"Signed": dkim.Signed, "Pass": dkim.Pass, "PassFor": dkim.PassFor("example.org"), "Covers": dkim.Covers("From", "Subject"),
	} {
		t.Run(name, func(t *testing.T) { envelopetest.TestCheck(t, check, world(), envelopes...) })
	}
}

func TestAuthenticationResults(t *testing.T) {
	property := func(name, value string) envelope.AuthenticationProperty {
		return envelope.AuthenticationProperty{Type: "header", Name: name, Value: value}
	}
	signed := sign(with("i", "ann@mail.example.org", "b", "q83v AQID\r\n BAUG"), mail, nil)
	result := verify(t, world(), "DKIM-Signature: x\r\n"+signed)
	want := []envelope.AuthenticationResult{
		{Method: "dkim", Result: "permerror", Reason: "the signature is not a list of tags (RFC 6376, section 3.2)"},
		{Method: "dkim", Result: "fail", Reason: "the signature does not match the message", Properties: []envelope.AuthenticationProperty{
			property("d", "example.org"), property("i", "ann@mail.example.org"), property("s", "rsa"),
			property("a", "rsa-sha256"), property("b", "q83vAQID"),
		}},
	}
	if got := result.AuthenticationResults(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	none := []envelope.AuthenticationResult{{Method: "dkim", Result: "none"}}
	if got := verify(t, world(), mail).AuthenticationResults(); !reflect.DeepEqual(got, none) {
		t.Errorf("%+v", got)
	}
}

func TestDomainsOfSignatures(t *testing.T) {
	m := envelope.NewMessage([]byte("DKIM-Signature: v=1; d=One.example; s=s\r\nDKIM-Signature: d=\r\n" +
		"From: a@b.example\r\nDKIM-Signature: d=two.example; s=s; v=1\r\n\r\nd=three.example\r\n"))
	if got := dkim.Domains(t.Context(), m); !slices.Equal(got, []envelope.Host{"one.example", "two.example"}) {
		t.Errorf("got %v", got)
	}
}
