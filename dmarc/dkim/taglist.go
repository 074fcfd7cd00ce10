package dkim

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// maxTags is how many tags a tag-list may have. RFC 6376 defines fourteen for a
// signature.
const maxTags = 100

// tag is one tag of a tag-list (RFC 6376, section 3.2).
type tag struct {
	name  string
	value string // without the blanks around it
	// start and end are the position of the value, with the blanks around it.
	start, end int
}

// tagList has the tags of a signature or a key record.
type tagList []tag

// parseTagList parses a tag-list. The fault is "" if it is valid. Nothing between two
// semicolons is accepted: it has no meaning.
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
		case list.has(name): // the whole list is invalid (section 3.2)
			return nil, "repeats a tag"
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

// value returns the value of a tag, or absent if the list does not have the tag.
func (list tagList) value(name, absent string) string {
	if t, found := list.find(name); found {
		return t.value
	}
	return absent
}

// words returns the members of a list that is separated by colons, in lower case and
// without the blanks around them.
func words(value string) []string {
	members := strings.Split(value, ":")
	for i, member := range members {
		members[i] = lowerASCII(trimBlanks(member))
	}
	return members
}

// decodeBase64 decodes base64 data, which may have blanks and folds anywhere.
func decodeBase64(value string) ([]byte, bool) {
	data, err := base64.StdEncoding.DecodeString(withoutBlanks(value))
	return data, err == nil && len(data) > 0
}

// decodeQuotedPrintable decodes dkim-quoted-printable text without blanks (RFC 6376,
// section 2.11). An equals sign without two hexadecimal digits after it stays,
// because few signers write it as =3D.
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

// blanks are the characters of FWS.
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

// lowerASCII returns s with the letters of ASCII in lower case. Other letters stay,
// because the lower case of some is ASCII (of the Kelvin sign it is k).
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
