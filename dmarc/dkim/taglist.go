package dkim

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// maxTags bounds a tag-list. RFC 6376 defines fourteen for a signature.
const maxTags = 100

// tag is one tag of a tag-list (RFC 6376, section 3.2).
type tag struct {
	name  string
	value string // without the blanks around it
	// start and end are where the value stands in the list, with the blanks
	// around it.
	start, end int
}

// tagList is a signature or a key record, taken apart.
type tagList []tag

// parseTagList reads a tag-list; the fault is "" if it is one. A tag without a
// name and a value between two semicolons is let through: it says nothing.
func parseTagList(text string) (list tagList, fault string) {
	for start := 0; start <= len(text); {
		end := len(text)
		if i := strings.IndexByte(text[start:], ';'); i >= 0 {
			end = start + i
		}
		spec := text[start:end]
		name, value, found := strings.Cut(spec, "=")
		switch name = trimBlanks(name); {
		case !found && name == "":
		case !found || !isTagName(name):
			return nil, "is not a list of tags (RFC 6376, section 3.2)"
		case list.has(name): // section 3.2: the whole list is invalid
			return nil, "has a tag twice"
		case len(list) == maxTags:
			return nil, "has more than 100 tags"
		default:
			list = append(list, tag{name, trimBlanks(value), end - len(value), end})
		}
		start = end + 1
	}
	return list, ""
}

func (list tagList) find(name string) (tag, bool) {
	for _, t := range list {
		if t.name == name {
			return t, true
		}
	}
	return tag{}, false
}

func (list tagList) has(name string) bool {
	_, found := list.find(name)
	return found
}

// value returns the value of a tag, or what a missing tag stands for.
func (list tagList) value(name, missing string) string {
	if t, found := list.find(name); found {
		return t.value
	}
	return missing
}

// words returns the members of a list with colons inside a value, in lower
// case, without the blanks around them.
func words(value string) []string {
	members := strings.Split(value, ":")
	for i, member := range members {
		members[i] = lowerASCII(trimBlanks(member))
	}
	return members
}

// decodeBase64 reads base64 data with blanks and folds anywhere.
func decodeBase64(value string) ([]byte, bool) {
	data, err := base64.StdEncoding.DecodeString(withoutBlanks(value))
	return data, err == nil && len(data) > 0
}

// decodeQuotedPrintable reads dkim-quoted-printable text without blanks (RFC
// 6376, section 2.11). An equals sign that no two hexadecimal digits follow
// stands for itself: few signers write it as =3D.
func decodeQuotedPrintable(text string) string {
	if strings.IndexByte(text, '=') < 0 {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		if text[0] == '=' && len(text) > 2 {
			if octet, err := hex.DecodeString(text[1:3]); err == nil {
				b.Write(octet)
				text = text[3:]
				continue
			}
		}
		b.WriteByte(text[0])
		text = text[1:]
	}
	return b.String()
}

// isTagName reports whether s is a tag-name.
func isTagName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
		case i > 0 && ('0' <= c && c <= '9' || c == '_'):
		default:
			return false
		}
	}
	return s != ""
}

// blanks are what FWS consists of.
const blanks = " \t\r\n"

func trimBlanks(s string) string { return strings.Trim(s, blanks) }

func withoutBlanks(s string) string {
	if !strings.ContainsAny(s, blanks) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(blanks, r) {
			return -1
		}
		return r
	}, s)
}

// lowerASCII leaves what is not ASCII alone, so that no letter beyond it becomes
// one of ours (the Kelvin sign a k).
func lowerASCII(s string) string {
	upper := false
	for i := range len(s) {
		upper = upper || 'A' <= s[i] && s[i] <= 'Z'
	}
	if !upper {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
