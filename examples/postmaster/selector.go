package postmaster

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
)

// describeKey says what a verifier finds at a DKIM selector (RFC 6376, section 3.6). It
// verifies a message with signatures of the domain that are not valid, one for each
// algorithm: what their results say of the key is true of every message.
//
// DNS: one TXT.
func describeKey(ctx context.Context, r envelope.Resolver, domain envelope.Host, selector string, now time.Time) string {
	name := envelope.CleanText(selector, false) + "._domainkey." + string(domain)
	if _, err := envelope.ParseHost(strings.ReplaceAll(name, "_", "x")); err != nil {
		return "The selector is not a name in DNS."
	}
	const body = "\r\n"
	hash := sha256.Sum256([]byte(body))
	var message strings.Builder
	for _, algorithm := range []string{"rsa-sha256", "ed25519-sha256"} {
		fmt.Fprintf(&message, "DKIM-Signature: v=1; a=%s; d=%s; s=%s; h=from; bh=%s; b=%s\r\n", algorithm, domain, selector,
			base64.StdEncoding.EncodeToString(hash[:]), base64.StdEncoding.EncodeToString(make([]byte, 64)))
	}
	fmt.Fprintf(&message, "From: postmaster@%s\r\n\r\n%s", domain, body)
	signatures := dkim.Evaluate(envelope.WithJudgement(ctx), r, &envelope.Envelope{Message: envelope.NewMessage([]byte(message.String())), Now: now}).Signatures
	for _, s := range signatures {
		kind, _, _ := strings.Cut(s.Algorithm, "-")
		switch {
		case s.KeyBits == 0 || s.Word == "permerror":
		case s.Testing:
			return fmt.Sprintf("%s has a key for %s of %d bits, which is for testing (t=y): some receivers treat its signatures as missing.", name, kind, s.KeyBits)
		default:
			return fmt.Sprintf("%s has a key for %s of %d bits.", name, kind, s.KeyBits)
		}
	}
	for _, s := range signatures {
		return name + ": " + s.Reason + "."
	}
	return name + " could not be read."
}
