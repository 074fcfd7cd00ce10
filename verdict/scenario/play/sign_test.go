package play

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
)

// Another implementation verifies the signatures of messages with every kind of blank.
func TestSignaturesAreValid(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	record := "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
	for _, tc := range []struct {
		name, message string
		fields        []string
	}{
		{"plain", "From: a@example.org\r\nSubject: x\r\n\r\nHello.\r\n", nil},
		{"some fields", "From: a@example.org\r\nSubject: x\r\n\r\nHello.\r\n", []string{"from", "Subject", "To"}},
		{"folded, with blanks", "FROM :  a@example.org\r\nSubject:\tx \t y\r\n  z  \r\n\r\n", nil},
		{"repeated fields", "Received: 1\r\nReceived: 2\r\nFrom: a@example.org\r\nReceived: 3\r\n\r\nx\r\n", nil},
		{"blanks in lines", "From: a@example.org\r\n\r\n a \t b\t\r\n \t\r\nc\r\n", nil},
		{"empty lines at the end", "From: a@example.org\r\n\r\nx\r\n\r\n \r\n\r\n", nil},
		{"empty body", "From: a@example.org\r\n\r\n", nil},
		{"only empty lines", "From: a@example.org\r\n\r\n\r\n\r\n", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			signed, err := signing{domain: "example.org", selector: "s", fields: tc.fields, key: key, at: time.Unix(1e9, 0)}.sign(tc.message)
			if err != nil {
				t.Fatal(err)
			}
			found, err := dkim.VerifyWithOptions(strings.NewReader(signed), &dkim.VerifyOptions{
				LookupTXT: func(string) ([]string, error) { return []string{record}, nil },
			})
			if err != nil || len(found) != 1 || found[0].Err != nil || found[0].Time.Unix() != 1e9 {
				t.Errorf("%v, %+v of\n%s", err, found, signed)
			}
			if !strings.HasSuffix(signed, tc.message) {
				t.Errorf("the message was changed: %q", signed)
			}
		})
	}
}
