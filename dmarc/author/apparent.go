package author

import (
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/header"
)

// Apparent returns the mailboxes in the From field of a message that some programs
// read as authors and that are not among its authors. Mail that follows RFC 5322,
// section 3.2.5 has none: it allows an @ in a name only in quotes.
//
// It finds an address without quotes in the name beside an author, where many
// programs stop reading; one that encoded words hide, which some programs decode
// before they read the field; one in a comment; one that is the local part of
// another; and the hosts of a source route, as mailboxes without a local part. The
// domain must have a dot: "P@ul" and "Sales @ Acme" are names.
//
// An address inside quotes is not found. Every program reads it as a name, and
// mailing lists, ticket systems and web forms write it.
func Apparent(m *envelope.Message) Authors {
	var apparent Authors
	seen := make(map[envelope.Mailbox]bool)
	for field := range header.Fields(m.Header()) {
		if !field.Is("From") {
			continue
		}
		value := header.Unfold(field.Value())
		authors, _ := parse(value)
		for _, mailbox := range authors {
			seen[mailbox] = true
		}
		found := addresses(value)
		if strings.Contains(value, "=?") {
			found = append(found, addresses(decodeWords(value))...)
		}
		for _, mailbox := range found {
			if !seen[mailbox] {
				seen[mailbox] = true
				apparent = append(apparent, mailbox)
			}
		}
	}
	return apparent
}

// addresses returns what has the form of an address in a text, outside of quotes
// or in a comment.
func addresses(text string) Authors {
	outside, comments := splitComments(narrow(text))
	return append(find(outside), find(withoutQuotes(comments))...)
}

// narrow returns text with plain characters for those of an address that exist in
// other widths.
func narrow(text string) string {
	return strings.NewReplacer("＠", "@", "﹫", "@", "．", ".").Replace(text)
}

// withoutQuotes returns a text in which quotes quote nothing.
func withoutQuotes(text string) string {
	return strings.NewReplacer(`"`, " ", `\`, " ").Replace(text)
}

// splitComments returns a text without its comments, and the comments. A comment
// or a quoted string that does not end is none, nor is any after it.
func splitComments(text string) (outside, comments string) {
	var out, in strings.Builder
	ends := map[byte]func(string) int{'"': quoteEnd, '(': commentEnd}
	for i := 0; i < len(text); {
		c := text[i]
		end, found := ends[c]
		if !found {
			out.WriteByte(c)
			i++
			continue
		}
		length := end(text[i:])
		switch {
		case length == 0:
			ends[c] = func(string) int { return 0 }
			length = 1
			out.WriteByte(' ')
		case c == '(':
			in.WriteString(text[i : i+length])
			out.WriteByte(' ')
		default:
			out.WriteString(text[i : i+length])
		}
		i += length
	}
	return out.String(), in.String()
}

// quoteEnd returns how long the quoted string is with which text begins, 0 if it
// does not end.
func quoteEnd(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return 0
}

// commentEnd returns how long the comment is with which text begins, with those
// inside it, and 0 if it does not end.
func commentEnd(text string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		case '\\':
			i++
		}
	}
	return 0
}
