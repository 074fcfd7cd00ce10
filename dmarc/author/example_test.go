package author_test

import (
	"fmt"

	"mxrules.example/dmarc/author"
	"mxrules.example/envelope"
)

// The address counts, and not the name that a mail program shows large.
func Example() {
	m := envelope.NewMessage([]byte("From: \"ceo@bank.example\" <someone@example.org>\r\n" +
		"Subject: urgent\r\n" +
		"\r\n"))
	authors, err := author.Of(m)
	fmt.Println(authors.Domains(), err)
	// Output:
	// [example.org] <nil>
}

// What can't be read in one way only is an error, and not "no author".
func ExampleParse() {
	for _, value := range []string{
		"Ann <ann@Example.ORG>, Bob <bob@example.net>",
		"<ann@bank.example> <someone@example.org>",
		"ann@bank.example@example.org",
	} {
		authors, err := author.Parse(value)
		fmt.Println(authors.Domains(), err)
	}
	// Output:
	// [example.org example.net] <nil>
	// [] From field "<ann@bank.example> <someone@example.org>" has text behind the closing bracket of an address
	// [] From field "ann@bank.example@example.org" has an address with more than one @
}
