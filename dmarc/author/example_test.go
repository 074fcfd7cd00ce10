package author_test

import (
	"fmt"

	"mxrules.example/dmarc/author"
	"mxrules.example/envelope"
)

// The address counts, not the display name.
func Example() {
	m := envelope.NewMessage([]byte("From: \"ceo@bank.example\" <someone@example.org>\r\n" +
		"Subject: urgent\r\n" +
		"\r\n"))
	authors, err := author.Of(m)
	fmt.Println(authors.Domains(), err)
	// Output:
	// [example.org] <nil>
}

// A field that has more than one meaning is an error, and not "no author".
func ExampleOf() {
	for _, value := range []string{
		"Ann <ann@Example.ORG>, Bob <bob@example.net>",
		"<ann@bank.example> <someone@example.org>",
		"ann@bank.example@example.org",
	} {
		authors, err := author.Of(envelope.NewMessage([]byte("From: " + value + "\r\n\r\n")))
		fmt.Println(authors.Domains(), err)
	}
	// Output:
	// [example.org example.net] <nil>
	// [] From field "<ann@bank.example> <someone@example.org>" has text after the closing bracket of an address
	// [] From field "ann@bank.example@example.org" has an address with more than one @
}
