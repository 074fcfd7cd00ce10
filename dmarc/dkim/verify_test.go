package dkim_test

import (
	"crypto"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

// verify returns the results of the signatures of a message, with reasons.
func verify(t testing.TB, r envelope.Resolver, raw string) *dkim.Result {
	t.Helper()
	return dkim.Evaluate(t.Context(), r, &envelope.Envelope{Message: envelope.NewMessage([]byte(raw)), Now: now})
}

// said returns the result of each signature.
func said(r *dkim.Result) string {
	var b strings.Builder
	for i, s := range r.Signatures {
		if i > 0 {
			b.WriteString(" | ")
		}
		b.WriteString(s.Word)
		if s.Reason != "" {
			b.WriteString(": " + s.Reason)
		}
	}
	return b.String()
}

func keyOf(name string) crypto.Signer {
	switch name {
	case "ed":
		return edKey
	case "small":
		return smallKey()
	}
	return rsaKey()
}

func TestEveryCanonicalizationAndAlgorithm(t *testing.T) {
	bodies := map[string]string{
		"usual":                "Hello  Bob, \r\n\ttab\t.\r\n\r\n.\r\n",
		"empty":                "",
		"one empty line":       "\r\n",
		"only empty lines":     "\r\n\r\n\r\n",
		"only blanks":          " \t\r\n \r\n",
		"blanks, no line end":  "  ",
		"no line end":          "Hello",
		"empty lines at last":  "Hello\r\n\r\n\r\n",
		"blank lines at last":  "Hello\r\n \t \r\n\t\r\n",
		"empty lines inside":   "\r\n\r\nHello\r\n\r\n\r\nBob\r\n",
		"blanks at line ends":  "Hello \t \r\nBob\t\r\n",
		"blanks at the end":    "Hello \t",
		"8-bit, NUL, bare CR":  "ä\xff\x00a\rb\r\r\n\rc\r\n",
		"one long line":        strings.Repeat("0123456789", 10_000),
		"long runs of blanks":  "a" + strings.Repeat(" \t", 20_000) + "b\r\n",
		"many empty lines":     "a" + strings.Repeat("\r\n", 20_000) + "b" + strings.Repeat("\r\n", 20_000),
		"dots as on the wire":  "..\r\n.\r\n",
		"a CR is the last one": "Hello\r",
	}
	for name, body := range bodies {
		for _, form := range []string{"simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed", "simple", "relaxed"} {
			for _, key := range []string{"rsa", "ed"} {
				t.Run(fmt.Sprint(name, ", ", form, ", ", key), func(t *testing.T) {
					algorithm := map[string]string{"rsa": "rsa-sha256", "ed": "ed25519-sha256"}[key]
					tags := "v=1; a=" + algorithm + "; c=" + form + "; d=example.org; s=" + key + "; h=from:to:subject; bh=; b="
					head, _, _ := strings.Cut(mail, "\r\n\r\n")
					signed := sign(tags, head+"\r\n\r\n"+body, keyOf(key))
					if got := said(verify(t, world(), signed)); got != "pass" {
						t.Error(got)
					}
				})
			}
		}
	}
}

// TestUnusualSignaturesAreValid has signatures that are valid although they look wrong.
func TestUnusualSignaturesAreValid(t *testing.T) {
	for _, tc := range []struct{ name, tags string }{
		{"as usual", usual},
		{"the default form is simple", "v=1; a=rsa-sha256; d=example.org; s=rsa; h=From; bh=; b="},
		{"b= in the middle", "v=1; b=; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=rsa; h=From; bh="},
		{"b= first, simple", "b=; v=1; a=rsa-sha256; c=simple/simple; d=example.org; s=rsa; h=From; bh=;"},
		{"blanks around b= and its value, simple", "v=1; a=rsa-sha256; c=simple; d=example.org; s=rsa; h=From; bh=; b\t=\r\n "},
		{"blanks everywhere", "\r\n v = 1 ;\r\n\ta =\trsa-sha256 ; c = relaxed/relaxed ; d =\r\n example.org ; s = rsa ; h = From :\r\n\tTo : Subject ; bh = ; b ="},
		{"no blanks anywhere", "v=1;a=rsa-sha256;c=relaxed;d=example.org;s=rsa;h=From;bh=;b="},
		{"a semicolon at the end", usual + ";"},
		{"empty tags", "v=1;; a=rsa-sha256; ;c=relaxed; d=example.org; s=rsa; h=From; bh=; b=;;"},
		{"b= inside i=", "v=1; a=rsa-sha256; c=relaxed; d=example.org; s=rsa; i=bob=example.net@example.org; h=From; bh=; b="},
		{"b= inside z=", "v=1; a=rsa-sha256; c=relaxed; d=example.org; s=rsa; z=From:bob=40example.org|b=x; h=From; bh=; b="},
		{"a tag whose name ends in b", "v=1; a=rsa-sha256; c=relaxed; d=example.org; s=rsa; xb=1; h=From; bh=; b="},
		{"a= in upper case", "v=1; a=RSA-SHA256; c=relaxed; d=example.org; s=rsa; h=From; bh=; b="},
		{"c= in upper case", "v=1; a=rsa-sha256; c=RELAXED/Relaxed; d=example.org; s=rsa; h=From; bh=; b="},
		{"d= in upper case", "v=1; a=rsa-sha256; c=relaxed; d=EXAMPLE.org; s=RSA; h=From; bh=; b="},
		{"d= and i= differ in case", "v=1; a=rsa-sha256; c=relaxed; d=example.org; s=rsa; i=Bob@EXAMPLE.ORG; h=From; bh=; b="},
		{"i= below d=", "v=1; a=rsa-sha256; c=relaxed; d=example.org; s=rsa; i=@mail.example.org; h=From; bh=; b="},
		{"i= with an @ in its local part", `v=1; a=rsa-sha256; c=relaxed; d=example.org; s=rsa; i="a@b"@example.org; h=From; bh=; b=`},
		{"i= folded", "v=1; a=rsa-sha256; c=relaxed; d=example.org; s=rsa; i=bob\r\n @example.org; h=From; bh=; b="},
		{"q=", "v=1; a=rsa-sha256; c=relaxed; q=dns/txt; d=example.org; s=rsa; h=From; bh=; b="},
		{"q= with another before", "v=1; a=rsa-sha256; c=relaxed; q=http/x : DNS/TXT; d=example.org; s=rsa; h=From; bh=; b="},
		{"unknown tags", "v=1; a=rsa-sha256; c=relaxed; d=example.org; s=rsa; r=y; x_1=a=b; h=From; bh=; b="},
		{"h= in upper case", "v=1; a=rsa-sha256; c=relaxed; d=example.org; s=rsa; h=FROM:SUBJECT; bh=; b="},
		{"h= with names that are not there", "v=1; a=rsa-sha256; c=relaxed; d=example.org; s=rsa; h=From:From:Cc:Reply-To:Sender; bh=; b="},
		{"h= with itself", "v=1; a=rsa-sha256; c=relaxed; d=example.org; s=rsa; h=From:DKIM-Signature:dkim-signature; bh=; b="},
		{"t= now", "v=1; a=rsa-sha256; c=relaxed; d=example.org; s=rsa; t=1770026400; h=From; bh=; b="},
		{"t= four minutes ahead", "v=1; a=rsa-sha256; c=relaxed; d=example.org; s=rsa; t=1770026640; h=From; bh=; b="},
		{"t=0", "v=1; a=rsa-sha256; c=relaxed; d=example.org; s=rsa; t=0; h=From; bh=; b="},
		{"x= tomorrow", "v=1; a=rsa-sha256; c=relaxed; d=example.org; s=rsa; t=1770026400; x=1770112800; h=From; bh=; b="},
		{"x= four minutes ago", "v=1; a=rsa-sha256; c=relaxed; d=example.org; s=rsa; x=1770026160; h=From; bh=; b="},
		{"x= of 20 digits", "v=1; a=rsa-sha256; c=relaxed; d=example.org; s=rsa; x=99999999999999999999; h=From; bh=; b="},
		{"key of 1024 bits", "v=1; a=rsa-sha256; c=relaxed; d=example.org; s=small; h=From; bh=; b="},
	} {
		t.Run(tc.name, func(t *testing.T) {
			key := rsaKey()
			if strings.Contains(tc.tags, "s=small") {
				key = smallKey()
			}
			if got := said(verify(t, world(), sign(tc.tags, mail, key))); got != "pass" {
				t.Error(got)
			}
		})
	}
}

// TestSignaturesOverSignatures tests that a signature may cover those below it and never
// covers itself.
func TestSignaturesOverSignatures(t *testing.T) {
	first := sign(usual, mail, rsaKey())
	second := sign(with("h", "From:DKIM-Signature:DKIM-Signature"), first, rsaKey())
	third := sign(with("h", "From:DKIM-Signature"), second, rsaKey()) // the one at the bottom
	for _, tc := range []struct{ name, raw, want string }{
		{"one above the other", second, "pass | pass"},
		{"three", third, "pass | fail: the signature does not match the message | pass"},
		{"the lower one is gone", strings.Replace(second, strings.TrimSuffix(first, mail), "", 1), "fail: the signature does not match the message"},
	} {
		if got := said(verify(t, world(), tc.raw)); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestResultInJSON(t *testing.T) {
	for raw, want := range map[string]string{
		mail: `{"signatures":[]}`,
		sign(usual, strings.Replace(mail, "From:", "Fro:", 1), rsaKey()): `{"signatures":[{"domain":"example.org","selector":"rsa","result":"permerror","reason":"the message has no From field"}]}`,
	} {
		got, err := json.Marshal(verify(t, world(), raw))
		if err != nil || string(got) != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
}

// TestExamplesOfTheRFCs has the signed messages and keys of RFC 6376, appendix A.2 and
// RFC 8463, appendix A.3.
func TestExamplesOfTheRFCs(t *testing.T) {
	dns := zone.MustParse(
		"brisbane._domainkey.example.com. TXT " + txt("v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkM"+
			"oGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToI"+
			"MmPSPDdQPNUYckcQ2QIDAQAB") + "\n" +
			"test._domainkey.football.example.com. TXT " + txt("v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3"+
			"idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"+
			"Ip3G+2kryOTIKT+l/K4w3QIDAQAB") + "\n" +
			"brisbane._domainkey.football.example.com. TXT " + txt("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="))
	const message = `From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game. Are you hungry yet?

Joe.
`
	for name, tc := range map[string]struct{ raw, want string }{
		"RFC 6376": {`DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;
      c=simple/simple; q=dns/txt; i=joe@football.example.com;
      h=Received : From : To : Subject : Date : Message-ID;
      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB
      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut
      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV
      4bmp/YzhwvcubU4=;
Received: from client1.football.example.com  [192.0.2.1]
      by submitserver.example.com with SUBMISSION;
      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)
` + message, "pass"},
		"RFC 8463": {`DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
` + message, "pass | pass"},
	} {
		raw := strings.ReplaceAll(tc.raw, "\n", "\r\n")
		if got := said(verify(t, dns, raw)); got != tc.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
