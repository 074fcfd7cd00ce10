package envelope

import "fmt"

// Stage is how far an SMTP transaction has come. Compare stages with
// [Envelope.Reached], because Whole is outside their order.
type Stage uint8

const (
	// Whole: everything that will be known is known. It is the zero value, so that
	// an envelope written as a literal is judged as a whole.
	Whole Stage = iota
	// Start: nothing is known. A check returns its name, the stage that it waits for,
	// and whether it is misconfigured.
	Start
	// Connect: the address of the client is known, and whether it spoke early.
	Connect
	// Helo: the HELO name is known (RFC 5321, section 4.1.1.1).
	Helo
	// Mail: the sender is known, and TLS and login are final (RFC 5321, section
	// 4.1.1.2).
	Mail
	// Rcpt: one recipient is known (RFC 5321, section 4.1.1.3).
	Rcpt
	// Data: the message is known (RFC 5321, section 4.1.1.4).
	Data
)

var stageWords = [...]string{"whole", "start", "connect", "helo", "mail", "rcpt", "data"}

// String returns the word for s, such as "rcpt".
func (s Stage) String() string {
	if int(s) < len(stageWords) {
		return stageWords[s]
	}
	return fmt.Sprintf("stage(%d)", uint8(s))
}

// MarshalText returns the word of String.
func (s Stage) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText parses one of the words whole, start, connect, helo, mail, rcpt and
// data. The empty word is whole. The error is a *[SyntaxError].
func (s *Stage) UnmarshalText(word []byte) error {
	if len(word) == 0 {
		*s = Whole
		return nil
	}
	for i, known := range stageWords {
		if known == string(word) {
			*s = Stage(i)
			return nil
		}
	}
	return &SyntaxError{Kind: "stage", Value: string(word), Reason: "is not one of whole, start, connect, helo, mail, rcpt, data"}
}
