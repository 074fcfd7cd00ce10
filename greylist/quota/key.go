package quota

import (
	"context"
	"fmt"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
)

// Key says what is counted, and whose.
type Key struct {
	// Of returns whose mail it is: [Client], [Login], [Sender], [SenderDomain] or
	// [Recipient], greylist.Network, identity.Of of package greylist/identity, or a
	// function of your own. "" is mail that has no such key, and no limit.
	//
	// Replies contain the result, so that it should read well: "login ann". Different
	// kinds of keys must have different results. Of is called from Rcpt on and follows
	// the rules of a Check. Its error makes the finding a TempError.
	Of func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) (string, error)
	// Recipients counts recipients. Otherwise messages are counted.
	Recipients bool
	// Secret keys the hashes in the store. Without a secret, anyone who holds the
	// store can test whether an address is in it.
	Secret greylist.Secret
}

// amount returns n with what is counted: "1 message".
func (k Key) amount(n int64) string {
	unit := "message"
	if k.Recipients {
		unit = "recipient"
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}

// Client is a Key.Of: the address of the client. An IPv6 client can have any number of
// addresses in its network: see greylist.Network.
func Client(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) (string, error) {
	if client := e.Client(); client.IsValid() {
		return "client " + client.String(), nil
	}
	return "", nil
}

// Login is a Key.Of: the login of the client, in any letter case. Clients without a
// login have no limit.
func Login(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) (string, error) {
	return named("login", strings.ToLower(e.Login)), nil
}

// Sender is a Key.Of: the sender address, in any letter case. The null sender has no
// limit. Use it after a rule that verifies the sender, such as sender.OwnedByLogin or
// spf.Pass: otherwise a client evades the limit with other addresses, and uses up the
// limits of their owners.
func Sender(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) (string, error) {
	return named("sender", address(e.MailFrom)), nil
}

// SenderDomain is a Key.Of: the domain of the sender address, or the address literal.
// The null sender and an invalid address have no limit. As with Sender, another rule
// must verify it.
func SenderDomain(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) (string, error) {
	if _, err := envelope.ParseMailbox(e.MailFrom, true); err != nil {
		return "", nil
	}
	sender := address(e.MailFrom)
	return named("domain", sender[strings.LastIndexByte(sender, '@')+1:]), nil
}

// Recipient is a Key.Of: the recipient address, in any letter case.
func Recipient(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) (string, error) {
	return named("recipient", address(e.RcptTo)), nil
}

// named returns a key of a kind, "" if the value is "".
func named(kind, value string) string {
	if value == "" {
		return ""
	}
	return kind + " " + value
}

// address normalizes an address. One that is invalid only becomes lower case.
func address(path string) string {
	mailbox, err := envelope.ParseMailbox(path, true)
	if err != nil {
		return strings.ToLower(path)
	}
	mailbox.Route = ""
	return strings.ToLower(mailbox.String())
}
