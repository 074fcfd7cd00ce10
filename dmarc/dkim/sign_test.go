package dkim_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"sync"
	"testing"

	msgauth "github.com/emersion/go-msgauth/dkim"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

var edKey = sync.OnceValue(func() ed25519.PrivateKey {
	_, key, _ := ed25519.GenerateKey(rand.Reader)
	return key
})

func record(key crypto.Signer) string {
	switch public := key.Public().(type) {
	case *rsa.PublicKey:
		der, _ := x509.MarshalPKIXPublicKey(public)
		return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
	case ed25519.PublicKey:
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
	}
	return ""
}

func quoted(s string) string {
	var b strings.Builder
	for len(s) > 200 {
		b.WriteString(`"` + s[:200] + `" `)
		s = s[200:]
	}
	b.WriteString(`"` + s + `"`)
	return b.String()
}

func TestVerify(t *testing.T) {
	for name, key := range map[string]crypto.Signer{"rsa": rsaKey(), "ed25519": edKey()} {
		for _, h := range []msgauth.Canonicalization{"simple", "relaxed"} {
			for _, b := range []msgauth.Canonicalization{"simple", "relaxed"} {
				var out bytes.Buffer
				raw := "From: a@example.org\r\nTo: b@example.net\r\nSubject: hello  \r\n there\r\n\r\nbody  text \r\n\r\n.\r\n\r\n"
				err := msgauth.Sign(&out, strings.NewReader(raw), &msgauth.SignOptions{
					Domain: "example.org", Selector: "s", Signer: key, HeaderCanonicalization: h, BodyCanonicalization: b,
				})
				if err != nil {
					t.Fatal(err)
				}
				dns := zone.MustParse("s._domainkey.example.org. TXT " + quoted(record(key)))
				result := dkim.Verify(t.Context(), dns, envelope.NewMessage(out.Bytes()), envelope.Envelope{}.Now)
				if !result.Passed() {
					t.Errorf("%s %s/%s: %+v", name, h, b, result)
				}
			}
		}
	}
}
