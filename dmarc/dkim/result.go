package dkim

import (
	"time"

	"mxrules.example/envelope"
)

// Word is what became of a signature, in the words of RFC 8601, section 2.7.1.
type Word string

const (
	// WordPass: the signature is valid.
	WordPass Word = "pass"
	// WordFail: the message is not what was signed.
	WordFail Word = "fail"
	// WordPolicy: the signature is not acceptable, whatever it proves: it leaves
	// part of the body unsigned (l=), or covers a header that programs read in
	// different ways.
	WordPolicy Word = "policy"
	// WordNeutral: the signature was not looked at, because there are too many,
	// or it fails and its key says that the signer is only testing.
	WordNeutral Word = "neutral"
	// WordTempError: the key, or the message, could not be read for now.
	WordTempError Word = "temperror"
	// WordPermError: the signature or its key is malformed, missing, too weak,
	// expired or revoked.
	WordPermError Word = "permerror"
)

// Result is what the signatures of a message say. It is the Detail of the
// findings of this package.
type Result struct {
	// Signatures are those of the message from the top of its header, at most
	// twenty. They are never nil.
	Signatures []Signature `json:"signatures"`
	// Omitted counts the signatures that are not among them. None of these
	// was verified.
	Omitted int `json:"-"`
}

// Signature is what was found of one DKIM-Signature field. What could not be
// read is empty. Identity and Algorithm may hold any octets that a stranger
// chose: clean them before you show them.
type Signature struct {
	// Domain is the signing domain (d=).
	Domain envelope.Host `json:"domain"`
	// Selector names the key below the domain (s=), in lower case.
	Selector string `json:"selector"`
	// Word is the result.
	Word Word `json:"result"`
	// Reason says why the signature did not pass. It is clean text.
	Reason string `json:"reason"`

	// Identity is the user or agent that the domain signs for (i=), decoded; "@"
	// and the domain if the field does not say.
	Identity string `json:"-"`
	// Algorithm is a=, in lower case, such as "rsa-sha256".
	Algorithm string `json:"-"`
	// Prefix is the beginning of the signature data (b=), eight characters or as
	// many as tell one signature of the message from another (RFC 6008, section 4).
	Prefix string `json:"-"`
	// KeyBits is the length of the public key, 0 if none was read. An Ed25519
	// key has 256.
	KeyBits int `json:"-"`
	// Testing says that the key is there for tests (t=y).
	Testing bool `json:"-"`
	// Signed and Expires are t= and x=, zero if the field does not say.
	Signed, Expires time.Time `json:"-"`
	// Err is the private cause of a temporary error.
	Err error `json:"-"`
}

// Passed reports whether a signature of the message is valid.
func (r *Result) Passed() bool {
	for _, s := range r.Signatures {
		if s.Word == WordPass {
			return true
		}
	}
	return false
}

var _ envelope.AuthenticationResults = (*Result)(nil)

// AuthenticationResults returns one entry for each signature, or the one that
// says that there is none (RFC 8601, section 2.7.1).
func (r *Result) AuthenticationResults() []envelope.AuthenticationResult {
	if len(r.Signatures) == 0 {
		return []envelope.AuthenticationResult{{Method: "dkim", Result: "none"}}
	}
	entries := make([]envelope.AuthenticationResult, len(r.Signatures))
	for i, s := range r.Signatures {
		entries[i] = envelope.AuthenticationResult{
			Method: "dkim", Result: string(s.Word), Reason: s.Reason, Properties: s.properties(),
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

// Explain implements [envelope.Explainer]: a line for each signature.
func (r *Result) Explain() []string {
	var lines []string
	for _, s := range r.Signatures {
		line := "DKIM signature: " + string(s.Word)
		if s.Domain != "" { // else it could not be read
			line = "DKIM signature of " + string(s.Domain) + " (selector " + s.Selector + "): " + string(s.Word)
		}
		if s.Reason != "" {
			line += ", " + s.Reason
		}
		lines = append(lines, line)
	}
	return lines
}
