package envelope

import "fmt"

// Stage says how far an SMTP transaction has come. Ask with
// [Envelope.Reached]; stages are never compared by hand, because Whole stands
// outside their order.
type Stage uint8

const (
	// Whole is a transaction of which everything that will ever be known is
	// known. It is the zero value, so that a literal Envelope is judged whole.
	Whole Stage = iota
	// Start is before everything: nothing is known, and a check says its name,
	// the stage that it waits for, and whether it is misconfigured.
	Start
	// Connect: the address of the client is known, and whether it spoke early.
	Connect
	// Helo: the client has greeted (RFC 5321, section 4.1.1.1).
	Helo
	// Mail: the sender is known, and with it TLS and the login are settled
	// (RFC 5321, section 4.1.1.2).
	Mail
	// Rcpt: one recipient is known (RFC 5321, section 4.1.1.3).
	Rcpt
	// Data: the message is known (RFC 5321, section 4.1.1.4).
	Data
)

var stageWords = [...]string{"whole", "start", "connect", "helo", "mail", "rcpt", "data"}

// String returns the word for s that ParseStage reads.
func (s Stage) String() string {
	if int(s) < len(stageWords) {
		return stageWords[s]
	}
	return fmt.Sprintf("stage(%d)", uint8(s))
}

// ParseStage reads one of the words whole, start, connect, helo, mail, rcpt,
// data. The empty word is whole.
func ParseStage(word string) (Stage, error) {
	if word == "" {
		return Whole, nil
	}
	for i, w := range stageWords {
		if w == word {
			return Stage(i), nil
		}
	}
	return Whole, &SyntaxError{Kind: "stage", Value: word, Reason: "is none of whole, start, connect, helo, mail, rcpt, data"}
}
