package dmarc_test

import (
	"strings"
	"testing"

	"mxrules.example/dmarc"
	"mxrules.example/envelope"
)

// TestSingleAuthorFailsForADisguise has mail of evil.example that some programs show as
// mail of bank.example.
func TestSingleAuthorFailsForADisguise(t *testing.T) {
	const second = "to some programs the message has more than one From field"
	const encoded = "an address in the From field has an encoded word"
	const beside = "some programs read an address of bank.example in the From field"
	const unseen = "an address in the From field has a character that is not shown, or turns text around"
	for _, tc := range []struct{ name, header, want string }{
		{"as it should be", "From: x@evil.example", ""},
		{"the line of a mailbox file", "From x@evil.example Mon Feb  2 10:00:00 2026\r\nFrom: x@evil.example", ""},
		{"names like From", "From: x@evil.example\r\nX-From: a@bank.example\r\nFrom-X: a@bank.example\r\nFr: om", ""},
		{"From inside another field", "From: x@evil.example\r\nX: y\r\n From: a@bank.example", ""},
		{"a name of any language", "From: Jörg \u202eknab <x@evil.example>", ""},
		{"a local part of any language", "From: jörg@evil.example", ""},
		{"a question mark and a sign", "From: a=?b@evil.example", ""},
		{"its own address beside it", "From: x@evil.example <x@evil.example>", ""},
		{"an address of its organization beside it", "From: info@evil.example <x@news.evil.example>", ""},
		{"an address of another domain in quotes", `From: "a@bank.example" <x@evil.example>`, ""},
		{"a mailing list", "From: 'Ann via list' <x@evil.example>", ""},

		{"after a CR", "From: x@evil.example\r\nX: y\rFrom: a@bank.example", second},
		{"after a CR that begins a line", "From: x@evil.example\r\n\rfrom : a@bank.example", second},
		{"before a CR", "X: y\rFROM: a@bank.example\r\nFrom: x@evil.example", second},
		{"a no-break space after it", "From: x@evil.example\r\nFrom\u00a0: a@bank.example", second},
		{"a byte order mark before it", "\ufeffFrom: a@bank.example\r\nFrom: x@evil.example", second},
		{"a control character before it", "From: x@evil.example\r\n\vFrom: a@bank.example", second},
		{"NUL after it", "From: x@evil.example\r\nFrom\x00: a@bank.example", second},
		{"on a first line that begins with a blank", " From: a@bank.example\r\nFrom: x@evil.example", second},
		{"its colon on the next line", "From: x@evil.example\r\nFrom\r\n : a@bank.example", second},
		{"an encoded word", "From: =?utf-8?q?a=40bank.example=00?=@evil.example", encoded},
		{"an encoded word in quotes", `From: "=?utf-8?b?YUBiYW5rLmV4YW1wbGU=?="@evil.example`, encoded},
		{"of the second author", "From: x@evil.example, =?utf-8?b?YUBiYW5rLmV4YW1wbGUA?=@evil.example", encoded},
		{"an address beside it", "From: a@bank.example <x@evil.example>", beside},
		{"an address beside one of two", "From: x@evil.example, Ann a@bank.example <y@evil.example>", beside},
		{"its own address and another", "From: x@evil.example a@bank.example <x@evil.example>", beside},
		{"an address of its registry's other customer", "From: a@bank.co.uk <x@evil.co.uk>", "some programs read an address of bank.co.uk in the From field"},
		{"an address in an encoded word", "From: =?utf-8?q?a=40bank.example?= <x@evil.example>", beside},
		{"an address in a comment", "From: x@evil.example (a@bank.example)", beside},
		{"a source route", "From: <@bank.example:x@evil.example>", beside},
		{"an address in the local part", `From: "a@bank.example"@evil.example`, beside},
		{"text that turns around", "From: \u202eelpmaxe.knab@evil.example", unseen},
		{"a character that is not shown", "From: a\u200bb@evil.example", unseen},
	} {
		e := &envelope.Envelope{Message: envelope.NewMessage([]byte(tc.header + "\r\nSubject: From: a@bank.example\r\n\r\nFrom: a@bank.example\r\n"))}
		f := dmarc.SingleAuthor(t.Context(), nil, e)
		switch {
		case tc.want == "" && f.Outcome != envelope.Pass:
			t.Errorf("%s: %v %s", tc.name, f.Outcome, f.Text)
		case tc.want != "" && (f.Outcome != envelope.Fail || !strings.HasSuffix(f.Text, tc.want)):
			t.Errorf("%s: %v %s, want %s", tc.name, f.Outcome, f.Text, tc.want)
		}
	}
}
