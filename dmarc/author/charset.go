package author

import (
	"strings"
	"unicode/utf8"
)

// inCharset converts octets of a charset so far that ASCII characters can be read.
// Most charsets contain ASCII unchanged, and octets of no other character look like it.
// UTF-16 and UTF-32 add NUL octets, and UTF-7 has some of it in base64. In these and in
// charsets of East Asia an octet of another character may look like an @.
func inCharset(charset, octets string) string {
	charset, _, _ = strings.Cut(strings.ToLower(charset), "*") // a language (RFC 2231, section 5)
	charset = strings.ReplaceAll(strings.ReplaceAll(charset, "-", ""), "_", "")
	switch {
	case strings.HasPrefix(charset, "utf16"):
		return decodeUTF16(octets)
	case strings.HasPrefix(charset, "utf32"):
		return strings.ReplaceAll(octets, "\x00", "")
	case strings.Contains(charset, "utf7"): // also unicode-1-1-utf-7
		return decodeUTF7(octets)
	case strings.Contains(charset, "iso2022jp"), strings.HasPrefix(charset, "cp5022"):
		return decodeISO2022JP(octets)
	}
	switch charset {
	case "shiftjis", "sjis", "xsjis", "csshiftjis", "mskanji", "windows31j", "cswindows31j", "cp932", "ms932":
		return pairs{"\x81\x9f\xe0\xfc", "\x81\x81\x83\x84\x87\x87\x89\xea\xed\xee\xf0\xfc"}.decode(octets)
	case "big5", "big5hkscs", "cnbig5", "csbig5", "xxbig5", "cp950", "ms950":
		return pairs{"\x81\xfe", "\xa1\xc7\xc9\xf9"}.decode(octets)
	case "gb2312", "gb231280", "csgb2312", "euccn", "gbk", "xgbk", "gb18030", "cp936", "ms936":
		return pairs{"\x81\xfe", "\x81\xa0\xa8\xfe"}.decode(octets)
	}
	return octets
}

// other stands for characters that are not ASCII: one that may be a local part, and ends
// a domain.
const other = " \ufffd "

// pairs is a charset with ASCII and characters of two octets. The fields are ranges:
// the first and the last octet of each.
type pairs struct {
	leads string // the first octets of characters
	at    string // those of characters whose second octet is that of @
}

// decode returns octets without each @ that is a part of another character. An @ that is
// none stays: many programs show it after the octet that does not fit.
func (p pairs) decode(octets string) string {
	b := []byte(octets)
	for i := 0; i+1 < len(b); i++ {
		if !inRanges(b[i], p.leads) || b[i+1] < '@' || b[i+1] == 0x7f {
			continue
		}
		if i++; b[i] == '@' && inRanges(b[i-1], p.at) {
			b[i] = ' '
		}
	}
	return string(b)
}

func inRanges(c byte, ranges string) bool {
	for ; ranges != ""; ranges = ranges[2:] {
		if ranges[0] <= c && c <= ranges[1] {
			return true
		}
	}
	return false
}

// decodeISO2022JP returns the ASCII of a text in ISO-2022-JP (RFC 1468). Between an
// escape sequence for JIS X 0208 and one for another set are characters of two octets
// each, which look like ASCII. For some programs they also end with a line.
func decodeISO2022JP(octets string) string {
	const escape = "\x1b"
	var b strings.Builder
	shifted := false
	for octets != "" {
		length := 1
		switch {
		case strings.HasPrefix(octets, escape+"$B"), strings.HasPrefix(octets, escape+"$@"):
			length, shifted = 3, true
			b.WriteString(other)
		case strings.HasPrefix(octets, escape+"("):
			length, shifted = min(3, len(octets)), false
			b.WriteByte(' ')
		case octets[0] == '\n':
			shifted = false
			b.WriteByte(' ')
		case !shifted:
			b.WriteByte(octets[0])
		}
		octets = octets[length:]
	}
	return b.String()
}

// decodeUTF16 returns the ASCII of a text in UTF-16 of any byte order, with other for
// every other character.
func decodeUTF16(octets string) string {
	var b strings.Builder
	for i := 0; i+1 < len(octets); i += 2 {
		c := octets[i] | octets[i+1]
		if octets[i] != 0 && octets[i+1] != 0 || c >= utf8.RuneSelf {
			b.WriteString(other)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// decodeUTF7 returns the ASCII of a text in UTF-7 (RFC 2152). After a plus, up to a
// hyphen or another character that base64 does not have, it is UTF-16 in base64.
func decodeUTF7(text string) string {
	var b strings.Builder
	for {
		plain, rest, shifted := strings.Cut(text, "+")
		b.WriteString(plain)
		if !shifted {
			return b.String()
		}
		end := strings.IndexFunc(rest, isOutside)
		if end < 0 {
			end = len(rest)
		}
		b.WriteString(decodeUTF16(decodeB(rest[:end])))
		text = strings.TrimPrefix(rest[end:], "-")
	}
}
