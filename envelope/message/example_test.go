package message_test

import (
	"context"
	"fmt"

	"mxrules.example/envelope"
	"mxrules.example/envelope/message"
)

// A message with two From fields shows one author to a filter and may show the
// other to the reader.
func Example() {
	m := envelope.NewMessage([]byte("From: ceo@bank.example\r\n" +
		"From: someone@example.org\r\n" +
		"Date: Mon, 2 Feb 2026 10:00:00 +0000\r\n" +
		"\r\n" +
		"Please pay.\r\n"))
	for _, check := range []envelope.Check{message.WellFormed, message.NoLoop} {
		f := check(context.Background(), nil, &envelope.Envelope{Message: m})
		fmt.Println(f.Check, f.Outcome, f.Text)
	}
	// Output:
	// message.wellformed fail the message has 2 From fields, only one is allowed
	// message.noloop pass
}
