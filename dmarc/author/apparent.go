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
			for _, decoded := range decodedReadings(value) {
				found = append(found, addresses(decoded)...)
			}
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

// addresses returns the parts of a text that have the form of an address, outside
// quotes or in a comment.
func addresses(text string) Authors {
	outside, comments := splitComments(narrow(text))
	return append(find(outside), find(withoutQuotes(comments))...)
}

// narrow returns text with the wide forms of "@" and "." replaced by ASCII.
func narrow(text string) string {
	return strings.NewReplacer("＠", "@", "﹫", "@", "．", ".").Replace(text)
}

// withoutQuotes returns text without quotes and backslashes.
func withoutQuotes(text string) string {
	return strings.NewReplacer(`"`, " ", `\`, " ").Replace(text)
}

// splitComments returns a text without its comments, and the comments. If a comment
// does not end, it and later ones are not comments; likewise quoted strings.
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

// quoteEnd returns the length of the quoted string at the beginning of text, or 0 if it
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

// commentEnd returns the length of the comment at the beginning of text, with the
// comments inside it, or 0 if it does not end.
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
