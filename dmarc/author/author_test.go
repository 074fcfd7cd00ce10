package author_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mxrules.example/dmarc/author"
	"mxrules.example/envelope"
)

// list returns authors on one line.
func list(authors author.Authors) string {
	var texts []string
	for _, mailbox := range authors {
		texts = append(texts, mailbox.String())
	}
	return strings.Join(texts, ", ")
}

func TestParse(t *testing.T) {
	for _, tc := range []struct{ name, value, want string }{
		{"an address alone", " ann@example.org", "ann@example.org"},
		{"no blank before it", "ann@example.org", "ann@example.org"},
		{"angle brackets", " <ann@example.org>", "ann@example.org"},
		{"a name", " Ann <ann@example.org>", "ann@example.org"},
		{"a name in quotes", ` "Ann, \"the\" <boss>" <ann@example.org>`, "ann@example.org"},
		{"a name with dots", " Ann B. Smith Jr. <ann@example.org>", "ann@example.org"},
		{"a name and no blank", " Ann<ann@example.org>", "ann@example.org"},
		{"tabs", "\tAnn\t<ann@example.org>\t", "ann@example.org"},
		{"letter case of the domain", " Ann@EXAMPLE.Org", "Ann@example.org"},
		{"several", " a@example.org, Bob <b@example.net>,c@example.com", "a@example.org, b@example.net, c@example.com"},
		{"empty members", " ,, a@example.org, ,b@example.org,", "a@example.org, b@example.org"},
		{"a group", " Team: a@example.org, B <b@example.net>;", "a@example.org, b@example.net"},
		{"a group among others", " x@example.org, Team: a@example.org;, y@example.org", "x@example.org, a@example.org, y@example.org"},
		{"an empty group among others", " None:;, a@example.org", "a@example.org"},

		// The address counts, never the display name.
		{"an address in quotes as the name", ` "ceo@bank.example" <x@example.org>`, "x@example.org"},
		{"an address as the name", " ceo@bank.example <x@example.org>", "x@example.org"},
		{"an address and a comma in quotes", ` "ceo@bank.example, " <x@example.org>`, "x@example.org"},
		{"a bracket in quotes", ` "<ceo@bank.example>" <x@example.org>`, "x@example.org"},
		{"a quote in quotes", ` "\" <ceo@bank.example>" <x@example.org>`, "x@example.org"},
		{"an address in a comment", " (ceo@bank.example) x@example.org (<ceo@bank.example>)", "x@example.org"},
		{"a comment that nests", " x@example.org (a (b \\) (c)) <ceo@bank.example>)", "x@example.org"},
		{"an encoded word as the name", " =?utf-8?B?Y2VvQGJhbmsuZXhhbXBsZSA8Y2VvQGJhbmsuZXhhbXBsZT4=?= <x@example.org>", "x@example.org"},
		{"an encoded word in no charset", " =?x-none?q?ceo=40bank.example?= <x@example.org>", "x@example.org"},
		{"an encoded word as local part", " =?utf-8?q?ceo=40bank.example=2C?=@example.org", "=?utf-8?q?ceo=40bank.example=2C?=@example.org"},
		{"an @ in the local part", ` "ceo@bank.example"@example.org`, `"ceo@bank.example"@example.org`},
		{"an @ in the local part, in brackets", ` Bank <"ceo@bank.example"@example.org>`, `"ceo@bank.example"@example.org`},
		{"a name in square brackets", " [Bank] <x@example.org>", "x@example.org"},
		{"8-bit name", " Jos\xe9 <x@example.org>", "x@example.org"},
		{"a source route", " <@bank.example,@b.example:x@example.org>", "x@example.org"},
		{"a source route of one", " Ann <@bank.example:x@example.org>", "x@example.org"},

		// Other forms of one address.
		{"a dot at the end of the domain", " x@example.org.", "x@example.org"},
		{"U-labels", " x@bücher.example", "x@xn--bcher-kva.example"},
		{"U-labels with an ideographic dot", " x@bücher。example", "x@xn--bcher-kva.example"},
		{"a local part beyond ASCII", " grüße@example.org", "grüße@example.org"},
		{"comments and blanks inside", " ann (x) . b (y) @ (z) example (a) . org", "ann.b@example.org"},
		{"obsolete local part", ` "a b".c@example.org`, `"a b.c"@example.org`},
		{"dots where none should be", " .a..b.@example.org", `".a..b."@example.org`},
		{"a long local part", " " + strings.Repeat("x", 300) + "@example.org", strings.Repeat("x", 300) + "@example.org"},
		{"an underscore", " x@_a.example.org", "x@_a.example.org"},
		{"one label", " root@localhost", "root@localhost"},
		{"a public suffix", " x@co.uk", "x@co.uk"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := author.Parse(tc.value)
			if err != nil || list(got) != tc.want {
				t.Errorf("%q: %s, %v; want %s", tc.value, list(got), err, tc.want)
			}
		})
	}
}

