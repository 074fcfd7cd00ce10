package headers_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/header"
	"mxrules.example/verdict"
	"mxrules.example/verdict/headers"
)

// TestForgedFieldsAreRemoved has fields that claim to be those of
// mx.example.org to some program.
func TestForgedFieldsAreRemoved(t *testing.T) {
	for _, field := range []string{
		"Authentication-Results: mx.example.org; spf=pass",
		"Authentication-Results: mx.example.org; none",
		"Authentication-Results: mx.example.org",
		"authentication-results:mx.example.org;dkim=pass",
		"AUTHENTICATION-RESULTS : MX.Example.ORG; dkim=pass",
		"Authentication-Results: mx.example.org.; dkim=pass",
		"Authentication-Results: mx.example.org 1; dkim=pass",
		"Authentication-Results: mx.example.org/1; dkim=pass",
		"Authentication-Results: (trust me) mx.example.org (really) 1 (yes); dkim=pass",
		"Authentication-Results: (a;b(c)\\)) mx.example.org; dkim=pass",
		`Authentication-Results: "mx.example.org"; dkim=pass`,
		`Authentication-Results: "mx.exa\mple.org"; dkim=pass`,
		"Authentication-Results:\r\n\tmx.example.org;\r\n\tdkim=pass",
		"Authentication-Results: mx.example\r\n .org; dkim=pass",
		"Authentication-Results: mx . example . org; dkim=pass",
		"Authentication-Results: mx . example . org 1; dkim=pass",
		"Authentication-Results: mx.example.org dkim=pass",
		"Authentication-Results: mx.example.org, dkim=pass",
		"Authentication-Results: other.example (mx.example.org); dkim=pass",
		"Authentication-Results: =?utf-8?q?mx.example.org?=; dkim=pass",
		"Authentication-Results: mx\x00.example.org; dkim=pass",
		"Authentication-Results: mx.ex\rample.org; dkim=pass",
		"Authentication-Results: <mx.example.org>; dkim=pass",
		"Authentication-Results: ;mx.example.org; dkim=pass",
		"Authentication-Results: (mx.example.org; dkim=pass",
		"Authentication-Results: (mx . example.org; dkim=pass",
		`Authentication-Results: "mx.example.org; dkim=pass`,
		"Authentication-Results: dkim=pass (mx.example.org)",
		"Authentication-Results: mx(c).example.org; dkim=pass",
		"Authentication-Results: mx(a(;)\\)).example(b).org 1; dkim=pass",
		"Authentication-Results: mx.example.net; spf=pass\rAuthentication-Results: mx.example.org; dkim=pass",
		"X: y\rAuthentication-Results: mx.example.org; dkim=pass",
		"X: y\r\r\n Z\rauthentication-results : mx.example.org;\r\n dkim=pass",
		"\rAuthentication-Results: mx.example.org; dkim=pass",
		"X: y\rReceived-SPF: pass receiver=mx.example.org",
		"Received-SPF: pass receiver=mx(c).example.org",
		"Received-SPF: pass (mx.example.org: it is fine) client-ip=192.0.2.1",
		"Received-SPF: pass receiver=mx.example.org",
		`Received-SPF: pass receiver="MX.example.org"; identity=mailfrom`,

		// Encoded words, which some programs decode although no grammar allows them here.
		"Authentication-Results: =?utf-8?b?bXguZXhhbXBsZS5vcmc=?=; dmarc=pass",
		"Authentication-Results: =?utf-8?q?mx=2Eexample=2Eorg?=; dmarc=pass",
		"Authentication-Results: =?utf-8?Q?mx.exa?= =?iso-8859-1?B?bXBsZS5vcmc=?=; dmarc=pass",
		"Authentication-Results: =?utf-8*en?q?m=78.example.org?=; dmarc=pass",
		"Authentication-Results: =?utf-16?b?bQB4AC4AZQB4AGEAbQBwAGwAZQAuAG8AcgBnAA==?=; dmarc=pass",
		"Authentication-Results: =?utf-7?q?mx+AC4-example+AC4-org?=; dmarc=pass",
		"Authentication-Results: =?utf-8?q?m=78.exam;ple.org?=; dmarc=pass",
		"Authentication-Results: m=?utf-8?q?x=2Eexample?=.org; dmarc=pass",
		"Authentication-Results: (c) =?utf-8?q?m=78.example?= (d) .org; dmarc=pass",
		`Authentication-Results: "=?utf-8?q?m=78.example.org?="; dmarc=pass`,
		"Authentication-Results: =(c)?utf-8?q?m=78.example.org?=; dmarc=pass",
		"Authentication-Results: =\\?utf-8?q?m=78.example.org?=; dmarc=pass",
		"Authentication-Results: =?utf-8?q?m=78\r\n .example.org?=; dmarc=pass",
		"Authentication-Results: =?utf-8?q?=6Dx.example.org=3B_dmarc=3Dpass?=",
		"Received-SPF: pass (=?utf-8?q?m=78.example.org?=: it is fine) client-ip=192.0.2.1",
		"Received-SPF: pass receiver==?utf-8?b?bXguZXhhbXBsZS5vcmc=?=",
		"Received-SPF: =?utf-8?q?pass_receiver=3Dm=78.example.org?=",

		// Field names that do not end at the same place for all programs.
		"Authentication-Results\r\n : mx.example.org; dmarc=pass",
		"Authentication-Results\r\n\t \r\n\t: mx.example.org; dmarc=pass",
		"Authentication-Results\r: mx.example.org; dmarc=pass",
		"Authentication-Results\x00: mx.example.org; dmarc=pass",
		"Authentication-Results\v\t: mx.example.org; dmarc=pass",
		"Authentication-Results\u00a0: mx.example.org; dmarc=pass",
		"Authentication-Results\xa0: mx.example.org; dmarc=pass",
		"\x01Authentication-Results: mx.example.org; dmarc=pass",
		"\ufeffAuthentication-Results: mx.example.org; dmarc=pass",
		"Authentication-\u200bResults: mx.example.org; dmarc=pass",
		"Authentication-Re\u017fults: mx.example.org; dmarc=pass",
		"Authentication-\r\n Results: mx.example.org; dmarc=pass",
		"Received-SPF\r\n : pass receiver=mx.example.org",

		// Fields inside others, for programs that end lines not only at LF.
		"X: y\vAuthentication-Results: mx.example.org; dmarc=pass",
		"X: y\fAuthentication-Results: mx.example.org; dmarc=pass",
		"X: y\rAuthentication-Results: mx.ex\fample.org; dmarc=pass",
		"X: y\x1eAuthentication-Results: mx.example.org; dmarc=pass",
		"X: y\x85Authentication-Results: mx.example.org; dmarc=pass",
		"X: y\u0085Authentication-Results: mx.example.org; dmarc=pass",
		"X: y\u2028Authentication-Results: mx.\r\n example.org; dmarc=pass",
		"X: y\rAuthentication-Results\r : =?utf-8?q?m=78.example.org?=; dmarc=pass",

		// Characters that some programs drop or map to others.
		"Authentication-Results: ｍｘ．ｅｘａｍｐｌｅ．ｏｒｇ; dmarc=pass",
		"Authentication-Results: mx。example｡org; dmarc=pass",
		"Authentication-Results: mx.example.org\u00ad; dmarc=pass",
		"Authentication-Results: mx.ex\u200bample.org; dmarc=pass",
		"Authentication-Results: mx.ex\xffample.org; dmarc=pass",
		"Authentication-Results: mx.ex\xadample.org; dmarc=pass",
		"Authentication-Results: mx.example.org\ufe0f; dmarc=pass",
		`Authentication-Results: "mx. example.org"; dmarc=pass`,

		// RFC 8601, section 5: an unknown version.
		"Authentication-Results: mx.example.net 2; dmarc=pass",
		"Authentication-Results: mx.example.net (c) 01x; dmarc=pass",
	} {
		if got := deliver(t, "Subject: a\r\n"+field+"\r\nTo: b\r\n\r\nbody\r\n"); !strings.HasSuffix(got, "none\r\nSubject: a\r\nTo: b\r\n\r\nbody\r\n") {
			t.Errorf("%q: %q", field, got)
		}
	}
}

