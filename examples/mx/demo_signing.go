package main

import (
	"crypto/ed25519"
	"strings"

	msgauth "github.com/emersion/go-msgauth/dkim"
)

// step is what a server does to a message on its way.
type step func(message string) (string, error)

// signedBy signs a message for a domain. Its public key is in demo.zone. The key is
// known to everyone, so that the signature proves nothing outside the demonstration. It
// covers the usual fields and others.
func signedBy(domain string, others ...string) step {
	options := &msgauth.SignOptions{
		Domain: domain, Selector: "demo",
		Signer:     ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)),
		HeaderKeys: append([]string{"From", "To", "Date", "Subject"}, others...),
	}
	return func(message string) (string, error) {
		var signed strings.Builder
		err := msgauth.Sign(&signed, strings.NewReader(message), options)
		return signed.String(), err
	}
}

// withFooter adds a line to the body, as many mailing lists do.
func withFooter(message string) (string, error) {
	return message + "This line was not signed.\r\n", nil
}
