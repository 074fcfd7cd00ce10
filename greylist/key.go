package greylist

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"mxrules.example/envelope"
)

// Key identifies a record in a store: 128 bits of a keyed hash.
type Key [16]byte

// String returns the key as 32 hexadecimal digits.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// MarshalText returns the digits of String.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText parses the digits of String, in either letter case. Any other
// text is an error and leaves the key unchanged.
func (k *Key) UnmarshalText(text []byte) error {
	if len(text) == hex.EncodedLen(len(k)) {
		var key Key
		if _, err := hex.Decode(key[:], text); err == nil {
			*k = key
			return nil
		}
	}
	return fmt.Errorf("the key %q is not 32 hexadecimal digits", envelope.Excerpt(string(text)))
}

// Secret keys the hashes of one installation. A copy of the store alone does not
// show whether an address is in it. Use at least 16 random bytes from crypto/rand,
// keep them apart from the store, and use the same secret on all servers that
// share a store. With a new secret, every sender is new.
type Secret []byte

// Triplet returns the key of mail from sender to recipient, sent by identity.
// Sender and recipient are addresses as in an Envelope. They are normalized as
// the package documentation describes.
func (s Secret) Triplet(identity, sender, recipient string) Key {
	return s.Key("triplet", identity, foldSender(sender), foldRecipient(recipient))
}

// Identity returns the key of the record that counts the good triplets of
// identity.
func (s Secret) Identity(identity string) Key {
	return s.Key("identity", identity)
}

// Key returns the key of a record of another kind. Different kinds and fields have
// different keys.
func (s Secret) Key(kind string, fields ...string) Key {
	hash := hmac.New(sha256.New, s)
	text := appendField(make([]byte, 0, 256), kind)
	for _, field := range fields {
		text = appendField(text, field)
	}
	hash.Write(text)
	var sum [sha256.Size]byte
	return Key(hash.Sum(sum[:0])[:16])
}

// appendField appends the length of field and field, so that different fields never
// hash the same bytes.
func appendField(text []byte, field string) []byte {
	return append(binary.BigEndian.AppendUint32(text, uint32(len(field))), field...)
}

// foldRecipient normalizes a recipient. Only the receiving host may interpret
// the case of a local part (RFC 5321, section 2.4), and that is this one: it
// ignores case.
func foldRecipient(recipient string) string {
	mailbox, err := envelope.ParseMailbox(recipient, true)
	if err != nil {
		return strings.ToLower(recipient)
	}
	mailbox.Local = strings.ToLower(mailbox.Local)
	return written(mailbox, recipient)
}

// written returns the text of mailbox, which was read from address. Most addresses are
// normalized already and need no copy. Quotes, a source route and a final dot make
// address longer.
func written(mailbox envelope.Mailbox, address string) string {
	local, domain := mailbox.Local, string(mailbox.Domain)
	if len(address) == len(local)+len("@")+len(domain) && strings.HasPrefix(address, local) && strings.HasSuffix(address, domain) {
		return address
	}
	return mailbox.String()
}
