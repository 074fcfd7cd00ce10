package dkim

import (
	"time"

	"mxrules.example/envelope"
)

// The results of a signature. [Signature] documents them.
const (
	pass      = "pass"
	fail      = "fail"
	policy    = "policy"
	neutral   = "neutral"
	tempError = "temperror"
	permError = "permerror"
)

// Result has the result of each signature of a message. It is the Detail of the
// findings of Pass.
type Result struct {
	// Signatures are those of the message from the top of its header, at most twenty.
	// It is never nil.
	Signatures []Signature `json:"signatures"`
	// Omitted counts the other signatures, which were not verified.
	Omitted int `json:"-"`
}

// Signature is the result of one DKIM-Signature field. Tags that could not be parsed
// are empty. An attacker controls the octets of Identity and Algorithm: clean them
// before you show them.
type Signature struct {
	// Domain is the signing domain (d=).
	Domain envelope.Host `json:"domain"`
	// Selector names the key below the domain (s=), in lower case.
	Selector string `json:"selector"`
	// Word is the result, in the words of RFC 8601, section 2.7.1:
	//   - "pass": the signature is valid.
	//   - "fail": the message has changed since it was signed.
	//   - "policy": the signature is not acceptable even if valid: it leaves part of
	//     the body unsigned (l=) or covers a header that programs read differently.
	//   - "neutral": the signature was not verified because there are too many, or it
	//     fails and its key is for testing (t=y).
	//   - "temperror": the lookup of the key failed, or the message could not be read.
	//   - "permerror": the signature or its key is malformed, missing, too weak,
	//     expired or revoked.
	Word string `json:"result"`
	// Reason says why the signature did not pass. It is safe to show.
	Reason string `json:"reason"`

	// Identity is the user or agent that the domain signs for (i=), decoded. If the
	// field has no i=, it is "@" and the domain.
	Identity string `json:"-"`
	// Algorithm is a=, in lower case, such as "rsa-sha256".
	Algorithm string `json:"-"`
	// Prefix is the beginning of the signature data (b=), eight characters or as
	// many as tell one signature of the message from another (RFC 6008, section 4).
	Prefix string `json:"-"`
	// KeyBits is the length of the public key in bits: 256 for an Ed25519 key, 0 without
	// a key.
	KeyBits int `json:"-"`
	// Testing reports whether the key is for testing (t=y).
	Testing bool `json:"-"`
	// Signed and Expires are t= and x=, zero if the field does not have them.
	Signed, Expires time.Time `json:"-"`
	// Err is the cause of a temperror. It is not for peers.
	Err error `json:"-"`

	headers []string // h=, in lower case
}

// mentions returns how often h= has a name.
func (s *Signature) mentions(name string) int {
	count := 0
	for _, header := range s.headers {
		if header == name {
			count++
		}
	}
	return count
}

// Passed reports whether a signature of the message is valid.
func (r *Result) Passed() bool {
	for _, s := range r.Signatures {
		if s.Word == pass {
			return true
		}
	}
	return false
}

// AuthenticationResults returns one entry for each signature, or the entry dkim=none
// if there is none (RFC 8601, section 2.7.1).
func (r *Result) AuthenticationResults() []envelope.AuthenticationResult {
	if len(r.Signatures) == 0 {
		return []envelope.AuthenticationResult{{Method: "dkim", Result: "none"}}
	}
	entries := make([]envelope.AuthenticationResult, len(r.Signatures))
	for i, s := range r.Signatures {
		entries[i] = envelope.AuthenticationResult{
			Method: "dkim", Result: s.Word, Reason: s.Reason, Properties: s.properties(),
		}
	}
	return entries
}

// properties are what RFC 8601, section 2.7.1 and RFC 6008 name, where known.
func (s Signature) properties() []envelope.AuthenticationProperty {
	var properties []envelope.AuthenticationProperty
	for _, p := range []struct{ name, value string }{
		{"d", string(s.Domain)}, {"i", s.Identity}, {"s", s.Selector}, {"a", s.Algorithm}, {"b", s.Prefix},
	} {
		if p.value != "" {
			properties = append(properties, envelope.AuthenticationProperty{Type: "header", Name: p.name, Value: p.value})
		}
	}
	return properties
}

// Explain returns a line for each signature, for verdict.Verdict.Explain.
func (r *Result) Explain() []string {
	var lines []string
	for _, s := range r.Signatures {
		line := "DKIM signature: " + s.Word
		if s.Domain != "" { // else it could not be read
			line = "DKIM signature of " + string(s.Domain) + " (selector " + s.Selector + "): " + s.Word
		}
		if s.Reason != "" {
			line += ", " + s.Reason
		}
		lines = append(lines, line)
	}
	return lines
}