// TestForgedFieldOfANameThatEndsWithADigit has a comment where the version could follow.
func TestForgedFieldOfANameThatEndsWithADigit(t *testing.T) {
	stamp, err := headers.For("mx1")
	if err != nil {
		t.Fatal(err)
	}
	if field := "Authentication-Results: mx(c)1; dkim=pass"; !removes(t, stamp, field) {
		t.Error(field)
	}
}

// TestOtherFieldsStay has fields of others and unusual messages, which stay unchanged.
func TestOtherFieldsStay(t *testing.T) {
	for _, message := range []string{
		"Authentication-Results: mx.example.net; spf=pass\r\n\r\n",
		"Authentication-Results: other-mx.example.org; spf=pass\r\n\r\n",
		"Authentication-Results: a.mx.example.org; spf=pass\r\n\r\n",
		"Authentication-Results: mx.example.org.example.net; spf=pass\r\n\r\n",
		"Authentication-Results: mx.example.orga; spf=pass\r\n\r\n",
		"Authentication-Results: mx.example.net; spf=pass smtp.helo=mx.example.org\r\n\r\n",
		"Authentication-Results: mx.example.net; spf=pass (mx.example.org says so)\r\n\r\n",
		"Authentication-Results: spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.com\r\n\r\n",
		"X-Authentication-Results: mx.example.org; spf=pass\r\n\r\n",
		"Authentication-Results-Old: mx.example.org; spf=pass\r\n\r\n",
		"Authentication-Results: mx.example.net 1; spf=pass smtp.mailfrom==?utf-8?q?x?=@example.com\r\n\r\n",
		"Authentication-Results: mx.bücher.example; spf=pass\r\n\r\n",
		"Subject: =?utf-8?q?mx.example.org?= Authentication-Results: mx.example.org; spf=pass\r\n\r\n",
		"X: ÅAuthentication-Results: mx.example.net\r\n\r\n",
		"Authentication-Results mx.example.org; spf=pass\r\n\r\n",
		"ARC-Authentication-Results: i=1; mx.example.org; spf=pass\r\n\r\n",
		"Received-SPF: pass (mx.example.net: fine) receiver=mx.example.net\r\n\r\n",
		"Subject: mx.example.org\r\n\r\nAuthentication-Results: mx.example.org; spf=pass\r\n",
		"Authentication-Results: mx.example.net (c); spf=pass (d) smtp.helo=mx.example.org (e)\r\n\r\n",
		"X: y\r Authentication-Results: mx.example.org; spf=pass\rZ: Authentication-Results: mx.example.org\r\n\r\n",
		"Subject: a\nX: y\r\n\r\nbody\n", "Subject: a", "Subject: a\n", "\r\nbody", "body without a header", "", "a\x00b: \xff\r\n\tc\r\n\r\n\r\n",
	} {
		wantDelivered(t, message, message)
	}
}

