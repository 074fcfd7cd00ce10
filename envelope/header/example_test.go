package header_test

import (
	"fmt"

	"mxrules.example/envelope"
	"mxrules.example/envelope/header"
)

func Example() {
	m := envelope.NewMessage([]byte("Received: from client.example\r\n" +
		"\tby mx.example.org; Mon, 2 Feb 2026 10:00:00 +0000\r\n" +
		"FROM : ann@example.org\r\n" +
		"\r\n" +
		"From: this is text\r\n"))
	for field := range header.Fields(m.Header()) {
		fmt.Printf("%s %q\n", field.Name(), header.Unfold(field.Value()))
		if field.Is("From") {
			fmt.Println("the author")
		}
	}
	// Output:
	// Received " from client.example\tby mx.example.org; Mon, 2 Feb 2026 10:00:00 +0000"
	// FROM " ann@example.org"
	// the author
}
