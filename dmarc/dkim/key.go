package dkim

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"slices"
	"strings"

	"mxrules.example/envelope"
)

const (
	// maxRecord is the maximum length of a key record in octets. An RSA key of 4096
	// bits needs about 750.
	maxRecord = 8 << 10
	// RFC 8301, section 3.2 forbids shorter keys and does not require longer ones.
	minBits, maxBits = 1024, 4096
	// maxExponent bounds the work for a signature. Keys in use have 65537 or 3.
	maxExponent = 1<<31 - 1
)

// key is a key record (RFC 6376, section 3.6.1).
type key struct {
	record  string           // as published
	public  crypto.PublicKey // *rsa.PublicKey or ed25519.PublicKey
	bits    int
	testing bool // t=y
	strict  bool // t=s: no identity below the domain
}

// keyFault is the reason why a key is not usable. It is a permanent error.
type keyFault string

func (fault keyFault) Error() string { return string(fault) }

// keyName returns the name that has the key of a selector (RFC 6376, section
// 3.6.2.1).
func keyName(selector string, domain envelope.Host) string {
	return selector + "._domainkey." + string(domain)
}

// lookupKey looks up a key. The error is a keyFault or the error of a failed lookup.
func lookupKey(ctx context.Context, r envelope.Resolver, name string) (*key, error) {
	texts, err := envelope.LookupTXT(ctx, r, name)
	switch {
	case envelope.NotFound(err):
		return nil, keyFault("there is no key record")
	case err != nil:
		return nil, err
	}
	// The name may have other records, for example from a wildcard.
	records := slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return !isKeyRecord(text) })
	switch {
	case len(records) == 0:
		return nil, keyFault("the TXT record is not a key record")
	case len(records) > 1: // RFC 6376, section 3.6.2.2: the results are undefined
		return nil, keyFault("there is more than one key record")
	}
	return parseKey(records[0])
}

// isKeyRecord reports whether a TXT record is a key record: it begins with v=DKIM1, or
// it has no version but a tag p.
func isKeyRecord(text string) bool {
	if len(text) > maxRecord {
		return strings.HasPrefix(text, "v=DKIM1")
	}
	first, _, _ := strings.Cut(text, ";")
	name, value, _ := strings.Cut(first, "=")
	if trimBlanks(name) == "v" {
		return trimBlanks(value) == "DKIM1"
	}
	for spec := range strings.SplitSeq(text, ";") {
		if name, _, found := strings.Cut(spec, "="); found && trimBlanks(name) == "p" {
			return true
		}
	}
	return false
}

// parseKey parses a key record. Unknown tags are ignored (RFC 6376, section 3.6.1).
func parseKey(text string) (*key, error) {
	if len(text) > maxRecord {
		return nil, keyFault("the key record is longer than 8 KiB")
	}
	tags, fault := parseTagList(text)
	if fault != "" {
		return nil, keyFault("the key record " + fault)
	}
	if tags.has("v") && tags[0].name != "v" {
		return nil, keyFault("the key record does not begin with its version (v=)")
	}
	data, found := tags.find("p")
	switch {
	case !found:
		return nil, keyFault("the key record has no key (p=)")
	case data.value == "":
		return nil, keyFault("the key has been revoked")
	case !slices.Contains(words(tags.value("h", "sha256")), "sha256"):
		return nil, keyFault("the key is not for SHA-256 (h=)")
	}
	if services := words(tags.value("s", "*")); !slices.Contains(services, "*") && !slices.Contains(services, "email") {
		return nil, keyFault("the key is not for mail (s=)")
	}
	public, ok := decodeBase64(data.value)
	if !ok {
		return nil, keyFault("the key (p=) is not base64")
	}
	k, err := parsePublic(lowerASCII(tags.value("k", "rsa")), public)
	if err != nil {
		return nil, err
	}
	flags := words(tags.value("t", ""))
	k.record = text
	k.testing, k.strict = slices.Contains(flags, "y"), slices.Contains(flags, "s")
	return k, nil
}

func parsePublic(kind string, data []byte) (*key, error) {
	switch kind {
	case "rsa":
		return parseRSA(data)
	case "ed25519": // only the 32 octets (RFC 8463, section 4.2)
		if len(data) != ed25519.PublicKeySize {
			return nil, keyFault("the key (p=) is not an Ed25519 key")
		}
		return &key{public: ed25519.PublicKey(data), bits: 8 * ed25519.PublicKeySize}, nil
	}
	return nil, keyFault("the type of the key (k=) is unknown")
}

// parseRSA parses an RSA key: the RSAPublicKey that RFC 6376, section 3.6.1 requires,
// or a SubjectPublicKeyInfo, which is usual.
func parseRSA(data []byte) (*key, error) {
	public, err := x509.ParsePKCS1PublicKey(data)
	if err != nil {
		info, err := x509.ParsePKIXPublicKey(data)
		if err != nil {
			return nil, keyFault("the key (p=) is not an RSA key")
		}
		var isRSA bool
		if public, isRSA = info.(*rsa.PublicKey); !isRSA {
			return nil, keyFault("the key (p=) is not an RSA key")
		}
	}
	bits := public.N.BitLen()
	switch {
	case bits < minBits:
		return nil, keyFault("the key is shorter than 1024 bits")
	case bits > maxBits:
		return nil, keyFault("the key is longer than 4096 bits")
	case public.E < 3 || public.E%2 == 0 || public.E > maxExponent || public.N.Bit(0) == 0:
		return nil, keyFault("the key (p=) is not a usable RSA key")
	}
	return &key{public: public, bits: bits}, nil
}

// errMismatch is the error for a signature that the key did not make.
var errMismatch = errors.New("the signature does not match the message")

// verify returns no error if data is the signature of digest, a SHA-256 hash, by the
// algorithm of the signature.
func (k *key) verify(algorithm string, digest, data []byte) error {
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		if algorithm != "rsa-sha256" {
			return keyFault("the key has another type than the signature")
		}
		if rsa.VerifyPKCS1v15(public, crypto.SHA256, digest, data) != nil {
			return errMismatch
		}
	case ed25519.PublicKey:
		if algorithm != "ed25519-sha256" {
			return keyFault("the key has another type than the signature")
		}
		if !ed25519.Verify(public, digest, data) { // it signs the hash (RFC 8463, section 3)
			return errMismatch
		}
	}
	return nil
}
