package specimen

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// Selectors of the signatures of specimens. The key of brokenSelector cannot be looked up.
const (
	selector       = "specimen"
	brokenSelector = "broken"
)

// brokenKey returns the question for the key that cannot be looked up.
func brokenKey(domain string) string { return brokenSelector + "._domainkey." + domain + ". TXT" }

// signer signs messages for any domain.
type signer struct{ key ed25519.PrivateKey }

// newSigner returns a signer with a key that is the same in each run, so that signatures are
// too.
func newSigner() signer {
	seed := sha256.Sum256([]byte("a key for specimens"))
	return signer{ed25519.NewKeyFromSeed(seed[:])}
}

// record returns the record of the key for a domain.
func (s signer) record(domain string) string {
	public := base64.StdEncoding.EncodeToString(s.key.Public().(ed25519.PublicKey))
	return fmt.Sprintf("%s._domainkey.%s. TXT \"v=DKIM1; k=ed25519; p=%s\"\n", selector, domain, public)
}

// usual returns a message with a valid signature over its whole header.
func (s signer) usual(message, domain string) string {
	return s.sign(message, domain, selector, func(string) bool { return true })
}

// brief returns a message with a valid signature that covers only From.
func (s signer) brief(message, domain string) string {
	return s.sign(message, domain, selector, func(name string) bool { return name == "From" })
}

// unknown returns a message with a signature whose key cannot be looked up.
func (s signer) unknown(message, domain string) string {
	return s.sign(message, domain, brokenSelector, func(string) bool { return true })
}

// altered returns a message that was altered after it was signed.
func (s signer) altered(message, domain string) string {
	return s.usual(message, domain) + "This line was added on the way.\r\n"
}

// sign returns a message with a DKIM signature over its body and the fields that it covers,
// both in the simple form (RFC 6376, section 3.4; RFC 8463).
func (s signer) sign(message, domain, selector string, covers func(name string) bool) string {
	header, body, _ := strings.Cut(message, "\r\n\r\n")
	var names, fields []string
	for field := range strings.SplitSeq(header, "\r\n") {
		if name, _, _ := strings.Cut(field, ":"); covers(name) {
			names, fields = append(names, name), append(fields, field+"\r\n")
		}
	}
	sum := sha256.Sum256([]byte(body))
	signature := fmt.Sprintf("DKIM-Signature: v=1; a=ed25519-sha256; d=%s; s=%s; h=%s; bh=%s; b=",
		domain, selector, strings.Join(names, ":"), base64.StdEncoding.EncodeToString(sum[:]))
	sum = sha256.Sum256([]byte(strings.Join(fields, "") + signature))
	return signature + base64.StdEncoding.EncodeToString(ed25519.Sign(s.key, sum[:])) + "\r\n" + message
}