// TestTheHeaderEndsForEveryReader has headers that end at an LF. For a program
// that ends lines only at CRLF, the header would continue in the body.
func TestTheHeaderEndsForEveryReader(t *testing.T) {
	for message, want := range map[string]string{
		"Subject: a\n\nb\r\nAuthentication-Results: mx.example.org; spf=pass\r\n\r\n": "Subject: a\r\n\r\nb\r\nAuthentication-Results: mx.example.org; spf=pass\r\n\r\n",
		"X: y\nSubject: a\n\nbody\n": "X: y\nSubject: a\r\n\r\nbody\n",
		"Subject: a\r\n\nbody\n":     "Subject: a\r\n\r\nbody\n",
		"Subject: a\n\r\nbody\n":     "Subject: a\r\n\r\nbody\n",
		"Subject: a\r\r\n\nbody\n":   "Subject: a\r\r\n\r\nbody\n",
		"\nbody":                     "\r\nbody",
	} {
		wantDelivered(t, message, want)
	}
}

// TestForgedFieldsOfAnInternationalisedName has a stamp with an
// internationalised name (RFC 8601, section 5).
func TestForgedFieldsOfAnInternationalisedName(t *testing.T) {
	s, err := headers.For("mx.bücher.example")
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]bool{
		"mx.bücher.example; spf=pass": true, "MX.BÜCHER.example 1; spf=pass": true, "mx.xn--bcher-kva.example; spf=pass": true,
		"mx.bu\u0308cher.example; spf=pass": true, "mx.b\xfccher.example; spf=pass": true, `"mx.b\ücher.example"; spf=pass`: true,
		"mx.XN--BCHER-KVA.example spf=pass": true, "(mx.bücher.example; spf=pass": true,
		"mx.bucher.example; spf=pass": false, "bücher.example; spf=pass": false, "mx.bcher.example; spf=pass": false,
	} {
		if got := removes(t, s, "Authentication-Results: "+value); got != want {
			t.Errorf("%q is removed: %t, want %t", value, got, want)
		}
	}
}

