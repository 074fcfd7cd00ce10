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

// Key names a record: 128 bits of a hash, from which no address can be read.
type Key [16]byte

// String returns the key in 32 hexadecimal digits.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// MarshalText implements [encoding.TextMarshaler], as String.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler]. It reads what String
// writes.
func (k *Key) UnmarshalText(text []byte) error {
	key, err := ParseKey(string(text))
	if err == nil {
		*k = key
	}
	return err
}

// ParseKey reads what Key.String writes.
func ParseKey(s string) (Key, error) {
	var k Key
	if len(s) == hex.EncodedLen(len(k)) {
		if _, err := hex.Decode(k[:], []byte(s)); err == nil {
			return k, nil
		}
	}
	return Key{}, fmt.Errorf("the key %q is not 32 hexadecimal digits", envelope.Excerpt(s))
}

// Secret keys the hashes of one installation, so that somebody who has the
// store but not the secret can't find out whether an address is in it. Take 16
// octets or more from crypto/rand, keep them apart from the store, and give all
// servers that share a store the same. A secret that is lost or changed means
// that everybody is new again.
type Secret []byte

// Triplet returns the key of mail from sender to recipient, sent by identity.
// Sender and recipient are written as in an Envelope. They are folded as
// package greylist describes, so that different spellings of one address have
// one key.
func (s Secret) Triplet(identity, sender, recipient string) Key {
	return s.key("triplet", identity, foldSender(sender), foldRecipient(recipient))
}

// Identity returns the key under which the good triplets of identity are
// counted.
func (s Secret) Identity(identity string) Key {
	return s.key("identity", identity)
}

// key hashes fields. Each has its length before it, so that no two lists of
// fields are the same octets.
func (s Secret) key(fields ...string) Key {
	hash := hmac.New(sha256.New, s)
	text := make([]byte, 0, 256)
	for _, field := range fields {
		text = binary.BigEndian.AppendUint32(text, uint32(len(field)))
		text = append(text, field...)
	}
	hash.Write(text)
	var sum [sha256.Size]byte
	return Key(hash.Sum(sum[:0])[:16])
}

// foldRecipient returns a recipient in the form in which it is compared. That
// the case of a local part may matter is true of other people's recipients,
// not of ours (RFC 5321, section 2.4).
func foldRecipient(recipient string) string {
	mailbox, err := envelope.ParseMailbox(recipient, true)
	if err != nil {
		return strings.ToLower(recipient)
	}
	mailbox.Local = strings.ToLower(mailbox.Local)
	return mailbox.String()
}
