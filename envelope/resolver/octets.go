package resolver

import "strings"

// octets undoes the escapes with which package dns writes texts and names: a
// backslash before a character, or before three digits that are the number of
// an octet (RFC 1035, section 5.1). In a name, a dot and a backslash inside a
// label keep theirs, so that no other name comes of it.
func octets(text string, name bool) string {
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c != '\\' || i+1 == len(text) {
			b = append(b, c)
			continue
		}
		i++
		c = text[i]
		if i+2 < len(text) && isDigit(c) && isDigit(text[i+1]) && isDigit(text[i+2]) {
			c = (c-'0')*100 + (text[i+1]-'0')*10 + text[i+2] - '0'
			i += 2
		}
		if name && (c == '.' || c == '\\') {
			b = append(b, '\\')
		}
		b = append(b, c)
	}
	return string(b)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