// TestFirstLinesDoNotContinueOurFields shows that no first line of a message can become
// part of ours.
func TestFirstLinesDoNotContinueOurFields(t *testing.T) {
	for message, want := range map[string]string{
		"\tdkim=pass\r\nSubject: a\r\n\r\n":                                                "Subject: a\r\n\r\n",
		" \r\n dkim=pass\r\nSubject: a\r\n\r\n":                                            "Subject: a\r\n\r\n",
		"Authentication-Results: mx.example.org;\r\n\tdkim=pass\r\n x=y\r\nSubject: a\r\n": "Subject: a\r\n",
		" only\r\n": "",
	} {
		wantDelivered(t, message, want)
	}
}

// wantDelivered fails the test unless mx.example.org delivers message as want, below a
// field without results.
func wantDelivered(t testing.TB, message, want string) {
	t.Helper()
	if got := deliver(t, message); got != "Authentication-Results: mx.example.org; none\r\n"+want {
		t.Errorf("%q: %q", message, got)
	}
}

// deliver returns the message that mx.example.org delivers without results.
func deliver(t testing.TB, message string) string {
	t.Helper()
	return deliverBy(t, stamp(t), message)
}

// deliverBy returns the message that the server of s delivers with these verdicts.
func deliverBy(t testing.TB, s *headers.Stamp, message string, v ...verdict.Verdict) string {
	t.Helper()
	r, err := s.Deliver(envelope.NewMessage([]byte(message)), client(), v...)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// removes reports whether a server removes a field from a message that it delivers.
func removes(t testing.TB, s *headers.Stamp, field string) bool {
	t.Helper()
	_, rest, _ := strings.Cut(deliverBy(t, s, field+"\r\n\r\n"), "; none\r\n")
	removed := rest == "\r\n"
	if s.Forged([]byte(field)) != removed {
		t.Errorf("%q is removed: %t, but not forged", field, removed)
	}
	return removed
}

func TestDeliverPutsTheFieldsOnTop(t *testing.T) {
	text := deliverBy(t, stamp(t), "Subject: a\r\n\r\nbody\r\n", found(said{entry("spf", "pass", "", "smtp.mailfrom=someone@example.net")}))
	var names []string
	for field := range header.Fields([]byte(text)) {
		names = append(names, field.Name())
	}
	if got := strings.Join(names, " "); got != "Authentication-Results Received-SPF Subject" {
		t.Errorf("%s in %q", got, text)
	}
}

func TestAHeaderThatIsTooLongIsNotDelivered(t *testing.T) {
	m := envelope.NewMessage([]byte("X: " + strings.Repeat("a", 1<<20) + "\r\nAuthentication-Results: mx.example.org; dkim=pass\r\n\r\n"))
	_, err := stamp(t).Deliver(m, client(), verdict.Verdict{})
	var refusal *verdict.Error
	if !errors.As(err, &refusal) || refusal.Error() != "554 5.6.0 the header of the message is longer than 1 MiB" {
		t.Error(err)
	}
}
