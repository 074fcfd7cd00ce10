package dkim_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"mxrules.example/envelope/zone"
)

// The private keys of the tests. Their public keys are in world, as the selectors rsa,
// small (1024 bits) and ed of example.org.
var (
	rsaKey   = generated(2048)
	smallKey = generated(1024)
	edKey    = ed25519.NewKeyFromSeed([]byte("a seed that nobody has to keep.."))
)

func generated(bits int) func() crypto.Signer {
	return sync.OnceValue(func() crypto.Signer {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		return key
	})
}

// record returns the key record of a key.
func record(key crypto.Signer) string {
	if public, isEd25519 := key.Public().(ed25519.PublicKey); isEd25519 {
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(spki(key.Public()))
}

func spki(public crypto.PublicKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		panic(err)
	}
	return der
}

// txt returns the value of a TXT record: strings of at most 255 octets.
func txt(text string) string {
	var b strings.Builder
	for len(text) > 250 {
		b.WriteString(txt(text[:250]) + " ")
		text = text[250:]
	}
	return b.String() + `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// world returns the zone of the tests, with additional records.
func world(more ...string) *zone.Zone {
	return zone.MustParse(strings.Join(append([]string{
		"rsa._domainkey.example.org. TXT " + txt(record(rsaKey())),
		"small._domainkey.example.org. TXT " + txt(record(smallKey())),
		"ed._domainkey.example.org. TXT " + txt(record(edKey)),
		"revoked._domainkey.example.org. TXT " + txt("v=DKIM1; p="),
		"rsa._domainkey.list.example. TXT " + txt(record(rsaKey())),
	}, more...), "\n"))
}

// now is the time of the tests.
var now = time.Date(2026, 2, 2, 10, 0, 0, 0, time.UTC)

// mail is an unsigned message.
const mail = "Received: from a.example by b.example;\r\n" +
	"\tMon, 2 Feb 2026 09:59:00 +0000\r\n" +
	"From: Ann <ann@example.org>\r\n" +
	"To: bob@example.net,\r\n  carol@example.net  \r\n" +
	"Subject:  two  blanks\t\r\n" +
	"Date: Mon, 2 Feb 2026 10:00:00 +0000\r\n" +
	"\r\n" +
	"Hello  Bob, \r\n\tthis is a tab\t.\r\n\r\n.\r\n \r\n\r\n"

// usual has the tags of a common signature.
const usual = "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=rsa;\r\n h=From:To:Subject:Date; bh=; b="

// sign adds a signature with these tags to the top of a message. It computes bh= and b=
// unless the tags have them. It is a plain implementation of RFC 6376 that shares no
// code with the verifier.
func sign(tags, message string, key crypto.Signer) string {
	head, body, _ := strings.Cut(message, "\r\n\r\n")
	canonicalization := strings.ToLower(tagOf(tags, "c"))
	relaxedHeader := strings.HasPrefix(canonicalization, "relaxed")
	relaxedBody := strings.HasSuffix(canonicalization, "/relaxed")

	if tagOf(tags, "bh") == "" {
		sum := sha256.Sum256([]byte(plainBody(body, relaxedBody)))
		tags = fillTag(tags, "bh", base64.StdEncoding.EncodeToString(sum[:]))
	}
	if tagOf(tags, "b") == "" {
		signed := picked(splitFields(head), tagOf(tags, "h"), relaxedHeader) +
			plainField("DKIM-Signature: "+withoutData(tags), relaxedHeader)
		tags = fillTag(tags, "b", base64.StdEncoding.EncodeToString(signature(signed, key)))
	}
	return "DKIM-Signature: " + tags + "\r\n" + message
}

func signature(text string, key crypto.Signer) []byte {
	digest, hash := sha256.Sum256([]byte(text)), crypto.SHA256
	if _, isEd25519 := key.(ed25519.PrivateKey); isEd25519 {
		hash = 0 // RFC 8463, section 3: the hash is what is signed
	}
	data, err := key.Sign(rand.Reader, digest[:], hash)
	if err != nil {
		panic(err)
	}
	return data
}

// picked returns the canonical form of the fields that h= names.
func picked(fields []string, names string, relaxed bool) string {
	var b strings.Builder
	for _, name := range strings.Split(names, ":") {
		for i := len(fields) - 1; i >= 0; i-- {
			if strings.EqualFold(strings.TrimSpace(name), nameOf(fields[i])) && strings.Contains(fields[i], ":") {
				b.WriteString(plainField(fields[i], relaxed) + "\r\n")
				fields = slices.Delete(fields, i, i+1)
				break
			}
		}
	}
	return b.String()
}

var (
	foldings = regexp.MustCompile(`\r\n([ \t])`)
	blanks   = regexp.MustCompile(`[ \t]+`)
	fieldEnd = regexp.MustCompile(`\r\n([^ \t])`)
)

// splitFields splits a header, without its empty line, into fields.
func splitFields(head string) []string {
	return strings.Split(fieldEnd.ReplaceAllString(head, "\x00$1"), "\x00")
}

func nameOf(field string) string {
	name, _, _ := strings.Cut(field, ":")
	return strings.TrimRight(name, " \t")
}

// plainField returns a field in canonical form, without the end of its last line.
func plainField(field string, relaxed bool) string {
	if !relaxed {
		return field
	}
	_, value, _ := strings.Cut(field, ":")
	value = blanks.ReplaceAllString(foldings.ReplaceAllString(value, "$1"), " ")
	return strings.ToLower(nameOf(field)) + ":" + strings.Trim(value, " ")
}

// plainBody returns a body in canonical form.
func plainBody(body string, relaxed bool) string {
	if relaxed {
		body = strings.ReplaceAll(blanks.ReplaceAllString(body, " "), " \r\n", "\r\n")
		body = strings.TrimSuffix(body, " ")
	}
	for strings.HasSuffix(body, "\r\n") {
		body = strings.TrimSuffix(body, "\r\n")
	}
	if relaxed && body == "" {
		return ""
	}
	return body + "\r\n"
}

// tagPattern finds a tag and its value.
func tagPattern(name string) *regexp.Regexp {
	return regexp.MustCompile(`(^|;)(\s*` + name + `\s*=\s*)([^;]*)`)
}

func tagOf(tags, name string) string {
	if found := tagPattern(name).FindStringSubmatch(tags); found != nil {
		return strings.TrimSpace(found[3])
	}
	return ""
}

func fillTag(tags, name, value string) string {
	return tagPattern(name).ReplaceAllString(tags, "${1}${2}"+value)
}

// withoutData returns a signature without the value of b= and the blanks around it.
func withoutData(tags string) string {
	return regexp.MustCompile(`(^|;)(\s*b\s*=)[^;]*`).ReplaceAllString(tags, "$1$2")
}
