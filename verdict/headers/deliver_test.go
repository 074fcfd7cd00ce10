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

// TestForgedFieldsAreRemoved gives fields that claim to be those of
// mx.example.org, in all the ways that somebody may read them so.
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
	} {
		if got := deliver(t, "Subject: a\r\n"+field+"\r\nTo: b\r\n\r\nbody\r\n"); !strings.HasSuffix(got, "none\r\nSubject: a\r\nTo: b\r\n\r\nbody\r\n") {
			t.Errorf("%q: %q", field, got)
		}
	}
}

// TestANameThatEndsWithADigit has a comment where the version could follow.
func TestANameThatEndsWithADigit(t *testing.T) {
	stamp, err := headers.For("mx1")
	if err != nil {
		t.Fatal(err)
	}
	for field := range header.Fields([]byte("Authentication-Results: mx(c)1; dkim=pass\r\n")) {
		if !stamp.Claims(field) {
			t.Errorf("%s", field.Raw)
		}
	}
}

// TestOtherFieldsStay gives fields that are not ours, and messages of odd forms.
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
		"Authentication-Results\u00a0: mx.example.org; spf=pass\r\n\r\n",
		"Authentication-Results mx.example.org; spf=pass\r\n\r\n",
		"ARC-Authentication-Results: i=1; mx.example.org; spf=pass\r\n\r\n",
		"Received-SPF: pass (mx.example.net: fine) receiver=mx.example.net\r\n\r\n",
		"Subject: mx.example.org\r\n\r\nAuthentication-Results: mx.example.org; spf=pass\r\n",
		"Authentication-Results: mx.example.net (c); spf=pass (d) smtp.helo=mx.example.org (e)\r\n\r\n",
		"X: y\r Authentication-Results: mx.example.org; spf=pass\rZ: Authentication-Results: mx.example.org\r\n\r\n",
		"Subject: a\n\nbody\n", "Subject: a", "\r\nbody", "\nbody", "body without a header", "", "a\x00b: \xff\r\n\tc\r\n\r\n\r\n",
	} {
		if got := deliver(t, message); got != "Authentication-Results: mx.example.org; none\r\n"+message {
			t.Errorf("%q: %q", message, got)
		}
	}
}

// TestNothingContinuesOurFields shows that no first line of a message can become
// part of ours.
func TestNothingContinuesOurFields(t *testing.T) {
	for message, want := range map[string]string{
		"\tdkim=pass\r\nSubject: a\r\n\r\n":                                                "Subject: a\r\n\r\n",
		" \r\n dkim=pass\r\nSubject: a\r\n\r\n":                                            "Subject: a\r\n\r\n",
		"Authentication-Results: mx.example.org;\r\n\tdkim=pass\r\n x=y\r\nSubject: a\r\n": "Subject: a\r\n",
		" only\r\n": "",
	} {
		if got := deliver(t, message); got != "Authentication-Results: mx.example.org; none\r\n"+want {
			t.Errorf("%q: %q", message, got)
		}
	}
}

// deliver returns a message as it is delivered if nothing was found.
func deliver(t testing.TB, message string) string {
	t.Helper()
	r, err := stamp(t).Deliver(envelope.NewMessage([]byte(message)), client(), verdict.Verdict{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDeliverPutsTheFieldsOnTop(t *testing.T) {
	m := envelope.NewMessage([]byte("Subject: a\r\n\r\nbody\r\n"))
	r, err := stamp(t).Deliver(m, client(), found(said{entry("spf", "pass", "", "smtp.mailfrom=someone@example.net")}))
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(r)
	var names []string
	for field := range header.Fields(text) {
		names = append(names, field.Name())
	}
	if got := strings.Join(names, " "); got != "Authentication-Results Received-SPF Subject" {
		t.Errorf("%s in %q", got, text)
	}
}

func TestAHeaderThatIsCutIsNotDelivered(t *testing.T) {
	m := envelope.NewMessage([]byte("X: " + strings.Repeat("a", 1<<20) + "\r\nAuthentication-Results: mx.example.org; dkim=pass\r\n\r\n"))
	if _, err := stamp(t).Deliver(m, client(), verdict.Verdict{}); !errors.Is(err, headers.ErrHeaderTooLong) {
		t.Error(err)
	}
}