// TestParseErrors has fields that are malformed or have more than one meaning.
func TestParseErrors(t *testing.T) {
	for _, tc := range []struct{ name, value, want string }{
		{"nothing", "", "names no author"},
		{"blanks", " \t ", "names no author"},
		{"a comment", " (ann@example.org)", "names no author"},
		{"commas", " ,,,", "names no author"},
		{"an empty group", " G:;", "names no author"},
		{"empty brackets", " <>", "has an address without a domain"},
		{"a name and empty brackets", " MAILER-DAEMON <>", "has an address without a domain"},
		{"a name alone", " Ann", "has an address without a domain"},
		{"no @", " ann.example.org", "has an address without a domain"},
		{"no local part", " @example.org", "has an address without a local part"},
		{"no domain", " ann@", "has a domain that is empty"},
		{"a member without a domain", " user1@example.org, user2, user3@example.org", "has an address without a domain"},
		{"a comma in a name", " Smith, Ann <ann@example.org>", "has an address without a domain"},
		{"two @", " a@bank.example@example.org", "has an address with more than one @"},
		{"two @ in brackets", " <a@bank.example@example.org>", "has an address with more than one @"},
		{"two in brackets", " <a@bank.example> <x@example.org>", "has text after the closing bracket of an address"},
		{"an address after brackets", " <a@bank.example> x@example.org", "has text after the closing bracket of an address"},
		{"brackets in brackets", " <a@bank.example<x@example.org>>", "has a bracket or a semicolon inside an address"},
		{"a list in brackets", " <a@bank.example, x@example.org>", "has a comma inside an address"},
		{"two and no comma", " a@bank.example x@example.org", "has blanks inside an address"},
		{"a blank in the domain", " a@bank.example evil", "has blanks inside an address"},
		{"a blank in the local part", " a b@example.org", "has blanks inside an address"},
		{"two quoted strings", ` "a" "b"@example.org`, "has blanks inside an address"},
		{"a quoted string and a word", ` "a"b@example.org`, "has blanks inside an address"},
		{"a semicolon between", " a@bank.example; x@example.org", "has a semicolon where no group ends"},
		{"a colon in the middle", " a@bank.example: x@example.org;", "has a colon where no group begins"},
		{"a colon first", " : a@example.org;", "has a colon where no group begins"},
		{"a group in a group", " A: B: a@example.org;;", "has a colon where no group begins"},
		{"a group that does not end", " A: a@example.org", "has a group that does not end"},
		{"text after a group", " A: a@example.org; b@example.org", "has text after the end of a group"},
		{"a colon in brackets", " <a:x@example.org>", "has a colon inside an address"},
		{"a bracket that does not close", " Ann <ann@example.org", "has an address whose bracket is not closed"},
		{"a bracket that does not open", " ann@example.org>", "has a closing bracket without an opening one"},
		{"a quote that does not end", ` "Ann <ann@example.org>`, "has a quoted string that does not end"},
		{"a quote that a backslash keeps open", ` "Ann\" <ann@example.org>`, "has a quoted string that does not end"},
		{"a backslash at the end of a quote", ` "Ann\`, "has a quoted string that does not end"},
		{"a comment that does not end", " ann@example.org (x", "has a comment that does not end"},
		{"a comment that a backslash keeps open", ` (x\) ann@example.org`, "has a comment that does not end"},
		{"a bracket that closes no comment", " ann@example.org)", "has a character that is invalid in an address: )"},
		{"a backslash", ` a\@b@example.org`, `has a character that is invalid in an address: \`},
		{"an address literal", " ann@[192.0.2.1]", "has an address literal instead of a domain"},
		{"an address literal of IPv6", " <ann@[IPv6:2001:db8::1]>", "has a colon inside an address"},
		{"an address", " ann@192.0.2.1", "has a domain that is a number or an address, not a name"},
		{"an encoded word as domain", " x@=?utf-8?q?bank.example?=", "has a domain that has an invalid character"},
		{"an empty label", " a@bank..example", "has a domain that has an empty label"},
		{"a long domain", " a@" + strings.Repeat("a.", 150) + "example", "has a domain that has more than 253 octets"},
		{"a domain that is not UTF-8", " a@b\xff.example", "has a domain that is not valid UTF-8"},
		{"a domain that reverses text", " a@b\u202e.example", "has a domain that is not a valid internationalised name (RFC 5891)"},
		{"a local part that is not UTF-8", " a\xff@example.org", "has a local part that is not valid UTF-8"},
		{"NUL", " a@bank.example\x00.example.org", "has a control character"},
		{"NUL in the name", " A\x00nn <ann@example.org>", "has a control character"},
		{"NUL in quotes", " \"A\x00nn\" <ann@example.org>", "has a control character"},
		{"NUL in quotes, with a backslash", " \"A\\\x00nn\" <ann@example.org>", "has a control character"},
		{"NUL in a comment", " ann@example.org (\x00)", "has a control character"},
		{"NUL in a comment, with a backslash", " ann@example.org (\\\x00)", "has a control character"},
		{"CR", " a@bank.example\r x@example.org", "has a control character"},
		{"DEL", " a@example.org\x7f", "has a control character"},
		{"a word too many", " " + strings.Repeat("a ", 1001) + "<a@example.org>", "has an address that is too long"},
		{"a word too many in brackets", " <" + strings.Repeat("a.", 600) + "a@example.org>", "has an address that is too long"},
		{"101 authors", " " + strings.Repeat("a@example.org,", 101), "names more than 100 authors"},
		{"100,000 authors", " " + strings.Repeat("a@b.c,", 100_000), "names more than 100 authors"},
		{"100,000 comments that do not end", " " + strings.Repeat("(", 100_000), "has a comment that does not end"},
		{"100,000 brackets", " " + strings.Repeat("<", 100_000), "has a bracket or a semicolon inside an address"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := author.Parse(tc.value)
			var fault *envelope.SyntaxError
			if !errors.As(err, &fault) || got != nil {
				t.Fatalf("%s, %v", list(got), err)
			}
			if fault.Kind != "From field" || fault.Value != tc.value || fault.Reason != tc.want {
				t.Errorf("%s %s\nwant %s", fault.Kind, fault.Reason, tc.want)
			}
		})
	}
	if _, err := author.Parse(strings.Repeat("a@example.org,", 100)); err != nil {
		t.Errorf("100 authors: %v", err)
	}
}

func TestOf(t *testing.T) {
	long := strings.Repeat("X: "+strings.Repeat("y", 900)+"\r\n", 1200)
	for _, tc := range []struct {
		name, raw string
		want      string
		err       string
	}{
		{"one", "To: x\r\nFrom: a@example.org\r\n\r\n", "a@example.org", ""},
		{"folded", "From: Ann\r\n <a@example.org>,\r\n\tb@example.net\r\n\r\n", "a@example.org, b@example.net", ""},
		{"folded inside an address", "From: a@bank.example\r\n .org\r\n\r\n", "a@bank.example.org", ""},
		{"folded with lines of blanks", "From:\r\n \r\n\t\r\n Ann <a@example.org>\r\n  \r\nTo: x\r\n\r\n", "a@example.org", ""},
		{"LF", "From: Ann\n <a@example.org>\n\n", "a@example.org", ""},
		{"a blank before the colon, and upper case", "FROM \t: a@example.org\r\n\r\n", "a@example.org", ""},
		{"a line of 5,000 octets", "From: " + strings.Repeat("x", 5000) + " <a@example.org>\r\n\r\n", "a@example.org", ""},
		{"one more in the body", "From: a@example.org\r\n\r\nFrom: b@example.net\r\n", "a@example.org", ""},
		{"one more in a value", "From: a@example.org\r\nX: y\r\n From: b@example.net\r\n", "a@example.org", ""},
		{"Sender does not count", "Sender: a@example.org\r\nReply-To: a@example.org\r\n\r\n", "", "the message has no From field"},
		{"none", "To: a@example.org\r\n\r\n", "", "the message has no From field"},
		{"no header", "\r\nFrom: a@example.org\r\n", "", "the message has no From field"},
		{"a first line that continues nothing", " From: a@example.org\r\n\r\n", "", "the message has no From field"},
		{"a name with a no-break space", "From\u00a0: a@example.org\r\n\r\n", "", "the message has no From field"},
		{"a name with NUL", "From\x00: a@example.org\r\n\r\n", "", "the message has no From field"},
		{"a colon on the next line", "From\r\n : a@example.org\r\n\r\n", "", "the message has no From field"},
		{"empty", "From:\r\n\r\n", "", `From field "" names no author`},
		{"bare CR", "From: a@bank.example\rX: y\r\n\r\n", "", `From field "a@bank.example X: y" has a control character`},
		{"two", "From: a@example.org\r\nFrom: b@example.net\r\n\r\n", "a@example.org, b@example.net", "the message has more than one From field"},
		{"two, one with a blank", "From: a@example.org\r\nfrom : b@example.net\r\n\r\n", "a@example.org, b@example.net", "the message has more than one From field"},
		{"two the same", "From: a@example.org\r\nFrom: a@example.org\r\n\r\n", "a@example.org, a@example.org", "the message has more than one From field"},
		{"two, one malformed", "From: <\r\nFrom: b@example.net\r\n\r\n", "b@example.net", "the message has more than one From field"},
		{"a hundred", strings.Repeat("From: a@example.org\r\n", 100), strings.TrimSuffix(strings.Repeat("a@example.org, ", 10), ", "), "the message has more than one From field"},
		{"cut above", long + "From: a@example.org\r\n\r\n", "", "the header of the message is longer than 1 MiB"},
		{"cut below", "From: a@example.org\r\n" + long + "\r\n", "", "the header of the message is longer than 1 MiB"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := author.Of(envelope.NewMessage([]byte(tc.raw)))
			if said := fmt.Sprint(err); err != nil && said != tc.err || err == nil && tc.err != "" {
				t.Errorf("error %q, want %q", said, tc.err)
			}
			if list(got) != tc.want {
				t.Errorf("authors %s, want %s", list(got), tc.want)
			}
		})
	}
}

func TestDomains(t *testing.T) {
	authors, err := author.Parse("a@Example.org, b@example.net, c@EXAMPLE.ORG., d@bücher.example, e@xn--bcher-kva.example")
	if err != nil {
		t.Fatal(err)
	}
	want := []envelope.Host{"example.org", "example.net", "xn--bcher-kva.example"}
	if got := authors.Domains(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := author.Authors(nil).Domains(); len(got) != 0 {
		t.Errorf("%v of no authors", got)
	}
}
