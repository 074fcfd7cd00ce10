package author_test

import (
	"strings"
	"testing"

	"mxrules.example/dmarc/author"
	"mxrules.example/envelope"
)

// TestApparent has From fields of x@evil.example. In some of them some programs read
// another author.
func TestApparent(t *testing.T) {
	for _, tc := range []struct{ name, from, want string }{
		{"a name", "Ann <x@evil.example>", ""},
		{"a name in quotes", `"Ann, the" <x@evil.example>`, ""},
		{"an address in quotes", `"a@bank.example" <x@evil.example>`, ""},
		{"an address in quotes, with quotes inside", `"\"a@bank.example\"" <x@evil.example>`, ""},
		{"the same address", "x@evil.example <x@evil.example>", ""},
		{"an address in single quotes", "'a@bank.example' via list <x@evil.example>", ""},
		{"a list in single quotes", "'Ann via list' <x@evil.example>", ""},
		{"an account elsewhere", "Ann @bank <x@evil.example>", ""},
		{"an account elsewhere, with a dot", "@bank.example <x@evil.example>", ""},
		{"a place", "Sales @ Acme Inc. <x@evil.example>", ""},
		{"a place in a name of any language", "営業部＠株式会社 <x@evil.example>", ""},
		{"a sign in a name", "P@ul <x@evil.example>", ""},
		{"an encoded word", "=?utf-8?q?J=C3=B6rg?= <x@evil.example>", ""},
		{"an encoded word with a quote", "=?utf-8?q?J=C3=B6rg_=22Joe=22_5=22?= <x@evil.example>", ""},
		{"an address in single quotes in an encoded word", "=?utf-8?q?'a=40bank.example'_via_B=C3=BCro?= <x@evil.example>", ""},
		{"an address in quotes in an encoded word", "=?utf-8?q?=22a=40bank.example=22?= <x@evil.example>", ""},
		{"an encoded word in quotes", `"=?utf-8?q?a=40bank.example?=" <x@evil.example>`, ""},
		{"an encoded word that is broken", "=?utf-8?q?a=40bank.example <x@evil.example>", ""},
		{"a Japanese name with octets of an address", "=?ISO-2022-JP?B?GyRCQGlNVTUuRzcbKEI=?= <x@evil.example>", ""},
		{"a Japanese name in an older code", "=?ISO-2022-JP?B?GyRATVU1Lkc3GyhC?= <x@evil.example>", ""},
		{"a wide blank in Shift_JIS, before a domain", "=?Shift_JIS*ja?B?g1aDh4Nig3aBQHNob3AuZXhhbXBsZQ==?= <x@evil.example>", ""},
		{"a wide blank in Big5, before a domain", "=?Big5?B?pL2lcaFAc2hvcC5leGFtcGxl?= <x@evil.example>", ""},
		{"a rare character of GBK, before a domain", "=?gb2312?B?gUBzaG9wLmV4YW1wbGU=?= <x@evil.example>", ""},
		{"a name in UTF-16, before a domain", "=?utf-16be?B?VbZpbWJAQEAAcwBoAG8AcAAuAGUAeABhAG0AcABsAGU=?= <x@evil.example>", ""},
		{"a name in UTF-16 of the other order, before a domain", "=?utf-16le?B?tlVtaUBicwBoAG8AcAAuAGUAeABhAG0AcABsAGUA?= <x@evil.example>", ""},
		{"a name in UTF-7, before a domain", "=?utf-7?Q?+VbZpbWJA-shop.example?= <x@evil.example>", ""},
		{"a comment", "x@evil.example (Ann)", ""},
		{"a local part in quotes", `"a b"@evil.example`, ""},
		{"a local part with an @", `"a@b"@evil.example`, ""},

		{"an address", "a@bank.example <x@evil.example>", "a@bank.example"},
		{"an address and no blank", "a@bank.example<x@evil.example>", "a@bank.example"},
		{"an address and words", "Ann a@bank.example via list <x@evil.example>", "a@bank.example"},
		{"an address in brackets", "[a@bank.example] <x@evil.example>", "a@bank.example"},
		{"an address with blanks", "a @\tbank . example <x@evil.example>", "a@bank.example"},
		{"an address with comments", "a(b)@(c)bank(d).example <x@evil.example>", "a@bank.example"},
		{"an address with a quoted local part", `"a"@bank.example <x@evil.example>`, "a@bank.example"},
		{"an address with a quoted local part and a blank", `"a b" @bank.example <x@evil.example>`, `"a b"@bank.example`},
		{"an address with a dot at the end", "a@BANK.Example. <x@evil.example>", "a@bank.example"},
		{"an address of any language", "a@bücher.example <x@evil.example>", "a@xn--bcher-kva.example"},
		{"signs of full width", "a＠bank．example <x@evil.example>", "a@bank.example"},
		{"a small sign", "a﹫bank.example <x@evil.example>", "a@bank.example"},
		{"two addresses", "a@bank.example b@shop.example <x@evil.example>", "a@bank.example, b@shop.example"},
		{"the second author", "x@evil.example, a@bank.example <y@evil.example>", "a@bank.example"},
		{"another address of the domain", "a@evil.example <x@evil.example>", "a@evil.example"},

		{"an address in an encoded word", "=?utf-8?q?a=40bank.example?= <x@evil.example>", "a@bank.example"},
		{"an address in base64", "=?UTF-8?B?YUBiYW5rLmV4YW1wbGU=?= <x@evil.example>", "a@bank.example"},
		{"an address in base64 without padding", "=?utf-8?b?YUBiYW5rLmV4YW1wbGU?= <x@evil.example>", "a@bank.example"},
		{"base64 with other characters", "=?utf-8?b?YUBi!YW5r.-LmV4YW1wbGU=?= <x@evil.example>", "a@bank.example"},
		{"base64 that ends at another character", "=?utf-8?b?YUBiYW5rLmV4YW1wbGU!LmV2aWwuZXhhbXBsZQ==?= <x@evil.example>", "a@bank.example"},
		{"base64 that ends at its padding", "=?utf-8?b?YUBiYW5rLmV4YW1wbGU=uZXZpbC5leGFtcGxl?= <x@evil.example>", "a@bank.example.evil.example, a@bank.example"},
		{"base64 with padding inside", "=?utf-8?b?YQ==QGJhbmsuZXhhbXBsZQ==?= <x@evil.example>", "a@bank.example"},
		{"base64 with padding in the wrong place and other characters", "=?utf-8?b?YUBi!Y==W5rLmV4YW1wbGU=?= <x@evil.example>", "a@bank.example"},
		{"an address and a comma", "=?utf-8?q?a=40bank.example=2C?= <x@evil.example>", "a@bank.example"},
		{"an address in encoded brackets", "=?iso-8859-1*en?Q?=3Ca=40bank.example=3E?= <x@evil.example>", "a@bank.example"},
		{"over two encoded words", "=?utf-8?q?a=40ba?= \t=?utf-8?b?bmsuZXhhbXBsZQ==?= <x@evil.example>", "a@bank.example"},
		{"half of it encoded", "a=?utf-8?q?=40?=bank.example <x@evil.example>", "a@bank.example"},
		{"with quotes that end the quotes", `"=?utf-8?q?=22_=3Ca=40bank.example=3E=2C_=22?=" <x@evil.example>`, "a@bank.example"},
		{"with one quote", `=?utf-8?q?=22?= =?utf-8?q?a=40bank.example?= <x@evil.example>`, "a@bank.example"},
		{"an encoded word with a raw @", "=?utf-8?q?a@bank.example?= <x@evil.example>", "a@bank.example"},
		{"an encoded word in UTF-16", "=?utf-16be?b?AGEAQABiAGEAbgBrAC4AZQB4AGEAbQBwAGwAZQ==?= <x@evil.example>", "a@bank.example"},
		{"an encoded word in UTF-7", "=?utf-7?q?a+AEA-bank.example?= <x@evil.example>", "a@bank.example"},
		{"an encoded word in UTF-16 of the other order", "=?utf-16le?b?//5hAEAAYgBhAG4AawAuAGUAeABhAG0AcABsAGUA?= <x@evil.example>", "a@bank.example"},
		{"a local part in UTF-16", "=?utf-16be?b?AOQAQABiAGEAbgBrAC4AZQB4AGEAbQBwAGwAZQ==?= <x@evil.example>", "\ufffd@bank.example"},
		{"a local part in ISO-2022-JP", "=?ISO-2022-JP?B?GyRCQGlNVRsoQkBiYW5rLmV4YW1wbGU=?= <x@evil.example>", "\ufffd@bank.example"},
		{"an address before other characters in UTF-16", "=?utf-16be?b?AGEAQABiAGEAbgBrAC4AZQB4AGEAbQBwAGwAZQDk?= <x@evil.example>", "a@bank.example"},
		{"an address before other characters in ISO-2022-JP", "=?ISO-2022-JP?B?YUBiYW5rLmV4YW1wbGUbJEJNTRsoQg==?= <x@evil.example>", "a@bank.example"},
		{"an encoded word in UTF-16 by another name", "=?csUnicode?b?AGEAQABiAGEAbgBrAC4AZQB4AGEAbQBwAGwAZQ==?= <x@evil.example>", "a@bank.example"},
		{"an encoded word in UTF-7 by another name", "=?unicode-1-1-utf-7?q?a+AEA-bank.example?= <x@evil.example>", "a@bank.example"},
		{"an encoded word in ISO-2022-JP", "=?ISO-2022-JP?B?GyRCQGkbKEJhQGJhbmsuZXhhbXBsZQ==?= <x@evil.example>", "a@bank.example"},
		{"an encoded word in ISO-2022-JP, after a line", "=?csISO2022JP?B?GyRCQGkKYUBiYW5rLmV4YW1wbGU=?= <x@evil.example>", "a@bank.example"},
		{"an encoded word in Shift_JIS", "=?Shift_JIS?B?g0EgYUBiYW5rLmV4YW1wbGU=?= <x@evil.example>", "a@bank.example"},
		{"an @ after a character of two octets", "=?x-sjis?B?IGGDgSBhg4FAYmFuay5leGFtcGxl?= <x@evil.example>", "a\ufffd\ufffd@bank.example"},
		{"an @ after an octet that begins no character with it", "=?Big5?B?YchAYmFuay5leGFtcGxl?= <x@evil.example>", "a\ufffd@bank.example"},
		{"an encoded sign of full width", "=?utf-8?q?a=EF=BC=A0bank.example?= <x@evil.example>", "a@bank.example"},
		{"an encoded word with NUL", "=?utf-8?q?a=40bank.example=00?= <x@evil.example>", "a@bank.example"},
		{"an encoded word that continues after NUL", "=?utf-8?q?a=40bank.example=00.evil.example?= <x@evil.example>", "a@bank.example, a@bank.example.evil.example"},

		{"an address in a comment", "(a@bank.example) <x@evil.example>", "a@bank.example"},
		{"an address in a comment after the author", "x@evil.example (Ann a@bank.example)", "a@bank.example"},
		{"an address in a comment of a comment", "x@evil.example (b (a@bank.example))", "a@bank.example"},
		{"an address in quotes in a comment", `x@evil.example ("a@bank.example")`, "a@bank.example"},
		{"an encoded address in a comment", "x@evil.example (=?utf-8?q?a=40bank.example?=)", "a@bank.example"},
		{"a route", "<@bank.example:x@evil.example>", "@bank.example"},
		{"a route of two", "Ann <@evil.example, @bank.example : x@evil.example>", "@evil.example, @bank.example"},
		{"an address in the local part", `"a@bank.example"@evil.example`, "a@bank.example"},
		{"an address in the local part, in brackets", `Ann <"a@bank.example"@evil.example>`, "a@bank.example"},
		{"an encoded address in the name of a group", "=?utf-8?q?a=40bank.example?=: x@evil.example;", "a@bank.example"},
	} {
		m := envelope.NewMessage([]byte("To: b@shop.example\r\nFrom: " + tc.from + "\r\n\r\nFrom: b@shop.example\r\n"))
		if _, err := author.Of(m); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if got := strings.Replace(list(author.Apparent(m)), `""@`, "@", -1); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}
